"""Noise of other kinds, steps that refine, and guidance, against constant dropout.

    python benchmarks/other_diffusion.py --data ml-100k --root DIR [--seeds 0 1 2]

A training for each kind of noise on the histories, at the settings of the study of
diffusion with one step. Each is ranked in one pass; in two, the second of which reads
the best items of the first as well; and with what an empty history is told subtracted.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, get_args

from benchmark import Benchmark, Records, Table
from discrete_noise import register
from engines import load_graph
from rescoring import GuidedScorer, RefinedScorer, share_of_nothing
from study import ALONE, SHARED

from tvdiff_pyg import Settings, TVDiff
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import (
    MISSING,
    group_records,
    markdown_table,
    print_metric,
    print_number,
)
from tvdiff_pyg.grid.training_record import record_of_training
from tvdiff_pyg.machine import Device
from tvdiff_pyg.models import FactorScorer, TVDiffScorer
from tvdiff_pyg.study import Cell, Results, Verdict
from tvdiff_pyg.study.corrected import about_correction, correct
from tvdiff_pyg.study.results import results_of
from tvdiff_pyg.study.verdict import decide
from tvdiff_pyg.training import RunFolder

NAME, METRIC, NOTHING = "other_diffusion", "ndcg@20", "empty history"
PARTS: tuple[TaskName, ...] = get_args(TaskName)
BASE: dict[str, Any] = {**SHARED, **ALONE, "num_timesteps": 1}
PRESET = "dropout 0.5"


def _constant(rate: float) -> dict[str, Any]:
    return {"dropout": rate}


def _discrete(corruption: str, max_rate: float, dropout: float = 0.0) -> dict[str, Any]:
    noise = {"corruption": corruption, "max_rate": max_rate}
    return {"denoiser": "discrete", "dropout": dropout, **noise}


CONSTANT = {f"dropout {rate:g}": _constant(rate) for rate in (0.0, 0.25, 0.5, 0.75)}
MASKS = {
    "masks to 0.5": _discrete("masks", 0.5),
    "masks to 1": _discrete("masks", 1.0),
    "rescaled masks to 0.5": _discrete("rescaled masks", 0.5),
}
FLIPS, POPULAR = (
    {
        f"{kind} to {rate:g}{told}": _discrete(kind, rate, dropout)
        for dropout, told, rates in (
            (0.0, "", (0.5, 1.0)),
            (0.5, " beside dropout 0.5", (0.2, 0.5, 1.0)),
        )
        for rate in rates
    }
    for kind in ("flips", "popular flips")
)
NOISE: Mapping[str, Mapping[str, Any]] = {**CONSTANT, **MASKS, **FLIPS, **POPULAR}

ADDED, WEIGHTS, GUIDANCE = (5, 20), (0.1, 0.5), (-0.5, 0.5, 1.0, 2.0)
SECOND = {f"{added} at {one:g}": (added, one) for added in ADDED for one in WEIGHTS}
GUIDED = {f"guidance {one:g}": one for one in GUIDANCE}


def _of_each(noise: Sequence[str], rescored: Sequence[str]) -> list[str]:
    return [f"{one}, {other}" for one in noise for other in rescored]


# What is tried, and of what validation chooses.
TRIED: Mapping[str, Sequence[str]] = {
    "another constant dropout": [one for one in CONSTANT if one != PRESET],
    "masks, a rate of each row": [*MASKS],
    "flips, drawn evenly": [*FLIPS],
    "flips, drawn by popularity": [*POPULAR],
    "second pass, dropout 0.5": _of_each([PRESET], [*SECOND]),
    "second pass, masks": _of_each([*MASKS], [*SECOND]),
    "guidance, dropout 0.5": _of_each([PRESET], [*GUIDED]),
    "guidance, masks": _of_each([*MASKS], [*GUIDED]),
}


@dataclass(frozen=True)
class OtherDiffusion(Cell):
    """A training with one kind of noise, ranked in each of the ways."""

    def measure(self) -> Record:
        register()
        graph = load_graph(self)
        with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
            run = Path(folder) / "run"
            told = self.train(graph, run)
            model = RunFolder(run).model(graph).to("cpu")
        return {**record_of_training(told), "measures": rescored(model, graph)}


def rescored(model: TVDiff, graph: BipartiteGraph) -> Record:
    """Return NDCG@20 of both parts by each way to rank but a plain pass."""
    scorer = model.scorer(graph)
    assert isinstance(scorer, TVDiffScorer)
    ways: dict[str, FactorScorer] = {
        name: RefinedScorer(scorer, *chosen) for name, chosen in SECOND.items()
    }
    ways |= {name: GuidedScorer(scorer, one) for name, one in GUIDED.items()}
    tasks = [EvaluationTask.from_graph(graph, part) for part in PARTS]
    return {NOTHING: share_of_nothing(scorer)} | {
        name: {
            task.name: evaluate(way, task, ks=(20,), metrics=["ndcg"])[METRIC]
            for task in tasks
        }
        for name, way in ways.items()
    }


def cells(
    data: Sequence[str] = ("ml-100k", "lastfm"),
    noise: Sequence[str] = tuple(NOISE),
    seeds: Sequence[int] = (0, 1, 2),
    root: str = "data",
    device: Device = "auto",
) -> list[OtherDiffusion]:
    """Return a cell for each kind of noise, data set and seed.

    Args:
        data: Data sets.
        noise: Kinds of noise.
        seeds: Seeds.
        root: Folder of the data sets.
        device: Where to train.

    Raises:
        ValueError: If there is no such kind of noise.
    """
    register()
    for name in noise:
        if name not in NOISE:
            raise ValueError(f"'noise' needs to be one of {[*NOISE]} (got {name!r})")
    return [
        OtherDiffusion(
            NAME,
            one,
            name,
            Settings.preset("recommended", **BASE, **NOISE[name]),
            seed,
            root=root,
            device=device,
        )
        for one in data
        for seed in seeds
        for name in noise
    ]


def tried(records: Records) -> str:
    """What validation chooses of each thing tried, against the preset's dropout."""
    found = [
        (results, name, best, verdict)
        for results in results_of([*_by_way(records)])
        for name, candidates in TRIED.items()
        for best, verdict in _judge(results, name, candidates)
    ]
    verdicts = correct([verdict for *_, verdict in found])
    rows = [
        [
            results.data,
            "`standard`",
            name,
            best,
            results.quote(best, "validation_ndcg"),
            results.quote(best, "ndcg"),
            verdict.effect,
            MISSING if verdict.p_value is None else f"{verdict.p_value:.2g}",
            verdict.outcome,
        ]
        for (results, name, best, _), verdict in zip(found, verdicts, strict=True)
    ]
    header = ["Data", "Protocol", "Tried", "Chosen on validation", "Validation NDCG@20"]
    header += ["Test NDCG@20", f"Against {PRESET}", "p", "Ranks better"]
    return f"{markdown_table([header, *rows])}\n{about_correction(verdicts)}\n"


def _judge(
    results: Results, name: str, candidates: Sequence[str]
) -> Iterator[tuple[str, Verdict]]:
    """Compare what validation chooses of some candidates with the preset's dropout."""
    known = [one for one in candidates if one in results.variants]
    best = results.best(known)
    gap = None if best is None else results.difference("ndcg", best, PRESET)
    if best is not None and gap is not None:
        yield best, decide(results, name, "", [gap], known, "holds")


def _by_way(records: Records) -> Iterator[Record]:
    """Return a record for each training and each way to rank, as of a variant."""
    for record in records:
        measures = record["measures"]
        yield {**record, "measures": {}}
        for way in (*SECOND, *GUIDED):
            metrics = {part: {METRIC: value} for part, value in measures[way].items()}
            name = f"{record['variant']}, {way}"
            yield {**record, "variant": name, "measures": {}, "metrics": metrics}


def trained(records: Records) -> str:
    """What each kind of noise came to in one pass."""
    rows = [
        [
            *_place(group[0]),
            str(len(group)),
            print_metric([one["metrics"]["test"]["recall@20"] for one in group]),
            print_metric([one["metrics"]["test"][METRIC] for one in group]),
            print_metric([one["metrics"]["validation"][METRIC] for one in group]),
            f"{fmean(one['best_epoch'] for one in group):.0f}",
            f"{fmean(one['measures'][NOTHING] for one in group):.0%}",
        ]
        for group in group_records(records, _order)
    ]
    header = ["Data", "Protocol", "Noise", "Seeds", "Recall@20", "NDCG@20"]
    header += ["Validation NDCG@20", "Best epoch", "Empty history"]
    return markdown_table([header, *rows])


def ways(records: Records) -> str:
    """Test NDCG@20 of each way to rank, where validation chooses among them."""
    shown = [one for one in records if one["variant"] in (PRESET, *MASKS)]
    rows = [
        [
            *_place(group[0]),
            _mean(one["metrics"]["test"][METRIC] for one in group),
            *(
                _mean(one["measures"][way]["test"] for one in group)
                for way in (*SECOND, *GUIDED)
            ),
        ]
        for group in group_records(shown, _order)
    ]
    header = ["Data", "Protocol", "Noise", "One pass", *SECOND, *GUIDED]
    return markdown_table([header, *rows])


def _order(record: Record) -> tuple[str, int]:
    return record["data"], [*NOISE].index(record["variant"])


def _place(record: Record) -> tuple[str, str, str]:
    return record["data"], f"`{record['protocol']}`", record["variant"]


def _mean(values: Iterator[float]) -> str:
    return print_number(fmean(values))


BENCHMARK = Benchmark(
    NAME,
    cells,
    {
        "other-diffusion": Table(tried),
        "other-diffusion-noise": Table(trained),
        "other-diffusion-ways": Table(ways),
    },
)

if __name__ == "__main__":
    BENCHMARK.main()

"""Whether TV-Diff's lead falls as the graph becomes denser, as the paper has it.

    python benchmarks/density.py --data ml-100k [--seeds 0 1 2] [--root DIR]

A dense graph is thinned: each user keeps a half, a quarter or an eighth of the training
pairs, and the same validation and test pairs. At each density validation chooses EASE's
penalty, and whether EASE or LightGCN is to be beaten; all other settings are those of
the tables, untuned. Leads are compared across densities, and heights are not: the pairs
that are taken away are ranked, too, and count as misses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch
from ahead import BySeed, interval_of_share, share_ahead
from benchmark import Benchmark, Records, Table
from experiments import ALONE, DRAWS, MODELS, SEEDS, WIDE, settings_of
from ten_data_sets import RECOMMENDED, TRAINED

from tvdiff_pyg import BipartiteGraph, Settings
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import MISSING, group_records, markdown_table
from tvdiff_pyg.machine import Device
from tvdiff_pyg.significance import interval_ahead
from tvdiff_pyg.study import Cell, Difference, Results, Verdict, decide
from tvdiff_pyg.study.corrected import correct
from tvdiff_pyg.study.report import verdict_text
from tvdiff_pyg.study.results import MARGIN, results_of
from tvdiff_pyg.study.trained_cell import DRAWN

NAME, CLAIM = "density", "TV-Diff's lead falls as the graph becomes denser"
SHARES = (1.0, 0.5, 0.25, 0.125)
PENALTIES = (10, 30, 100, 300, 1000, 3000, 10000)
EASE = {f"ease {l2}": {"model": "ease", "l2": float(l2)} for l2 in PENALTIES}
LIGHTGCN, POPULARITY = "lightgcn", "popularity"
GRADIENT = (LIGHTGCN, "diffrec")
RIVALS = (*EASE, LIGHTGCN)


@dataclass(frozen=True)
class Thinned(Cell):
    """A training on a part of the training pairs.

    Args:
        share: The part.
    """

    share: float = 1.0

    def train(
        self, graph: BipartiteGraph, run: Path, callbacks: Sequence[Any] = ()
    ) -> Record:
        """Train on what is left."""
        return super().train(thinned(graph, self.share, self.seed), run, callbacks)


def thinned(graph: BipartiteGraph, share: float, seed: int) -> BipartiteGraph:
    """Keep a part of each user's training pairs, and all that is held out.

    What is kept at one share is kept at every larger one.

    Args:
        graph: The graph.
        share: The part, above 0, rounded up: nobody is left without a pair.
        seed: Seed of the draw.
    """
    pairs = graph.train_index
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(pairs.size(1), generator=generator)
    # Training pairs are sorted by user: so they are again, each user's in any order.
    order = order[pairs[0, order].argsort(stable=True)]
    degree = pairs[0].bincount(minlength=graph.num_users)
    place = torch.arange(order.numel()) - (degree.cumsum(0) - degree)[pairs[0]]
    kept = order[place < (share * degree[pairs[0]]).ceil()].sort().values
    return graph.with_parts(pairs[:, kept], graph.validation_index, graph.test_index)


def cells(
    data: Sequence[str] = ("ml-100k", "anime-5k-history"),
    shares: Sequence[float] = SHARES,
    seeds: Sequence[int] = SEEDS,
    root: str = "data",
    device: Device = "auto",
) -> list[Thinned]:
    """Return all models at each density, seed by seed.

    Args:
        data: Data sets.
        shares: Parts of the training pairs that are kept.
        seeds: Seeds.
        root: Folder of the data sets.
        device: Where to train.
    """
    further: dict[str, Any] = {"root": root, "device": device, "draws": DRAWS}
    return [
        Thinned(NAME, graph, name, settings, seed, share=share, **further)
        for graph in data
        for seed in seeds
        for share in shares
        for name, settings in models(graph).items()
    ]


def models(data: str) -> dict[str, Settings]:
    """Return what is trained at each density, by name.

    Args:
        data: The data set.
    """
    untuned = {name: settings_of(data, name, WIDE, MODELS[name]) for name in GRADIENT}
    given = {**TRAINED, **EASE, POPULARITY: {"model": POPULARITY}}
    return {name: Settings.over({}, **one) for name, one in given.items()} | untuned


@dataclass(frozen=True)
class Density:
    """What was measured on one graph at one density.

    Args:
        share: The part of the training pairs that was kept.
        records: The records.
    """

    share: float
    records: Records

    @cached_property
    def results(self) -> Results:
        """What is compared, as in a study."""
        (found,) = results_of(self.records)
        return found

    @property
    def rival(self) -> str | None:
        """What is to be beaten: the best on validation."""
        return self.results.best(RIVALS)

    @property
    def label(self) -> str:
        """The part, as a fraction."""
        return str(Fraction(self.share).limit_denominator(1000))

    def by_seed(self, variant: str | None) -> BySeed:
        """Return the records of a model."""
        return {one["seed"]: one for one in self.records if one["variant"] == variant}

    def of_graph(self, name: str) -> float:
        """Return a count of the graph, averaged over the seeds."""
        graphs = {one["seed"]: one["graph"] for one in self.records}
        return fmean(graph[name] for graph in graphs.values())


def densities(records: Records) -> dict[str, list[Density]]:
    """Part records by data set, then by density, the thinnest first."""
    return {
        group[0]["data"]: [
            Density(one[0]["conditions"]["share"], one)
            for one in group_records(group, lambda one: one["conditions"]["share"])
        ]
        for group in group_records(records, lambda one: one["data"])
    }


HEADER = [
    *("Data", "Kept", "Density", "Pairs a user", "Seeds"),
    *("TV-Diff alone", "Recommended", "EASE", "its penalty", *GRADIENT, POPULARITY),
    *("Best other", "Alone to it", "95% interval", "Recommended to it", "95% interval"),
]


def table(records: Records) -> str:
    """A line for each density: all models, and both leads over the best rival."""
    rows = [
        [data, *_row(one)]
        for data, found in densities(records).items()
        for one in found
    ]
    return markdown_table([HEADER, *rows])


def _row(one: Density) -> list[str]:
    results, rival = one.results, one.rival
    ease = results.best(list(EASE))
    users, items, pairs = (one.of_graph(name) for name in ("users", "items", "train"))
    seeds = len({record["seed"] for record in one.records})
    ours, leads = [one.by_seed(name) for name in (ALONE, RECOMMENDED)], []
    for model in ours:
        theirs = one.by_seed(rival)
        leads += [share_ahead(model, theirs, "test"), interval_of_share(model, theirs)]
    shown = (ALONE, RECOMMENDED, ease, *GRADIENT, POPULARITY)
    quoted = [results.quote(name, "ndcg") if name else MISSING for name in shown]
    quoted.insert(3, ease.split()[1] if ease else MISSING)
    place = [one.label, f"{pairs / (users * items):.2%}", f"{pairs / users:.1f}"]
    return [*place, str(seeds), *quoted, (rival or MISSING).split()[0], *leads]


def verdicts(records: Records) -> str:
    """Whether the lead of TV-Diff alone falls from the thinnest graph to the whole."""
    found = (verdict(each) for each in densities(records).values())
    return verdict_text(correct([one for one in found if one is not None]))


def verdict(found: Sequence[Density]) -> Verdict | None:
    """Compare the lead on the densest graph with that on the thinnest, seed by seed.

    Args:
        found: What was measured on one graph, the thinnest first.

    Returns:
        The verdict; none where no seed has both.
    """
    thin, whole = found[0], found[-1]
    before, after = _lead(thin), _lead(whole)
    seeds = [seed for seed in after if seed in before]
    if thin is whole or not seeds:
        return None
    thinnest, densest = ([one[seed] for seed in seeds] for one in (before, after))
    gap = Difference.of_seeds(densest, thinnest, MARGIN)
    # Whichever of the rivals had not converged may yet be the one to be beaten.
    open_cells = tuple(
        (f"{name} at {one.label}", seed)
        for one in (thin, whole)
        for name, seed in one.results.unconverged((ALONE, *RIVALS))
    )
    gap = replace(gap, less=True, unconverged=open_cells)
    told = f"{_leads(found)} {_over_users(thin, whole)}"
    return decide(whole.results, CLAIM, told, [gap])


def _leads(found: Sequence[Density]) -> str:
    each = (
        f"{share_ahead(one.by_seed(ALONE), one.by_seed(one.rival), 'test')} to "
        f"{one.rival} at {one.label}"
        for one in found
    )
    return f"Lead of TV-Diff alone by the share of pairs kept: {', '.join(each)}."


def _lead(one: Density) -> Mapping[int, float]:
    """Return the ratio of TV-Diff alone to the best rival, by seed."""
    ours, theirs = (
        one.results.by_seed(name, "ndcg") for name in (ALONE, one.rival or "")
    )
    return {seed: ours[seed] / theirs[seed] for seed in ours if seed in theirs}


def _over_users(thin: Density, whole: Density) -> str:
    """Say what the change of the lead is if test users are drawn anew, too."""
    ratios = [_drawn(one) for one in (whole, thin)]
    seeds = [seed for seed in ratios[0] if seed in ratios[1]]
    low, high = interval_ahead(*([one[seed] for seed in seeds] for one in ratios))
    return f"Test users drawn anew as well, it changes by {low:+.1%} to {high:+.1%}."


def _drawn(one: Density) -> Mapping[int, Any]:
    """Return that ratio in each draw of the test users, by seed."""
    ours, theirs = (one.by_seed(name) for name in (ALONE, one.rival))
    return {
        seed: np.divide(ours[seed]["draws"][DRAWN], theirs[seed]["draws"][DRAWN])
        for seed in ours
        if seed in theirs
    }


BENCHMARK = Benchmark(
    NAME, cells, {"density": Table(table), "density-verdicts": Table(verdicts)}
)

if __name__ == "__main__":
    BENCHMARK.main()

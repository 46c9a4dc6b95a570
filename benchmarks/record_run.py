"""Keep the result of a run folder as a record.

tvdiff fit --preset lastfm --data lastfm --protocol paper --run runs/lastfm-paper
python benchmarks/record_run.py runs/lastfm-paper
"""

import csv
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean
from typing import Literal

from benchmark import DATA, Benchmark, Records, Table
from run_cell import RunCell

from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import group_records, markdown_table
from tvdiff_pyg.grid.training_record import record_of_training
from tvdiff_pyg.study.published import VIEWS
from tvdiff_pyg.training import RunFolder

# The learning rate of the runs that compare engines, where their name says no other.
USUAL_RATE = 0.003
# Recall@20 and NDCG@20 of TV-Diff in the paper (arXiv 2511.20122, protocol `paper`).
PUBLISHED = {data: views["I+II+III"] for data, views in VIEWS.items()}


@dataclass(frozen=True)
class FinishedRun(RunCell):
    """What a run folder says.

    Args:
        note: What a reader has to know about the run.
    """

    note: str = field(default="", compare=False)

    def measure(self) -> Record:
        told = self.folder.metrics()
        if not self.folder.is_finished():
            raise ValueError(f"'run' needs to be finished (got {self.folder.path})")
        found = record_of_training(told)
        found["curve"] = curve(self.folder, told["selected_on"])
        return found | ({"note": self.note} if self.note else {})


def curve(folder: RunFolder, part: str) -> list[dict[str, float]]:
    """Return epoch, Recall@20 and NDCG@20 of each check, from the run's own log."""
    rows = []
    for log in sorted(Path(folder.path).glob("logs/**/metrics.csv")):
        with log.open() as lines:
            rows += [row for row in csv.DictReader(lines) if row[f"{part}/ndcg@20"]]
    return [
        {
            "epoch": int(row["epoch"]) + 1,
            "recall@20": round(float(row[f"{part}/recall@20"]), 5),
            "ndcg@20": round(float(row[f"{part}/ndcg@20"]), 5),
        }
        for row in rows
    ]


def cells(
    run: str,
    /,
    experiment: Literal["runs", "engine_quality"] = "runs",
    note: str = "",
) -> list[FinishedRun]:
    """Return the cell of the run.

    Args:
        run: Folder of the run.
        experiment: The table that it belongs to.
        note: What a reader has to know about this run.
    """
    return [FinishedRun.of(experiment, run, note=note)]


def runs_table(records: Records) -> str:
    """The README's table: data sets in the paper's order, `paper` first."""
    kept = [record for record in records if record["data"] in PUBLISHED]
    kept.sort(key=lambda record: (DATA.index(record["data"]), record["protocol"]))
    header = "Data,Protocol,Recall@20,NDCG@20,Published,Best epoch,Training,Memory"
    return markdown_table([header.split(","), *map(_run_cells, kept)])


def _run_cells(record: Record) -> list[str]:
    test = record["metrics"]["test"]
    recall, ndcg = PUBLISHED[record["data"]]
    published = f"{recall:.4f} / {ndcg:.4f}" if record["protocol"] == "paper" else "–"
    return [
        record["data"],
        f"`{record['protocol']}`",
        f"{test['recall@20']:.4f}",
        f"{test['ndcg@20']:.4f}",
        published,
        f"{record['best_epoch']} of {record['epochs']}",
        f"{record['seconds']['fit'] / 60:.0f} min",
        f"{record['memory_mb']['peak'] / 1024:.1f} GB",
    ]


def engine_table(records: Records) -> str:
    """What approximations cost in ranking quality, in the mean over seeds."""

    def place(record: Record) -> tuple[str, str]:
        return record["data"], _engine_name(record["settings"])

    rows = [
        [
            *place(group[0]),
            str(len(group)),
            _both(group, "validation"),
            _both(group, "test"),
            ", ".join(f"{one['best_epoch']} of {one['epochs']}" for one in group),
        ]
        for group in group_records(records, place)
    ]
    header = ["Data", "Engine", "Seeds", "Validation", "Test", "Best epochs"]
    return markdown_table([header, *rows])


def _both(group: Records, part: str) -> str:
    """Print Recall@20 and NDCG@20 of a part."""
    found = [record["metrics"][part] for record in group]
    means = (fmean(one[name] for one in found) for name in ("recall@20", "ndcg@20"))
    return " / ".join(f"{mean:.4f}" for mean in means)


def _engine_name(settings: Record) -> str:
    layers = settings.get("num_layers", 1)
    return _reading(settings) + (f", {layers} layers" if layers > 1 else "")


def _reading(settings: Record) -> str:
    if settings["engine"] == "sampled":
        cap = settings["num_neighbors"]
        name = f"sampled, {'all' if cap == -1 else cap} neighbours"
        name += f", pool of {settings['num_pool']:,}"
        every = settings.get("refresh_every", 0)
        name += f", all neighbours summed every {every} steps" if every else ""
        rate = settings["learning_rate"]
        name += f", learning rate {rate}" if rate != USUAL_RATE else ""
        return name + (", row-sparse" if settings["sparse_grad"] else "")
    name = "exact" if settings["precision"] == "32-true" else "exact, bfloat16"
    items = settings["num_noise_items"]
    return name if items is None else f"{name}, noise from {items:,} items"


BENCHMARK = Benchmark(
    "runs",
    cells,
    {
        "runs": Table(runs_table),
        "engine-quality": Table(engine_table, "engine_quality"),
    },
)

if __name__ == "__main__":
    BENCHMARK.main()

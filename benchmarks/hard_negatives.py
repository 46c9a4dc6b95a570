"""What hard negatives cost a training step, and their selection by partition.

    python benchmarks/hard_negatives.py --root DIR

For each data set, at its published settings but for the width: the best items of the
rows of one step, by ``torch.topk`` and by the partition that AR-GSP accepts with; and a
training step with uniform negatives and with hard ones. Medians after a warm-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from benchmark import DATA, Benchmark, DataName, Records, Table, by_data
from clock import timed
from engines import load_graph
from training_step import training_step

from tvdiff_pyg import Settings
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.negatives.best_items import best_items
from tvdiff_pyg.study.carry_out import base_settings

# Rows that are scored at once; a step goes through several such blocks.
NUM_ROWS = 512


@dataclass(frozen=True)
class HardNegatives(GridCell):
    """Both selections and both steps on one data set.

    Args:
        repeats: Times that each side is timed.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    repeats: int = 5

    def measure(self) -> Record:
        graph, settings = load_graph(self), self.settings
        accepted = int(settings["accept_ratio"] * graph.num_items)
        score = torch.rand(NUM_ROWS, graph.num_items)
        sides = {
            "topk": lambda: score.topk(accepted, dim=1, sorted=False),
            "partition": lambda: best_items(score, accepted),
            "uniform": training_step(graph, settings.but(negatives="uniform")),
            "hard": training_step(graph, settings),
        }
        return {
            "graph": graph.counts(),
            "measures": {"num_accepted": accepted, "num_rows": NUM_ROWS},
            "seconds": timed(sides, self.repeats),
        }


def cells(
    data: Sequence[DataName] = DATA,
    root: str = "data",
    hidden_channels: int = 64,
    repeats: int = 5,
) -> list[HardNegatives]:
    """Return a cell for each data set.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        hidden_channels: Width.
        repeats: Times that each side is timed.
    """
    return [
        HardNegatives(
            "hard_negatives",
            name,
            settings=Settings.over(
                base_settings(name, None, {"hidden_channels": hidden_channels}),
                negatives="hard",
            ),
            root=root,
            device="cpu",
            repeats=repeats,
        )
        for name in data
    ]


def table(records: Records) -> str:
    """What hard negatives cost, and what the partition saves of it."""
    rows = []
    for record in by_data(records):
        seconds, found = record["seconds"], record["measures"]
        per_row = 1e6 / found["num_rows"]
        rows.append(
            [
                record["data"],
                f"{found['num_accepted']:,} of {record['graph']['items']:,}",
                f"{seconds['topk'] * per_row:.0f} µs",
                f"{seconds['partition'] * per_row:.0f} µs",
                f"{seconds['topk'] / seconds['partition']:.1f}",
                print_seconds(seconds["uniform"]),
                print_seconds(seconds["hard"]),
            ]
        )
    header = "Data,Accepted,`torch.topk`,Partition,Ratio,Step: uniform,Step: hard"
    return markdown_table([header.split(","), *rows])


BENCHMARK = Benchmark("hard_negatives", cells, {"hard-negatives": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

"""What the parts of the preset ``recommended`` cost.

    python benchmarks/preset.py --root DIR

For each data set: a training step with exact noise and with the preset's, which is
drawn from random items; fitting the linear model; a block of its scores, by a sum over
all products of entries and as it is computed; and ranking the validation part by the
denoiser alone and by both. Medians after a warm-up.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from benchmark import DATA, Benchmark, DataName, Records, Table, by_data
from clock import Sides, timed
from engines import load_graph
from training_step import training_step

from tvdiff_pyg import Settings
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.models import Blend, LocalEASE
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse import BipartiteAdjacency, csr_rows, sparse_product
from tvdiff_pyg.sparse.products import product_by_steps


@dataclass(frozen=True)
class PresetParts(GridCell):
    """All parts of the preset on one data set.

    Args:
        repeats: Times that each part is timed.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    repeats: int = 3

    def measure(self) -> Record:
        graph, settings = load_graph(self), self.settings
        exact = settings.but(num_noise_items=None)
        size = graph.num_users, graph.num_items
        blend = settings.model.build(*size).eval()
        assert isinstance(blend, Blend)
        model, chosen = blend.model, blend.linear.config
        adjacency = model.adjacency(graph.train_index)
        linear = blend.linear.fit(adjacency)
        task = EvaluationTask.from_graph(graph, "validation")
        sides = {
            "step, exact noise": training_step(graph, exact),
            "step": training_step(graph, settings),
            "fit": lambda: LocalEASE.from_config(chosen, *size).fit(adjacency),
            "rank alone": lambda: evaluate(model.scorer(adjacency), task),
            "rank": lambda: evaluate(blend.scorer(adjacency), task),
            **block_of_scores(adjacency, linear),
        }
        return {
            "measures": {"num_ranked": task.user.numel()},
            "seconds": timed(sides, self.repeats),
        }


def cells(
    data: Sequence[DataName] = DATA, root: str = "data", repeats: int = 3
) -> list[PresetParts]:
    """Return a cell for each data set.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        repeats: Times that each part is timed.
    """
    settings = Settings.preset("recommended")
    return [
        PresetParts(
            "preset", name, "", settings, root=root, device="cpu", repeats=repeats
        )
        for name in data
    ]


def block_of_scores(adjacency: BipartiteAdjacency, linear: LocalEASE) -> Sides:
    """Return both ways to multiply the first histories by the weights."""
    assert linear.weight is not None
    users = adjacency.user_rows.with_value(None)
    block = torch.arange(min(BLOCK_ENTRIES // users.num_cols, users.num_rows))
    sides = users.select(block), csr_rows(linear.weight).transpose()
    return {
        "product by steps": lambda: product_by_steps(*sides),
        "product": lambda: sparse_product(*sides),
    }


def table(records: Records) -> str:
    """What the parts of the recommended preset cost."""
    parts = {
        "Step, exact noise": "step, exact noise",
        "Step": "step",
        "Linear model": "fit",
        "Its scores, by steps": "product by steps",
        "Its scores": "product",
        "Ranking alone": "rank alone",
        "Ranking": "rank",
    }
    rows = [
        [record["data"], *(print_seconds(record["seconds"][p]) for p in parts.values())]
        for record in by_data(records)
    ]
    return markdown_table([["Data", *parts], *rows])


BENCHMARK = Benchmark("preset", cells, {"preset": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

"""How many of the negatives that are drawn are what the user meets later.

    python benchmarks/false_negatives.py --data lastfm amazon-beauty --root DIR

One training with hard negatives on each data set. Its best epoch then scores all users,
and as many negatives as each has interactions are drawn for them: uniformly, and by
AR-GSP with several accepted shares and decays, at the first timestep and at the last. A
drawn item that is held out for validation or test is a false negative.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import torch
from benchmark import Benchmark, DataName, Records, Table
from engines import load_graph
from experiments import NARROW, settings_of
from torch import Tensor

from tvdiff_pyg import BipartiteGraph, TVDiff
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import group_records, markdown_table
from tvdiff_pyg.machine import Device
from tvdiff_pyg.negatives import (
    ARGumbelSampler,
    NegativeSampler,
    UniformNegativeSampler,
)
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.study import Cell
from tvdiff_pyg.training import RunFolder

NAME, UNIFORM = "false_negatives", "uniform"
RATIOS, DECAYS = (0.02, 0.05, 0.1, 0.2), (0.0, 3.0)
ENDS = "first", "last"


@dataclass(frozen=True)
class FalseNegatives(Cell):
    """One training, whose scores all samplers draw by."""

    def measure(self) -> Record:
        graph = load_graph(self)
        with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
            run = Path(folder) / "run"
            self.train(graph, run)
            model = RunFolder(run).model(graph).to("cpu")
        drawer = Drawer(model, graph, self.seed)
        steps = model.diffusion.num_timesteps
        measures: Record = {UNIFORM: drawer.share(UniformNegativeSampler(), 0)}
        for ratio in RATIOS:
            for decay in DECAYS:
                sampler = ARGumbelSampler(steps, ratio, decay)
                measures[f"{ratio} {decay}"] = {
                    at: drawer.share(sampler, timestep)
                    for at, timestep in zip(ENDS, (0, steps - 1), strict=True)
                }
        return {"graph": graph.counts(), "measures": measures}


class Drawer:
    """Draws for all users, and tells what of it is held out.

    Args:
        model: The trained model.
        graph: What it was trained on, and what is held out.
        seed: Seed of what is drawn.
    """

    def __init__(self, model: TVDiff, graph: BipartiteGraph, seed: int) -> None:
        adjacency = model.adjacency(graph.train_index)
        self._known = adjacency.user_rows.with_value(None)
        with torch.no_grad():
            self._factors = model(adjacency)
        held_out = torch.cat([graph.validation_index, graph.test_index], dim=1)
        self._num_items = graph.num_items
        self._held_out = self._number(*held_out).unique()
        self._seed = seed

    def share(self, sampler: NegativeSampler, timestep: int) -> float:
        """Return the share of false negatives, at a timestep.

        Args:
            sampler: Draws the negatives.
            timestep: The timestep.
        """
        generator = torch.Generator().manual_seed(self._seed)
        wanted = self._known.degree()
        drawn = false = 0
        for users in torch.arange(self._known.num_rows).split(512):
            rows: CSR = sampler(
                self._known.select(users),
                wanted[users],
                self._factors[0][users],
                self._factors[1],
                torch.full_like(users, timestep),
                generator,
            )
            number = self._number(users[rows.row()], rows.col)
            drawn += number.numel()
            false += int(torch.isin(number, self._held_out).sum())
        return false / max(drawn, 1)

    def _number(self, user: Tensor, item: Tensor) -> Tensor:
        return user * self._num_items + item


def cells(
    data: Sequence[DataName] = ("lastfm", "amazon-beauty"),
    seeds: Sequence[int] = (0,),
    root: str = "data",
    device: Device = "auto",
) -> list[FalseNegatives]:
    """Return a cell for each data set and seed.

    Args:
        data: Data sets.
        seeds: Seeds.
        root: Folder of the data sets.
        device: Where to train.
    """
    return [
        FalseNegatives(
            NAME,
            name,
            "",
            settings_of(name, "hard", NARROW, {"negatives": "hard"}),
            seed=seed,
            root=root,
            device=device,
        )
        for name in data
        for seed in seeds
    ]


def table(records: Records) -> str:
    """The share of false negatives, and how many times that of uniform ones it is."""
    rows = []
    for group in group_records(records, lambda one: one["data"]):
        found = [one["measures"] for one in group]
        uniform = fmean(one[UNIFORM] for one in found)
        rows.append(
            [group[0]["data"], UNIFORM, "–", f"{uniform:.2%}", f"{uniform:.2%}"]
        )
        for name in found[0]:
            if name != UNIFORM:
                shares = (fmean(one[name][at] for one in found) for at in ENDS)
                told = (f"{one:.2%} ({one / uniform:.0f} x)" for one in shares)
                rows.append([group[0]["data"], *name.split(), *told])
    header = ["Data", "Accepted", "Decay", "First timestep", "Last timestep"]
    return markdown_table([header, *rows])


BENCHMARK = Benchmark(NAME, cells, {"false-negatives": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

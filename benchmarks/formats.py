"""What a step of the layers takes in each of PyG's formats, beside PyG's own layers.

    python benchmarks/formats.py

Forward and backward, on one synthetic graph, all in turn in one process: the denoiser
(both towers), the operator alone, and PyG's ``SAGEConv`` (with its two matrices) and
``LGConv`` (on the square graph of both sides) at the same width. ``prepared`` is what
training reads: rows that were sorted and weighed once. Then the step on plain pairs,
with and without the checks of their indices. Medians after a warm-up of the time that
the process has computed, whatever else the machine does.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar
from unittest.mock import patch

import torch
from benchmark import Benchmark, Records, Table
from clock import timed
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.nn import LGConv, SAGEConv
from torch_geometric.typing import WITH_TORCH_SPARSE, Adj, SparseTensor

from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table
from tvdiff_pyg.nn import AnisotropicDenoiser, BipartiteConv
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, checks

Run = Callable[[], object]
LAYERS = ("denoiser", "BipartiteConv", "SAGEConv", "LGConv")


@dataclass(frozen=True)
class Formats(GridCell):
    """All layers in all formats.

    Args:
        num_users: Users.
        num_items: Items.
        num_edges: Interactions, drawn at random; a few less are different.
        channels: Width.
        repeats: Times that each is timed.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    num_users: int = 6000
    num_items: int = 4000
    num_edges: int = 200_000
    channels: int = 64
    repeats: int = 15

    def measure(self) -> Record:
        torch.manual_seed(self.seed)
        size = self.num_users, self.num_items
        key = torch.randint(size[0] * size[1], (self.num_edges,)).unique()
        key = key[torch.randperm(key.numel())]
        pairs = torch.stack([key // size[1], key % size[1]])
        sides = {
            f"{layer}, {name}": run
            for name, adj in formats(pairs, size).items()
            for layer, run in self.layers(adj).items()
        }
        for name, adj in formats(square(pairs, size), (sum(size), sum(size))).items():
            if name != "torch.sparse_csc":  # which PyG does not normalise
                sides[f"LGConv, {name}"] = self.light(adj)
        sides["denoiser, prepared"] = self.prepared(pairs)
        seconds = timed(sides, self.repeats, clock=time.process_time)
        run = self.layers(pairs)["denoiser"]
        both = {"checked": run, "unchecked": lambda: unchecked(run)}
        # They differ by little: it takes more of them to see it.
        seconds |= timed(both, 40 * self.repeats, clock=time.process_time)
        return {"measures": {"edges": pairs.size(1)}, "seconds": seconds}

    def layers(self, adj: Adj) -> dict[str, Run]:
        """Return a step of each layer that takes a format."""
        size = self.num_users, self.num_items
        denoiser = AnisotropicDenoiser(*size, self.channels).eval()
        timestep, x = torch.zeros(size[0], dtype=torch.long), self.vectors()
        conv, sage = BipartiteConv(), SAGEConv(self.channels, self.channels)
        return {
            "denoiser": step(lambda: denoiser(adj, timestep)),
            "BipartiteConv": step(lambda: (conv((x[0], None), adj, size=size),)),
            "SAGEConv": step(lambda: (sage((x[0], x[1]), adj, size=size),)),
        }

    def light(self, adj: Adj) -> Run:
        """Return a step of PyG's ``LGConv`` on one graph of users and items."""
        x, conv = torch.cat(self.vectors()).detach().requires_grad_(), LGConv()
        return step(lambda: (conv(x, adj),))

    def prepared(self, pairs: Tensor) -> Run:
        """Return a step of the denoiser on rows that were sorted and weighed once."""
        size = self.num_users, self.num_items
        denoiser = AnisotropicDenoiser(*size, self.channels).eval()
        timestep = torch.zeros(size[0], dtype=torch.long)
        adjacency = BipartiteAdjacency.from_edge_index(pairs, size)
        rows = adjacency.item_rows

        def towers() -> tuple[Tensor, ...]:
            hidden = denoiser.project(adjacency.user_rows)
            user_factor = denoiser.user_factor(hidden, timestep)
            return user_factor, denoiser.item_factor(rows, rows.value)

        return step(towers)

    def vectors(self) -> list[Tensor]:
        return [
            torch.randn(count, self.channels, requires_grad=True)
            for count in (self.num_users, self.num_items)
        ]


def unchecked(run: Run) -> None:
    """Take all ids to be in range."""
    with patch.object(checks, "_highest", lambda index: 0):
        run()


def square(pairs: Tensor, size: tuple[int, int]) -> Tensor:
    """Return both directions as the edges of one graph: users, then items."""
    there = torch.stack([pairs[0], pairs[1] + size[0]])
    return torch.cat([there, there.flip(0)], dim=1)


def formats(pairs: Tensor, size: tuple[int, int]) -> dict[str, Adj]:
    """Return one graph in each format."""
    rows = CSR.from_edge_index(pairs.flip(0), size[::-1])
    by_item = torch.stack([rows.col, rows.row()])
    index, one = by_item.flip(0), torch.ones(rows.nnz)
    coo = torch.sparse_coo_tensor(index, one, size[::-1], is_coalesced=True)
    sorted_by_col = EdgeIndex(by_item, sparse_size=size, sort_order="col")
    out = {
        "edge_index": pairs,
        "EdgeIndex": sorted_by_col.fill_cache_(),
        "torch.sparse_coo": coo,
        "torch.sparse_csr": coo.to_sparse_csr(),
        "torch.sparse_csc": coo.to_sparse_csc(),
    }
    if WITH_TORCH_SPARSE:
        shape = size[::-1]
        out["SparseTensor"] = SparseTensor(
            row=index[0], col=index[1], sparse_sizes=shape
        )
    return out


def step(forward: Callable[[], tuple[Tensor, ...]]) -> Run:
    """Return a forward and a backward pass."""

    def run() -> None:
        torch.stack([out.sum() for out in forward()]).sum().backward()

    return run


def cells(
    num_users: int = 6000,
    num_items: int = 4000,
    num_edges: int = 200_000,
    channels: Sequence[int] = (64,),
    repeats: int = 15,
) -> list[Formats]:
    """Return a cell for each width.

    Args:
        num_users: Users.
        num_items: Items.
        num_edges: Interactions.
        channels: Widths.
        repeats: Times that each is timed.
    """
    shape = num_users, num_items, num_edges
    return [
        Formats(
            "formats", "drawn", "", None, 0, None, "data", "cpu", *shape, width, repeats
        )
        for width in channels
    ]


def table(records: Records) -> str:
    """Milliseconds of a forward and a backward pass, and shares of a prepared one."""
    rows = []
    for record in records:
        seconds = record["seconds"]
        names = dict.fromkeys(name.partition(", ")[2] for name in seconds)
        for name in filter(None, names):
            own = [seconds.get(f"{layer}, {name}") for layer in LAYERS]
            times = own[0] / seconds["denoiser, prepared"]
            rows.append([name, f"{times:.1f}", *map(_milliseconds, own)])
        share = 1 - seconds["unchecked"] / seconds["checked"]
        rows.append(["checks of edge_index", "", f"{share:+.1%}", "", "", ""])
    return markdown_table([["Format", "× prepared", *LAYERS], *rows])


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "–"
    value *= 1000
    return f"{value:.{0 if value >= 10 else 2}f} ms"


BENCHMARK = Benchmark("formats", cells, {"formats": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

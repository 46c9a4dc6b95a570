"""What row-sparse updates are worth: dense Adam against LazyAdam, side by side.

    python benchmarks/lazy_adam.py

A sampled step, forward, backward and update, on a synthetic graph of a million users
and 200,000 items, at two batch sizes. Medians after a warm-up.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import torch
from records import RESULTS, append_record, hardware
from speed import timed

from tvdiff_pyg import BipartiteGraph, TVDiff
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.training import LazyAdam
from tvdiff_pyg.training.run_folder import versions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch-size", type=int, nargs="+", default=[256, 2048])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--file", type=Path, default=RESULTS / "lazy_adam.jsonl")
    options = parser.parse_args()
    graph = SyntheticBipartite(
        1_000_000, 200_000, 10_000_000, validation_ratio=0, test_ratio=0
    )[0]
    for batch_size in options.batch_size:
        sides = {
            name: sampled_step(graph, batch_size, sparse)
            for name, sparse in (("dense", False), ("lazy", True))
        }
        record = {
            "batch": f"{batch_size:,} of 1,000,000 users",
            "seconds": timed(sides, options.repeats),
            "hardware": hardware(),
            "versions": versions(),
        }
        append_record(options.file, record)
        print(record["batch"], record["seconds"], flush=True)


def sampled_step(
    graph: BipartiteGraph, batch_size: int, sparse: bool
) -> Callable[[], None]:
    """Return one step with a batch that is sampled beforehand."""
    torch.manual_seed(0)
    size = graph.num_users, graph.num_items
    model = TVDiff(*size, entropy_type="bce", sparse_grad=sparse)
    adjacency = model.adjacency(graph.train_index)
    users = torch.arange(graph.num_users)
    loader = neighbor_loader(
        adjacency, users, 16, 2048, batch_size=batch_size, shuffle=True
    )
    batch = next(iter(loader))
    optimizer: torch.optim.Optimizer = (
        LazyAdam(model.parameters())
        if sparse
        else torch.optim.Adam(model.parameters(), fused=True)
    )

    def step() -> None:
        optimizer.zero_grad()
        model.sampled_loss(adjacency, batch).free_energy.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()

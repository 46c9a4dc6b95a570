"""What hard negatives cost a training step, and their selection by partition.

    python benchmarks/hard_negatives.py --root DIR

For each data set, at its published settings but for the width: the best items of the
rows of one step, by ``torch.topk`` and by the partition that AR-GSP accepts with; and a
training step with uniform negatives and with hard ones. Medians after a warm-up.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from experiments import DATA
from records import RESULTS, append_record, hardware
from speed import timed

from tvdiff_pyg import BipartiteGraph, Settings, TVDiff
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.negatives.best_items import best_items
from tvdiff_pyg.training.run_folder import versions

# Rows that are scored at once; a step goes through several such blocks.
NUM_ROWS = 512


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--hidden-channels", type=int, default=64)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--file", type=Path, default=RESULTS / "hard_negatives.jsonl")
    options = parser.parse_args()
    for data in options.data:
        record = measure(data, options)
        append_record(options.file, record)
        print(data, record["seconds"], flush=True)


def measure(data: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time both selections and both steps on one data set."""
    graph = load_data(DataOptions(data, root=options.root))
    settings = Settings.preset(data, hidden_channels=options.hidden_channels)
    accepted = int(settings.accept_ratio * graph.num_items)
    score = torch.rand(NUM_ROWS, graph.num_items)
    sides = {
        "topk": lambda: score.topk(accepted, dim=1, sorted=False),
        "partition": lambda: best_items(score, accepted),
        "uniform": training_step(graph, replace(settings, negatives="uniform")),
        "hard": training_step(graph, replace(settings, negatives="hard")),
    }
    return {
        "data": data,
        "hidden_channels": options.hidden_channels,
        "num_items": graph.num_items,
        "num_accepted": accepted,
        "num_rows": NUM_ROWS,
        "batch_size": settings.batch_size,
        "seconds": timed(sides, options.repeats),
        "hardware": hardware(),
        "versions": versions(),
    }


def training_step(graph: BipartiteGraph, settings: Settings) -> Callable[[], None]:
    """Return one step, of interactions or users as the settings have it."""
    torch.manual_seed(0)
    model = TVDiff(graph.num_users, graph.num_items, **settings.model_kwargs())
    adjacency = model.adjacency(graph.train_index)
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    batch = torch.randperm(graph.num_users)[: settings.batch_size], None
    if settings.over_interactions:
        drawn = torch.randint(graph.train_index.size(1), (settings.batch_size,))
        batch = tuple(graph.train_index[:, drawn])

    def step() -> None:
        optimizer.zero_grad()
        model.training_loss(adjacency, *batch).free_energy.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    main()

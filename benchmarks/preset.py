"""What the parts of the preset ``recommended`` cost.

    python benchmarks/preset.py --root DIR

For each data set: a training step with exact noise and with the preset's, which is
drawn from random items; fitting the linear model; a block of its scores, by a sum over
all products of entries and as it is computed; and ranking the validation part by the
denoiser alone and by both. Medians after a warm-up.
"""

import argparse
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from experiments import DATA
from hard_negatives import training_step
from records import RESULTS, append_record, hardware
from speed import timed

from tvdiff_pyg import Settings, TVDiff
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import LinearBlend, LocalEASE
from tvdiff_pyg.ranking.history import BLOCK_ENTRIES
from tvdiff_pyg.sparse import BipartiteAdjacency, csr_rows, sparse_product
from tvdiff_pyg.sparse.products import product_by_steps
from tvdiff_pyg.training.run_folder import versions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--file", type=Path, default=RESULTS / "preset.jsonl")
    options = parser.parse_args()
    for data in options.data:
        record = measure(data, options)
        append_record(options.file, record)
        print(data, record["seconds"], flush=True)


def measure(data: str, options: argparse.Namespace) -> dict[str, Any]:
    """Time all parts on one data set."""
    graph = load_data(DataOptions(data, root=options.root))
    settings = Settings.preset("recommended")
    exact = replace(settings, num_noise_items=None)
    model = TVDiff(graph.num_users, graph.num_items, **settings.model_kwargs()).eval()
    adjacency = model.adjacency(graph.train_index)
    linear = LocalEASE(settings.linear_neighbors, settings.linear_l2)
    linear.fit(adjacency)
    blend = LinearBlend(model, linear, settings.linear_share).eval()
    task = EvaluationTask.from_graph(graph, "validation")
    sides = {
        "step, exact noise": training_step(graph, exact),
        "step": training_step(graph, settings),
        "fit": lambda: LocalEASE(linear.num_neighbors, linear.l2).fit(adjacency),
        "rank alone": lambda: evaluate(model, adjacency, task),
        "rank": lambda: evaluate(blend, adjacency, task),
        **block_of_scores(adjacency, linear),
    }
    return {
        "data": data,
        "hidden_channels": settings.hidden_channels,
        "num_noise_items": settings.num_noise_items,
        "num_ranked": task.user.numel(),
        "seconds": timed(sides, options.repeats),
        "hardware": hardware(),
        "versions": versions(),
    }


def block_of_scores(
    adjacency: BipartiteAdjacency, linear: LocalEASE
) -> dict[str, Callable[[], torch.Tensor]]:
    """Return both ways to multiply the first histories by the weights."""
    assert linear.weight is not None
    users = adjacency.user_rows.with_value(None)
    block = torch.arange(min(BLOCK_ENTRIES // users.num_cols, users.num_rows))
    sides = users.select(block), csr_rows(linear.weight).transpose()
    return {
        "product by steps": lambda: product_by_steps(*sides),
        "product": lambda: sparse_product(*sides),
    }


if __name__ == "__main__":
    main()

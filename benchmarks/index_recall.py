"""The item index against exact ranking: seconds side by side, and its Recall@20.

All users of a trained run are ranked, without the items that they have seen. Both
sides are timed in this one process, in turn, with the same number of threads:

    python benchmarks/index_recall.py runs/gowalla

The recall is the share of the exact top 20 that the index finds.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import faiss
import torch
from records import RESULTS, append_record, hardware
from torch import Tensor

from tvdiff_pyg import ItemIndex, top_k
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.training import RunFolder
from tvdiff_pyg.training.run_folder import versions

K = 20
USERS_AT_ONCE = 4096


class Case(NamedTuple):
    """What is ranked."""

    user_factor: Tensor
    item_factor: Tensor
    seen: CSR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--kinds", nargs="+", default=["flat", "ivf", "hnsw"])
    parser.add_argument("--num-probes", type=int, help="of ivf; default if omitted")
    parser.add_argument("--ef-search", type=int, help="of hnsw; default if omitted")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--file", type=Path, default=RESULTS / "index_recall.jsonl")
    options = parser.parse_args()
    faiss.omp_set_num_threads(torch.get_num_threads())
    folder = RunFolder(options.run)
    case, config = load(folder), folder.config()
    chosen = {"num_probes": options.num_probes, "ef_search": options.ef_search}
    chosen = {name: value for name, value in chosen.items() if value is not None}
    for kind in options.kinds:
        record = {
            "dataset": config.get("data"),
            "preset": config.get("preset"),
            "num_users": case.user_factor.size(0),
            "num_items": case.item_factor.size(0),
            "channels": case.item_factor.size(1),
            "kind": kind,
            "options": chosen,
            **measure(case, kind, chosen, options.repeats),
            "repeats": options.repeats,
            "hardware": hardware(),
            "versions": {**versions(), "faiss": faiss.__version__},
        }
        append_record(options.file, record)
        print(
            f"{kind:<5} build {record['build_seconds']:.3f} s, "
            f"search {record['search_seconds']:.3f} s, "
            f"exact {record['exact_seconds']:.3f} s, "
            f"recall@{K} {record[f'recall@{K}']:.4f}",
            flush=True,
        )


@torch.no_grad()
def load(folder: RunFolder) -> Case:
    """Denoise all users of the run; what a recommender hides from them is seen."""
    model, graph = folder.model(), folder.graph()
    adjacency = model.adjacency(graph.train_index)
    items = model.encode_items(adjacency)
    users = torch.arange(graph.num_users).split(USERS_AT_ONCE)
    rows = adjacency.user_rows
    factor = [model.encode_users(rows.select(user), items) for user in users]
    known = torch.cat([graph.train_index, graph.validation_index], dim=1)
    seen = CSR.from_edge_index(known, (graph.num_users, graph.num_items))
    return Case(torch.cat(factor), items.factor, seen)


def measure(
    case: Case, kind: Any, options: dict[str, int], repeats: int
) -> dict[str, float]:
    """Time both sides in turn, after the recall has warmed both up."""
    users, items, seen = case
    start = time.perf_counter()
    index = ItemIndex.build(items, kind, **options)
    build_seconds = time.perf_counter() - start
    recall = index.recall(users, items, K, seen)
    sides: list[Callable] = [
        lambda: index.search(users, K, seen),
        lambda: top_k(users, items, K, seen),
    ]
    seconds = [[seconds_of(side) for side in sides] for _ in range(repeats)]
    search_seconds, exact_seconds = map(median, zip(*seconds, strict=True))
    return {
        "build_seconds": build_seconds,
        "search_seconds": search_seconds,
        "exact_seconds": exact_seconds,
        f"recall@{K}": recall,
    }


def seconds_of(run: Callable) -> float:
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()

"""What torch.compile and row-sparse updates are worth, side by side in one process.

    python benchmarks/variants.py --root DIR

`compile` holds the exact step and the reverse process on Gowalla against themselves
through `torch.compile`; `lazy` holds a sampled step with dense Adam against one with
row-sparse gradients and LazyAdam, on a synthetic graph of a million users, at two batch
sizes. Medians after a warm-up.
"""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from engines import Case, load_case
from records import RESULTS, append_record, hardware
from speed import timed

from tvdiff_pyg import Settings, TVDiff
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.loader import neighbor_loader
from tvdiff_pyg.training import LazyAdam
from tvdiff_pyg.training.run import versions


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", required=True, help="folder of the data sets")
    parser.add_argument("--what", nargs="+", default=["compile", "lazy"])
    parser.add_argument("--hidden-channels", type=int, nargs="+", default=[64, 1000])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--file", type=Path, default=RESULTS / "variants.jsonl")
    options = parser.parse_args()
    measured: list[Callable[[], list[dict[str, Any]]]] = []
    if "compile" in options.what:
        measured += [
            lambda width=width: compiled(width, options)
            for width in options.hidden_channels
        ]
    if "lazy" in options.what:
        measured.append(lambda: lazy(options))
    for measure in measured:
        for record in measure():
            record |= {"hardware": hardware(), "versions": versions()}
            append_record(options.file, record)
            print(record["what"], record["seconds"], flush=True)


def compiled(width: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time a step and a reverse process, eager and compiled."""
    settings = Settings.preset(
        "gowalla", hidden_channels=width, batches="users", num_noise_items=2048
    )
    case = load_case("gowalla", options.root, settings, 2048, torch.device("cpu"))
    loss = torch.compile(case.model.training_loss)
    steps = {
        "usual": case.exact_step,
        "variant": lambda: case.step(lambda: loss(case.adjacency, case.users)),
    }
    step = timed(steps, options.repeats)
    return [
        {"what": f"compiled step, H = {width}", "seconds": step},
        {
            "what": f"compiled reverse process of 2,048 users, H = {width}",
            "seconds": timed(reverse_sides(case), options.repeats),
        },
    ]


def reverse_sides(case: Case) -> dict[str, Callable[[], Any]]:
    model = case.model.eval()
    items = model.encode_items(case.adjacency)
    history = case.adjacency.user_rows.select(case.block)
    encode = torch.compile(model.encode_users)
    return {
        "usual": lambda: model.encode_users(history, items),
        "variant": lambda: encode(history, items),
    }


def lazy(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Time a sampled step with dense and with row-sparse updates."""
    graph = SyntheticBipartite(
        1_000_000, 200_000, 10_000_000, validation_ratio=0, test_ratio=0
    )[0]
    records = []
    for batch_size in (256, 2048):
        sides = {
            name: sampled_step(graph, batch_size, sparse)
            for name, sparse in (("usual", False), ("variant", True))
        }
        what = f"LazyAdam, {batch_size:,} of a million users"
        records.append({"what": what, "seconds": timed(sides, options.repeats)})
    return records


def sampled_step(graph: Any, batch_size: int, sparse: bool) -> Callable[[], None]:
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

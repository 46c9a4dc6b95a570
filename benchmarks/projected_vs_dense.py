"""The factor engine against the dense reference: training step and reverse process.

Both sides of each row are timed in this one process, in turn, on the same users:

    python benchmarks/projected_vs_dense.py --root DIR [--data lastfm gowalla]

The reverse process includes all scores. The factor engine is timed on all users; the
dense reference on a block of them, and extrapolated by their number. The rankings of
the two sides are compared on that block.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from records import RESULTS, append_record, hardware
from torch.utils.benchmark import Timer

from tvdiff_pyg import Settings, TVDiff
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.models.reference import dense_scores, dense_training_loss
from tvdiff_pyg.nn import BipartiteAdjacency
from tvdiff_pyg.training.run import versions

USERS_AT_ONCE = 4096


@dataclass
class Case:
    """One model on one graph, and the two ways to compute with it."""

    model: TVDiff
    adjacency: BipartiteAdjacency
    users: torch.Tensor
    block: torch.Tensor

    def projected_step(self) -> None:
        self._step(lambda: self.model.training_loss(self.adjacency, self.users))

    def dense_step(self) -> None:
        observed = self.adjacency.user_rows.select(self.users)
        timestep = self.model.diffusion.sample_timestep(self.users.numel())
        noise = torch.randn(self.users.numel(), self.adjacency.user_rows.num_cols)
        negative = self.model.sampler(observed, observed.degree())
        self._step(
            lambda: dense_training_loss(
                self.model,
                self.adjacency,
                self.users,
                timestep,
                noise,
                observed,
                negative,
            )
        )

    @torch.no_grad()
    def projected_reverse(self) -> None:
        """Score all users against all items; each block of scores is let go."""
        rows, items = self.adjacency.user_rows, self.model.encode_items(self.adjacency)
        for users in torch.arange(rows.num_rows).split(USERS_AT_ONCE):
            factor = self.model.encode_users(rows.select(users), items)
            for block in factor.split(self.block.numel()):
                block @ items.factor.t()

    @torch.no_grad()
    def dense_reverse(self) -> torch.Tensor:
        """Score the block of users against all items."""
        history = self.adjacency.user_rows.select(self.block)
        return dense_scores(self.model, history, self.model.item_factor(self.adjacency))

    def _step(self, loss: Callable) -> None:
        self.optimizer.zero_grad()
        loss().free_energy.backward()
        self.optimizer.step()

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", required=True)
    parser.add_argument("--data", nargs="+", default=["lastfm", "gowalla"])
    parser.add_argument(
        "--hidden-channels", type=int, nargs="+", default=[64, 256, 1000]
    )
    parser.add_argument("--block", type=int, default=256, help="users denoised")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--what", nargs="+", default=["step", "reverse"])
    parser.add_argument(
        "--file", type=Path, default=RESULTS / "projected_vs_dense.jsonl"
    )
    options = parser.parse_args()
    print("data         H    what       dense s  projected s  ratio  top-20 equal")
    for name in options.data:
        for width in options.hidden_channels:
            for record in measure(name, width, options):
                append_record(options.file, record)
                print(
                    f"{name:<10}{width:>5}  {record['what']:<8}"
                    f"{record['dense_seconds']:>10.3f}{record['projected_seconds']:>13.4f}"
                    f"{record['ratio']:>7.1f}  {record.get('top20_equal', '')}",
                    flush=True,
                )


def measure(name: str, width: int, options: argparse.Namespace) -> list[dict]:
    case, settings = make_case(name, width, options)
    base = {
        "dataset": name,
        "hidden_channels": width,
        "num_timesteps": settings.num_timesteps,
        "entropy_type": settings.entropy_type,
        "batch_users": case.users.numel(),
        "block_users": case.block.numel(),
        "repeats": options.repeats,
        "hardware": hardware(),
        "versions": versions(),
    }
    records = []
    if "step" in options.what:
        step = compare(case.dense_step, case.projected_step, options.repeats)
        records.append({"what": "step", **base, **step})
    if "reverse" in options.what:
        case.model.eval()
        parts = case.adjacency.user_rows.num_rows / case.block.numel()
        reverse = compare(
            case.dense_reverse, case.projected_reverse, options.repeats, parts
        )
        reverse["top20_equal"] = share_of_equal_ranks(case)
        records.append({"what": "reverse", **base, **reverse})
    return records


def make_case(
    name: str, width: int, options: argparse.Namespace
) -> tuple[Case, Settings]:
    torch.manual_seed(0)
    graph = load_data(DataOptions(name, root=options.root, validation_ratio=0.0))
    settings = Settings.preset(name, hidden_channels=width, batches="users")
    model = TVDiff(graph.num_users, graph.num_items, **settings.model_kwargs())
    order = torch.randperm(graph.num_users)
    users, block = order[: settings.batch_size], order[: options.block]
    return Case(model, model.adjacency(graph.train_index), users, block), settings


def compare(
    dense: Callable, projected: Callable, repeats: int, parts: float = 1.0
) -> dict[str, float]:
    """Time both in turn after a warm-up; return medians and their ratio.

    The dense side is one of ``parts`` equal parts of what the other side does.
    """
    timers = [
        Timer("run()", globals={"run": run}, num_threads=torch.get_num_threads())
        for run in (dense, projected)
    ]
    for timer in timers:
        timer.timeit(1)
    seconds = torch.tensor(
        [[timer.timeit(1).median for timer in timers] for _ in range(repeats)]
    )
    dense_seconds, projected_seconds = seconds.median(dim=0).values.tolist()
    return {
        "dense_seconds": dense_seconds * parts,
        "dense_measured_seconds": dense_seconds,
        "projected_seconds": projected_seconds,
        "ratio": dense_seconds * parts / projected_seconds,
    }


@torch.no_grad()
def share_of_equal_ranks(case: Case) -> float:
    """Return the share of top-20 positions on which the two sides agree."""
    user_factor, item_factor = case.model(case.adjacency, case.block)
    projected = (user_factor @ item_factor.t()).topk(20).indices
    return (case.dense_reverse().topk(20).indices == projected).float().mean().item()


if __name__ == "__main__":
    main()

"""How the seconds and the memory of each phase grow with the interactions.

    python benchmarks/scaling.py [--interactions 1e5 1e6 1e7 1e8] [--plot]

Synthetic graphs go through both engines, each case in a process of its own, for its own
peak memory. The sampled engine carries out a pass over all users; of the exact engine a
few steps are timed, and extrapolated by their number.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch
from benchmark import Benchmark, Records, Table
from clock import now
from engines import SYNTHETIC, build_model, load_graph
from growth import draw, growth_table, size_of

from tvdiff_pyg import Settings
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.machine import Device, peak_host_memory_mb, resolve_device
from tvdiff_pyg.models import TrainableModel
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency

K, MOST_SCORED, STEPS_TIMED, PROGRESS_SECONDS = 20, 10_000, 3, 10.0
EngineName = Literal["sampled", "exact"]


@dataclass(frozen=True)
class Growth(GridCell):
    """One engine on a graph of one size.

    Args:
        num_workers: Processes that sample batches ahead, with the sampled engine.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    num_workers: int | None = None

    def measure(self) -> Record:
        """Build, train and score; memory is that of this process, without workers."""
        torch.manual_seed(self.seed)
        device = resolve_device(self.device)
        seconds, memory = {}, {"start": peak_host_memory_mb()}  # Python and packages.
        start = now()
        graph = load_graph(self, validation_ratio=0.0, test_ratio=0.0)
        seconds["graph"], memory["graph"] = now() - start, peak_host_memory_mb()
        counts = graph.counts()
        model = build_model(self.settings, graph.num_users, graph.num_items).to(device)
        start = now()
        adjacency = model.adjacency(graph.train_index)
        seconds["adjacency"] = now() - start
        del graph
        training = self.time_pass(model, adjacency)
        scoring = time_scores(model, adjacency.to(device), device)
        memory["peak"] = peak_host_memory_mb()
        if device.type == "cuda":
            memory["device"] = torch.cuda.max_memory_allocated() / 2**20
        return {
            "graph": counts,
            "measures": training["measures"] | scoring["measures"],
            "seconds": seconds | training["seconds"] | scoring["seconds"],
            "memory_mb": memory,
        }

    def time_pass(self, model: TrainableModel, adjacency: BipartiteAdjacency) -> Record:
        """Train on all users with interactions: one pass, or steps after a warm-up."""
        settings, device = self.settings.training, resolve_device(self.device)
        sampled = settings.engine == "sampled"
        users = adjacency.user_rows.degree().nonzero().view(-1)
        num_steps = len(users.split(settings.batch_size))
        if sampled:
            batches = neighbor_loader(
                adjacency,
                users,
                settings.num_neighbors,
                settings.num_pool,
                batch_size=settings.batch_size,
                num_workers=self.num_workers,
                shuffle=True,
                pin_memory=device.type == "cuda",
            )
        else:
            orders = (torch.randperm(users.numel()) for _ in range(1 + STEPS_TIMED))
            batches = [users[order[: settings.batch_size]] for order in orders]
        loss = model.sampled_loss if sampled else model.training_loss
        seconds = step_seconds(model, loss, adjacency.to(device), batches)
        seconds = seconds if sampled else seconds[1:]
        return {
            "measures": {
                "num_steps": num_steps,
                "steps_timed": len(seconds),
                "pass_extrapolated": not sampled,
            },
            "seconds": {
                "step": float(np.median(seconds)),
                "pass": sum(seconds) / len(seconds) * num_steps,
            },
        }


def cells(
    interactions: Sequence[float] = (1e5, 1e6, 1e7, 1e8),
    engines: Sequence[EngineName] = ("sampled", "exact"),
    hidden_channels: int = 64,
    batch_size: int = 2048,
    num_neighbors: int = 16,
    num_pool: int = 4096,
    num_workers: int = 1,
    device: Device = "auto",
) -> list[Growth]:
    """Return a cell for each size and engine.

    Args:
        interactions: Sizes of the graphs.
        engines: Engines.
        hidden_channels: Width.
        batch_size: Users of a batch.
        num_neighbors: Neighbours that the sampled engine reads.
        num_pool: Items that the sampled engine reads.
        num_workers: Processes that sample batches ahead, with the sampled engine.
        device: Where to compute.
    """
    shared = {"hidden_channels": hidden_channels, "batch_size": batch_size}
    # The exact engine is not measured anew for options that it does not read.
    sampled = {"num_neighbors": num_neighbors, "num_pool": num_pool}
    return [
        Growth(
            "scaling",
            graph_name(int(size)),
            engine,
            Settings(
                engine=engine,
                entropy_type="bce",
                **shared,
                **(sampled if engine == "sampled" else {}),
            ),
            device=device,
            num_workers=num_workers if engine == "sampled" else None,
        )
        for size in sorted(set(interactions))
        for engine in engines
    ]


def graph_name(num_interactions: int) -> str:
    """Name a graph whose users and items grow more slowly than its interactions."""
    num_users = round(1_000_000 * (num_interactions / 1e8) ** 0.75)
    sizes = f"num_users={num_users},num_items={num_users // 5}"
    return f"{SYNTHETIC}{sizes},num_interactions={num_interactions}"


def step_seconds(
    model: TrainableModel, loss: Callable, graph: BipartiteAdjacency, batches: Sequence
) -> list[float]:
    """Train on the batches; a step's seconds include the wait for its batch."""
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    device = graph.user_rows.col.device
    times = [shown := now()]
    for batch in batches:
        optimizer.zero_grad()
        loss(graph, batch.to(device)).free_energy.backward()
        optimizer.step()
        times.append(now())
        if times[-1] - shown > PROGRESS_SECONDS:
            shown, done, total = times[-1], len(times) - 1, len(batches)
            left = (shown - times[0]) * (total / done - 1)
            print(f"  step {done} of {total}, {left:.0f} s left", file=sys.stderr)
    return np.diff(times).tolist()


def time_scores(
    model: TrainableModel, adjacency: BipartiteAdjacency, device: torch.device
) -> Record:
    """Rank all items for the first users, who are as active as any."""
    model.eval()
    num_scored = min(MOST_SCORED, adjacency.user_rows.num_rows)
    start = now()
    users = torch.arange(num_scored, device=device)
    model.scorer(adjacency).rank(users, K, adjacency.user_rows.select(users))
    return {
        "measures": {"num_scored": num_scored},
        "seconds": {"score": now() - start},
    }


def table(records: Records) -> str:
    """Growth with the number of interactions."""
    rows = []
    for record in sorted(records, key=lambda one: (one["variant"], size_of(one))):
        graph, seconds, found = (record[n] for n in ("graph", "seconds", "measures"))
        rows.append(
            [
                f"{size_of(record):,}",
                f"{graph['users']:,}",
                f"{graph['items']:,}",
                record["variant"],
                print_seconds(seconds["graph"] + seconds["adjacency"]),
                ("about " if found["pass_extrapolated"] else "")
                + print_seconds(seconds["pass"]),
                f"{print_seconds(seconds['score'])} ({found['num_scored']:,} users)",
                f"{record['memory_mb']['peak'] / 1024:.1f} GB",
            ]
        )
    header = "Interactions|Users|Items|Engine|Graph|One pass|Scoring|Peak memory"
    return markdown_table([header.split("|"), *rows])


BENCHMARK = Benchmark(
    "scaling",
    cells,
    {"scaling": Table(table), "scaling-growth": Table(growth_table)},
    draw,
)

if __name__ == "__main__":
    BENCHMARK.main()

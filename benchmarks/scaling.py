"""How the seconds and the memory of each phase grow with the interactions.

    python benchmarks/scaling.py [--interactions 1e5 1e6 1e7 1e8] [--plot]

Synthetic graphs go through both engines, each case in a process of its own, for its own
peak memory. The sampled engine carries out a pass over all users; of the exact engine a
few steps are timed, and extrapolated by their number. What is recorded already is not
measured again: ``--interactions`` without a size only reports.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from records import RESULTS, append_record, hardware, read_records

from tvdiff_pyg import TVDiff, top_k
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.run_folder import peak_host_memory_mb, versions

Record = dict[str, Any]
PLOT = Path(__file__).parents[1] / "docs" / "scaling.png"
K, MOST_SCORED, STEPS_TIMED, PROGRESS_SECONDS = 20, 10_000, 3, 10.0
MODEL = ("hidden_channels", "entropy_type", "num_timesteps")
FIXED = {"entropy_type": "bce", "num_timesteps": 50, "seed": 0}
SHARED = {"hidden_channels": 64, "batch_size": 2048}
SAMPLED_ONLY = {"num_neighbors": 16, "num_pool": 4096, "num_workers": 1}
COUNTS = ["num_interactions", "num_users", "num_items", "num_steps", "steps_timed"]
PHASES = ["graph_seconds", "adjacency_seconds", "pass_seconds", "score_seconds"]
FITTED = [*PHASES, "peak_memory_mb"]


def main() -> None:
    options = parse_options()
    if options.one:
        print(json.dumps(measure(json.loads(options.one))))
        return
    setups = [setup_of(engine, options) for engine in options.engines]
    sizes = sorted(set(map(int, options.interactions)))
    cases = [{"num_interactions": size, **setup} for size in sizes for setup in setups]
    statuses = [run_apart(case, options.file) for case in cases]
    found = [(setup["engine"], recorded(setup, options.file)) for setup in setups]
    groups = {engine: records for engine, records in found if records}
    print(table(groups))
    if options.plot and groups:
        plot(groups, options.plot)
    sys.exit(int(any(statuses)))


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    sizes, engines = [1e5, 1e6, 1e7, 1e8], ["sampled", "exact"]
    parser.add_argument("--interactions", nargs="*", type=float, default=sizes)
    parser.add_argument("--engines", nargs="+", choices=engines, default=engines)
    for name, value in {**SHARED, **SAMPLED_ONLY}.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--file", type=Path, default=RESULTS / "scaling.jsonl")
    parser.add_argument("--plot", type=Path, nargs="?", const=PLOT, help="a PNG")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    return parser.parse_args()


def setup_of(engine: str, options: argparse.Namespace) -> Record:
    """Return all that a measurement depends on, but for the size."""
    # The exact engine is not measured anew for options that it does not read.
    names = [*SHARED, *(SAMPLED_ONLY if engine == "sampled" else ())]
    chosen = {name: getattr(options, name) for name in names}
    # A device that is named may be absent, where its records are only drawn.
    device = resolve_device("auto").type if options.device == "auto" else options.device
    return {"engine": engine, "device": device, **chosen, **FIXED}


def recorded(wanted: Record, file: Path) -> list[Record]:
    """Return the records of a setup, or of a case, by size."""
    found = [row for row in read_records(file) if wanted.items() <= row.items()]
    return sorted(found, key=lambda row: row["num_interactions"])


def run_apart(case: Record, file: Path) -> int:
    """Measure a case in a process of its own; return its exit status."""
    name = f"{case['engine']}, {case['num_interactions']:,} interactions"
    if recorded(case, file):
        print(f"{name}: already in {file.name}, skipped", flush=True)
        return 0
    print(f"{name}: measuring", file=sys.stderr, flush=True)
    command = [sys.executable, __file__, "--one", json.dumps(case)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True)
    if done.returncode != 0:  # Killed for memory, say: the other cases still count.
        print(f"{name}: failed with status {done.returncode}", file=sys.stderr)
    else:
        append_record(file, json.loads(done.stdout.splitlines()[-1]))
    return done.returncode


def num_nodes(num_interactions: int) -> tuple[int, int]:
    """Return users and items, which grow more slowly than the interactions."""
    num_users = round(1_000_000 * (num_interactions / 1e8) ** 0.75)
    return num_users, num_users // 5


def measure(case: Record) -> Record:
    """Build, train and score; memory is that of this process, without its workers."""
    torch.manual_seed(case["seed"])
    device = resolve_device(case["device"]).type
    size = num_nodes(case["num_interactions"])
    record = {**case, "num_users": size[0], "num_items": size[1]}
    record["start_peak_mb"] = peak_host_memory_mb()  # Python and the packages.
    wanted = {"num_interactions": case["num_interactions"], "seed": case["seed"]}
    start = now(device)
    graph = SyntheticBipartite(*size, **wanted, validation_ratio=0, test_ratio=0)[0]
    record["graph_seconds"] = now(device) - start
    record["graph_peak_mb"] = peak_host_memory_mb()
    model = TVDiff(*size, **{name: case[name] for name in MODEL}).to(device)
    start = now(device)
    adjacency = model.adjacency(graph.train_index)
    record["adjacency_seconds"] = now(device) - start
    del graph
    record |= time_pass(model, adjacency, case)
    record |= time_scores(model, adjacency.to(device), device)
    record["peak_memory_mb"] = peak_host_memory_mb()
    if device == "cuda":
        record["device_peak_mb"] = torch.cuda.max_memory_allocated() / 2**20
    return {**record, "hardware": hardware(), "versions": versions()}


def time_pass(model: TVDiff, adjacency: BipartiteAdjacency, case: Record) -> Record:
    """Train on all users with interactions: one pass, or steps after a warm-up."""
    sampled, batch_size = case["engine"] == "sampled", case["batch_size"]
    users = adjacency.user_rows.degree().nonzero().view(-1)
    num_steps = len(users.split(batch_size))
    if sampled:
        kwargs = {name: case[name] for name in ("batch_size", *SAMPLED_ONLY)}
        kwargs |= {"shuffle": True, "pin_memory": case["device"] == "cuda"}
        batches = neighbor_loader(adjacency, users, **kwargs)
    else:
        orders = (torch.randperm(users.numel()) for _ in range(1 + STEPS_TIMED))
        batches = [users[order[:batch_size]] for order in orders]
    loss = model.sampled_loss if sampled else model.training_loss
    seconds = step_seconds(model, loss, adjacency.to(case["device"]), batches)
    seconds = seconds if sampled else seconds[1:]
    return {
        "num_steps": num_steps,
        "steps_timed": len(seconds),
        "step_seconds": float(np.median(seconds)),
        "pass_seconds": sum(seconds) / len(seconds) * num_steps,
        "pass_extrapolated": not sampled,
    }


def step_seconds(
    model: TVDiff, loss: Callable, graph: BipartiteAdjacency, batches: Sequence
) -> list[float]:
    """Train on the batches; a step's seconds include the wait for its batch."""
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    device = graph.user_rows.col.device.type
    times = [shown := now(device)]
    for batch in batches:
        optimizer.zero_grad()
        loss(graph, batch.to(device)).free_energy.backward()
        optimizer.step()
        times.append(now(device))
        if times[-1] - shown > PROGRESS_SECONDS:
            shown, done, total = times[-1], len(times) - 1, len(batches)
            left = (shown - times[0]) * (total / done - 1)
            print(f"  step {done} of {total}, {left:.0f} s left", file=sys.stderr)
    return np.diff(times).tolist()


def time_scores(model: TVDiff, adjacency: BipartiteAdjacency, device: str) -> Record:
    """Rank all items for the first users, who are as active as any."""
    model.eval()
    num_scored = min(MOST_SCORED, adjacency.user_rows.num_rows)
    start = now(device)
    items = model.encode_items(adjacency)
    history = adjacency.user_rows.select(torch.arange(num_scored, device=device))
    users = model.encode_users(history, items)
    top_k(users, items.factor, K, history)
    return {"num_scored": num_scored, "score_seconds": now(device) - start}


def now(device: str) -> float:
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def exponent(records: list[Record], name: str) -> str:
    """Return the slope of least squares in log-log."""
    if len({record["num_interactions"] for record in records}) < 2:
        return "needs two sizes"
    logs = np.log([(record["num_interactions"], record[name]) for record in records])
    return f"{np.polyfit(*logs.T, 1)[0]:.2f}"


def short(name: str) -> str:
    return name.removeprefix("num_").replace("_seconds", " s").replace("_", " ")


def table(groups: dict[str, list[Record]]) -> str:
    """Return a row for each record; below an engine's columns, how they grow."""
    rows = [["engine", "device", *map(short, COUNTS + FITTED)]]
    for engine, records in groups.items():
        for record in records:
            numbers = (f"{round(record[name], 3):,}" for name in COUNTS + FITTED)
            rows.append([engine, record["device"], *numbers])
        growth = [exponent(records, name) for name in FITTED]
        rows.append([engine, "growth", *[""] * len(COUNTS), *growth])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(map(str.rjust, row, widths)) for row in rows]
    return "\n".join([*lines, "exact: the pass is extrapolated from the steps timed"])


def plot(groups: dict[str, list[Record]], file: Path) -> None:
    """Draw seconds and memory against the interactions, exponents in the legend."""
    from matplotlib.figure import Figure  # Draws with Agg: needs no display.

    seconds, memory = Figure(figsize=(12, 6), layout="constrained").subplots(1, 2)
    for (engine, rows), mark in zip(groups.items(), ("o-", "s--"), strict=False):
        sizes = [row["num_interactions"] for row in rows]
        for i, name in enumerate(FITTED):
            panel = seconds if name in PHASES else memory
            label = f"{engine}, {short(name)}: {exponent(rows, name)}"
            panel.plot(sizes, [row[name] for row in rows], f"{mark}C{i}", label=label)
    for panel, label in ((seconds, "s (exact pass extrapolated)"), (memory, "MB")):
        panel.set(xscale="log", yscale="log", xlabel="interactions", ylabel=label)
        panel.grid(alpha=0.3)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    seconds.figure.savefig(file, dpi=120)


if __name__ == "__main__":
    main()

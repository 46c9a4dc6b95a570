"""The memory plan against measured runs, each in a process of its own.

    python benchmarks/memory_plan.py --root DIR [--cases gowalla:1000:exact ...]

A case is DATA:H:ENGINE[:BATCH], with a data set of the paper, or `synthetic-U-I-E` for
a graph of that many users, items and interactions. A run trains one epoch, validates,
and evaluates the test, by `tvdiff_pyg.fit`.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from records import RESULTS, append_record, hardware

from tvdiff_pyg import BipartiteGraph, FitOptions, Settings, fit
from tvdiff_pyg.data import DataOptions, SyntheticBipartite, load_data
from tvdiff_pyg.training import GraphSize, plan_memory
from tvdiff_pyg.training.run_folder import versions

CACHE = Path(__file__).parent / "data"
CASES = (
    "lastfm:64:exact",
    "lastfm:1000:exact",
    "amazon-beauty:1000:exact",
    "gowalla:64:exact",
    "gowalla:64:sampled",
    "gowalla:256:exact",
    "gowalla:1000:exact",
    "gowalla:1000:sampled",
    "synthetic-30000-20000-1000000:64:exact",
    "synthetic-200000-50000-10000000:64:exact:16384",
    "synthetic-200000-50000-10000000:64:sampled",
    "synthetic-200000-50000-10000000:256:sampled",
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--root", required=True, help="folder of the data sets")
    parser.add_argument("--cases", nargs="+", default=CASES)
    parser.add_argument("--file", type=Path, default=RESULTS / "memory_plan.jsonl")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.root)))
        return
    print(f"{'case':<52}{'planned MB':>12}{'measured MB':>12}{'ratio':>7}")
    for case in options.cases:
        command = [sys.executable, __file__, "--one", case, "--root", options.root]
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        record = json.loads(done.stdout.splitlines()[-1])
        append_record(options.file, record)
        planned, measured = record["planned_mb"], record["measured_mb"]
        ratio = planned / measured
        print(f"{case:<52}{planned:>12.0f}{measured:>12.0f}{ratio:>7.2f}", flush=True)


def measure(case: str, root: str) -> dict[str, Any]:
    """Run one case in this process."""
    data, width, engine, batch = (*case.split(":"), "2048")[:4]
    graph = load_graph(data, root)
    settings = Settings(
        hidden_channels=int(width),
        engine=engine,
        batch_size=int(batch),
        entropy_type="bce",
        max_epochs=1,
    )
    size = GraphSize.of(graph)
    with tempfile.TemporaryDirectory() as folder:
        options = FitOptions(progress=False)
        metrics = fit(graph, settings, run=f"{folder}/run", options=options)
    return {
        "case": case,
        **vars(size),
        "hidden_channels": settings.hidden_channels,
        "engine": engine,
        "batch_size": settings.batch_size,
        "planned_mb": plan_memory(size, settings).total / 2**20,
        "measured_mb": metrics["peak_memory_mb"],
        "hardware": hardware(),
        "versions": versions(),
    }


def load_graph(data: str, root: str) -> BipartiteGraph:
    if not data.startswith("synthetic-"):
        return load_data(DataOptions(data, root=root))
    # Written by another process, for drawing the pairs takes more than training.
    sizes = [int(size) for size in data.split("-")[1:]]
    cache = str(CACHE / data)
    if not Path(cache).exists():
        build = f"SyntheticBipartite(*{sizes}, root={cache!r})"
        script = f"from tvdiff_pyg.data import SyntheticBipartite; {build}"
        subprocess.run([sys.executable, "-c", script], check=True, stdout=sys.stderr)
    return SyntheticBipartite(*sizes, root=cache)[0]


if __name__ == "__main__":
    main()

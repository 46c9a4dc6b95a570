"""The experiments behind the tables of the results, each once.

    python benchmarks/reproduce.py [--only views losses] [--data lastfm] [--root DIR]

``experiments.py`` lists them. A run that ``results/reproduce_NAME.jsonl`` has a
record of is not carried out again: stopped, or out of ``--budget-minutes``, it goes on
where it was. ``table.py`` renders the records.
"""

import argparse
import math
import time

from experiments import DATA, EXPERIMENTS, Context
from records import RESULTS

from tvdiff_pyg.study import run_grid


def main() -> None:
    options = parse_options()
    deadline = time.monotonic() + 60 * options.budget_minutes
    for name in options.only:
        context = Context(options.root, options.device)
        cells = [
            cell
            for data in options.data
            for cell in EXPERIMENTS[name].cells(data, options.seeds, context)
        ]
        minutes = (deadline - time.monotonic()) / 60
        print(f"{name}: {len(cells)} cells", flush=True)
        file = RESULTS / f"reproduce_{name}.jsonl"
        done = run_grid(cells, file, options.jobs, budget_minutes=minutes)
        if len(done) < len(cells):
            print(f"out of budget: {len(done)} of {len(cells)} cells are in {file}")


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    names = list(EXPERIMENTS)
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    parser.add_argument("--data", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument(
        "--seeds", nargs="+", type=int, help="in the place of the listed"
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--budget-minutes", type=float, default=math.inf)
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--jobs", type=int, default=1, help="cells at the same time")
    return parser.parse_args()


if __name__ == "__main__":
    main()

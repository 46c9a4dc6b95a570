"""What choosing the epoch on the test set is worth, and dropout while scoring.

    python benchmarks/selection.py --data lastfm --root DIR [--seeds 0 1 2]

Four cells, all trained on the whole training file: the epoch is the best on the test
set, or the one that the validation part chose for the same settings in a training
without that part; dropout is off or on while scoring, there as here. Cells with a
record are not trained again.
"""

import argparse
import tempfile
from dataclasses import replace
from operator import itemgetter
from pathlib import Path
from typing import Any

from experiments import NARROW
from record_run import curve
from records import RESULTS, append_record, hardware, read_records

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.data import BipartiteGraph, DataOptions, load_data
from tvdiff_pyg.training import RunFolder

FILE = RESULTS / "selection.jsonl"
Record = dict[str, Any]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", default="lastfm", help="a data set with a preset")
    parser.add_argument("--root", default="data", help="folder of the data sets")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    for seed in options.seeds:
        graph = load_data(DataOptions(options.data, root=options.root), seed)
        for dropout in (False, True):
            case = {
                "data": options.data,
                "seed": seed,
                "dropout_while_scoring": dropout,
            }
            if not any(case.items() <= row.items() for row in read_records(FILE)):
                for record in measure(graph, case):
                    append_record(FILE, record)
                    print(record, flush=True)


def measure(graph: BipartiteGraph, case: Record) -> list[Record]:
    """Train with the two ways of choosing the epoch, from the same seed."""
    settings = Settings.preset(
        case["data"],
        **{**NARROW, "check_every": 1, "patience": 6},
        score_with_dropout=case["dropout_while_scoring"],
    )
    chosen = train(graph, settings, case["seed"], "standard")["best_epoch"]
    # One check, at the epoch that validation chose: nothing is left to choose.
    fixed = replace(settings, max_epochs=chosen, check_every=chosen)
    return [
        {
            **case,
            "protocol": "paper",
            "epoch_chosen_on": part,
            "epoch": found["best_epoch"],
            "test": found["selection"],
            "hardware": hardware(),
            "versions": found["versions"],
        }
        for part, found in (
            ("test", train(graph, settings, case["seed"], "paper")),
            ("validation", train(graph, fixed, case["seed"], "paper")),
        )
    ]


def train(
    graph: BipartiteGraph, settings: Settings, seed: int, protocol: Any
) -> Record:
    """Train, and add the figures that chose the epoch, scored as the settings say."""
    options = FitOptions(protocol=protocol, seed=seed, progress=False)
    with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
        run = Path(folder) / "run"
        metrics = fit(graph, settings, run=run, options=options)
        checks = curve(RunFolder(run), options.selects_on)
        return metrics | {"selection": max(checks, key=itemgetter("ndcg@20"))}


if __name__ == "__main__":
    main()

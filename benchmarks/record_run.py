"""Keep the result of a run folder as a record.

tvdiff fit --preset lastfm --data lastfm --protocol paper --run runs/lastfm-paper
python benchmarks/record_run.py runs/lastfm-paper
"""

import argparse
import csv
from dataclasses import fields
from pathlib import Path
from typing import Any

from records import RESULTS, append_record, hardware

from tvdiff_pyg import Settings
from tvdiff_pyg.training import RunFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--file", type=Path, default=RESULTS / "runs.jsonl")
    parser.add_argument("--note", help="what a reader has to know about this run")
    options = parser.parse_args()
    record = to_record(RunFolder(options.run))
    if options.note:
        record["note"] = options.note
    append_record(options.file, record)
    print(record["dataset"], record["protocol"], record["metrics"])


def to_record(folder: RunFolder) -> dict[str, Any]:
    """Gather the settings, metrics, seconds, memory and curve of a run."""
    config, metrics = folder.config(), folder.metrics()
    return {
        "dataset": config["data"],
        "model": "tvdiff",
        "preset": config["preset"],
        # A run of an earlier version knew fewer settings.
        "settings": {
            field.name: config.get(field.name, field.default)
            for field in fields(Settings)
        },
        "protocol": metrics["protocol"],
        "seed": config["seed"],
        "metrics": {part: metrics[part] for part in ("validation", "test")},
        "data": metrics["data"],
        "epochs": metrics["epochs"],
        "best_epoch": metrics["best_epoch"],
        "fit_seconds": metrics["fit_seconds"],
        "score_seconds": metrics["score_seconds"],
        "peak_memory_mb": metrics["peak_memory_mb"],
        "curve": curve(folder, metrics["selected_on"]),
        "hardware": {"device": metrics["device"], **hardware()},
        "versions": metrics["versions"],
    }


def curve(folder: RunFolder, part: str) -> list[dict[str, float]]:
    """Return epoch, Recall@20 and NDCG@20 of each check, from the run's own log."""
    rows = []
    for log in sorted(Path(folder.path).glob("logs/**/metrics.csv")):
        with log.open() as lines:
            rows += [row for row in csv.DictReader(lines) if row[f"{part}/ndcg@20"]]
    return [
        {
            "epoch": int(row["epoch"]) + 1,
            "recall@20": round(float(row[f"{part}/recall@20"]), 5),
            "ndcg@20": round(float(row[f"{part}/ndcg@20"]), 5),
        }
        for row in rows
    ]


if __name__ == "__main__":
    main()

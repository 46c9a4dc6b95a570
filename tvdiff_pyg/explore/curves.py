"""The training curves of a run, as its logs hold them."""

import csv
import math
from pathlib import Path

from tvdiff_pyg.files import check_no_pipe
from tvdiff_pyg.metrics import MONITOR
from tvdiff_pyg.metrics.monitor import cut_off
from tvdiff_pyg.training.run_folder import RunFolder


def chosen_by(monitor: str) -> list[str]:
    """Return the metrics that are shown of a run: the recall, and what has chosen it.

    Args:
        monitor: The metric that has chosen the epoch, at a cut-off.

    Example:
        >>> chosen_by("map@5")
        ['recall@5', 'map@5']
    """
    return list(dict.fromkeys((f"recall@{cut_off(monitor)}", monitor)))


def curves_of(
    run: RunFolder, monitor: str = MONITOR
) -> dict[str, list[tuple[int, float]]]:
    """Read a point for each epoch; where one was logged twice, the later counts.

    Args:
        run: The run folder; it needs no logs.
        monitor: The metric that has chosen the epoch. (default: ``"ndcg@20"``)

    Returns:
        Epochs, from 1, and values, by what they are.
    """
    ranked = (f"validation/{name}" for name in chosen_by(monitor))
    # In the order in which they are drawn, where they were logged.
    names = "loss", *ranked, "energy", "entropy"
    found: dict[str, dict[int, float]] = {name: {} for name in names}
    for file in sorted(
        Path(run.path, "logs").glob("version_*/metrics.csv"), key=_version
    ):
        check_no_pipe(file)
        with open(file, encoding="utf-8", newline="") as lines:
            for row in csv.DictReader(lines):
                for name in found:
                    value = _number(row.get(name))
                    epoch = _number(row.get("epoch"))
                    if value is not None and epoch is not None:
                        found[name][int(epoch) + 1] = value
    return {name: sorted(points.items()) for name, points in found.items() if points}


def _version(file: Path) -> int:
    number = file.parent.name.removeprefix("version_")
    return int(number) if number.isdecimal() else -1


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if math.isfinite(value) else None

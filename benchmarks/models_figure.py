"""The figure of how all models rank, beside the table of the same records."""

from pathlib import Path
from statistics import fmean

import numpy as np
from benchmark import DATA, Records

from tvdiff_pyg.files import replacing
from tvdiff_pyg.grid.tables import group_records

FILE = "models.png"
METRIC = "ndcg@20"
#: Told apart by colour-blind people, and by shape (Okabe and Ito).
MARKS = dict(
    zip(DATA, (("o", "#0072b2"), ("s", "#d55e00"), ("^", "#009e73")), strict=True)
)


def shares(records: Records) -> dict[str, dict[str, float]]:
    """Return each model's metric over the best one's, by model and by data set.

    The model of the highest mean comes first; a data set that it was not run on counts
    as nothing.

    Args:
        records: Records of the experiment ``main``.
    """
    found: dict[str, dict[str, float]] = {}
    for group in group_records(records, lambda one: (one["variant"], one["data"])):
        model, data = group[0]["variant"], group[0]["data"]
        value = fmean(record["metrics"]["test"][METRIC] for record in group)
        found.setdefault(model, {})[data] = value
    best = {data: max(row.get(data, 0) for row in found.values()) for data in DATA}
    shared = {
        model: {data: value / best[data] for data, value in row.items()}
        for model, row in found.items()
    }
    order = sorted(shared, key=lambda model: -sum(shared[model].values()))
    return {model: shared[model] for model in order}


def draw_models(experiment: str, records: Records, folder: Path) -> None:
    """Draw a row for each model and a mark for each data set; of ``main`` alone.

    Args:
        experiment: Whose records they are.
        records: The records.
        folder: Where the figure goes.
    """
    if experiment != "main":
        return
    from matplotlib.figure import Figure  # Draws with Agg: needs no display.

    rows = shares(records)
    figure = Figure(figsize=(7, 0.4 * len(rows) + 1.4), layout="constrained")
    panel = figure.subplots()
    for data, (mark, color) in MARKS.items():
        places = [place for place, row in enumerate(rows.values()) if data in row]
        values = [row[data] for row in rows.values() if data in row]
        panel.plot(values, places, mark, color=color, label=data, markersize=7)
    panel.set_yticks(np.arange(len(rows)), rows)
    panel.invert_yaxis()
    panel.set_xlabel("NDCG@20 on the test set, as a share of the best model's")
    panel.grid(axis="x", alpha=0.3)
    panel.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=len(MARKS), frameon=False)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / FILE) as partial:
        figure.savefig(partial, format="png", dpi=150)

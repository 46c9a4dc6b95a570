"""What a fit says of itself, by the names of a record."""

from tvdiff_pyg.grid.records import Record

TOLD_BY_TRAINING = (
    "epochs",
    "best_epoch",
    "linear_share",
    "linear_neighbors",
    "linear_l2",
    "popularity_share",
    "curve",
)


def record_of_training(told: Record) -> Record:
    """Say what ``metrics.json`` does by the names of a record.

    Args:
        told: What :func:`~tvdiff_pyg.training.fit` returns.
    """
    seconds = {"fit": told["fit_seconds"], "score": told["score_seconds"]}
    if told["epochs"]:
        seconds["epoch"] = round(told["step_seconds"] / told["epochs"], 4)
    return {
        # What says nothing is left out: in closed form, there is no best epoch.
        **{n: told[n] for n in TOLD_BY_TRAINING if told.get(n) is not None},
        "metrics": {part: told[part] for part in ("validation", "test") if told[part]},
        "graph": told["data"],
        "seconds": seconds,
        "memory_mb": {"peak": told["peak_memory_mb"]},
        "versions": told["versions"],
    }

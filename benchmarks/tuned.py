"""What tuning chose: the settings of a model's best recorded trial on a data set."""

from functools import cache

from benchmark import recorded

from tvdiff_pyg.grid import Record

CHOSEN_BY = "ndcg@20"


@cache
def tuned_settings(data: str, model: str) -> Record | None:
    """Return what the recorded trials on a data set's validation part chose, if any."""
    trials = [
        record
        for record in recorded("tuning")
        if record["data"] == data and record["model"] == model
    ]
    best = max(
        trials, key=lambda trial: trial["metrics"]["validation"][CHOSEN_BY], default={}
    )
    return best.get("settings", {} if trials else None)


def chosen_settings(data: str, model: str) -> Record:
    """Return the same of a model that has no settings of its own."""
    settings = tuned_settings(data, model)
    if settings is None:
        raise ValueError(
            f"{model!r} needs to be tuned on {data!r} first: "
            f"python benchmarks/tune_baselines.py --data {data} --only {model}"
        )
    return settings

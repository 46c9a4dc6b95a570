"""What each user counts with each seed, side by side."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

Values = NDArray[np.float64]


def user_values(
    runs: Mapping[str, Sequence[pl.DataFrame]], metric: str
) -> dict[str, Values]:
    """Put a metric of several models side by side.

    Args:
        runs: For each model, a frame for each seed, in the same order of seeds: columns
            ``user`` and the metric, as ``metrics_per_user.parquet`` of a run has them.
        metric: The metric, such as ``"ndcg@20"``.

    Returns:
        For each model, values of shape ``[num_seeds, num_users]``; ``nan`` where a user
        has no held-out item with a seed.

    Raises:
        ValueError: If models have other numbers of seeds, or a frame lacks a column or
            has a user twice.

    Example:
        >>> frame = pl.DataFrame({"user": ["a", "b"], "ndcg@20": [0.5, 1.0]})
        >>> user_values({"ease": [frame], "knn": [frame[:1]]}, "ndcg@20")["knn"]
        array([[0.5, nan]])
    """
    counts = {len(frames) for frames in runs.values()}
    if len(counts) != 1 or counts == {0}:
        raise ValueError(
            f"'runs' needs a frame for each seed, as many of each model "
            f"(got {[len(frames) for frames in runs.values()]})"
        )
    for name, frames in runs.items():
        for frame in frames:
            _check(frame, metric, name)
    each = [frame["user"] for frames in runs.values() for frame in frames]
    users = pl.DataFrame({"user": pl.concat(each).unique(maintain_order=True)})
    return {
        name: np.stack([_in_order(frame, metric, users) for frame in frames])
        for name, frames in runs.items()
    }


def _check(frame: pl.DataFrame, metric: str, name: str) -> None:
    for column in ("user", metric):
        if column not in frame.columns:
            raise ValueError(
                f"'runs' needs a column {column!r} (got {frame.columns} of {name!r})"
            )
    if frame["user"].is_duplicated().any():
        raise ValueError(f"'runs' needs each user once in a frame (got {name!r})")


def _in_order(frame: pl.DataFrame, metric: str, users: pl.DataFrame) -> Values:
    found = users.join(
        frame.select("user", metric), on="user", how="left", maintain_order="left"
    )
    return found[metric].cast(pl.Float64).fill_null(float("nan")).to_numpy().copy()

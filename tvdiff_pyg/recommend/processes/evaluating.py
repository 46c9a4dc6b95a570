"""Metrics of a run, measured by several processes."""

import os
from collections.abc import Sequence
from typing import Any

import polars as pl

from tvdiff_pyg.evaluation import TaskName, evaluate, evaluate_users
from tvdiff_pyg.folders import locked
from tvdiff_pyg.metrics import DEFAULT_KS
from tvdiff_pyg.recommend.processes.share import check_parted, share_of
from tvdiff_pyg.training.collectives import of_all_processes
from tvdiff_pyg.training.launching import share_out
from tvdiff_pyg.training.process_options import ProcessOptions
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.user_frame import user_frame


def evaluate_run(
    run: str | os.PathLike[str],
    name: TaskName = "test",
    ks: Sequence[int] | None = None,
    metrics: Sequence[str] | None = None,
    *,
    per_user: bool = False,
    options: ProcessOptions | None = None,
) -> dict[str, float]:
    """Rank all items for the users of a run, each user by one of several processes.

    The metrics are those of :func:`~tvdiff_pyg.evaluation.evaluate`, over the
    users of all processes. As a script, several need this to be called under
    ``if __name__ == "__main__":``.

    Args:
        run: The run folder.
        name: The held-out part, ``"validation"`` or ``"test"``. (default: ``"test"``)
        ks: Cut-offs, each at least 1. (default: those that the run was measured at)
        metrics: Names of metrics; if not given, all that are not optional.
            (default: ``None``)
        per_user: Keep what each user counts in ``metrics_per_user.parquet`` of the run.
            (default: ``False``)
        options: Where to compute, and by how many processes.
            (default: ``ProcessOptions()``)

    Returns:
        Metrics by names such as ``"recall@20"``.

    Raises:
        FileNotFoundError: If the folder holds no finished epoch.
        ProcessLostError: If one of several processes was ended by something else.
        ValueError: As :func:`~tvdiff_pyg.evaluation.evaluate`, or if the model
            cannot be parted, and is to be.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg import Settings, fit
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     told = fit(graph, Settings(model="popularity"), run=folder)
        ...     evaluate_run(folder)["recall@20"] == told["test"]["recall@20"]
        True
    """
    options = options or ProcessOptions()
    check_parted(run, options)
    if ks is None:
        ks = RunFolder(run).config().get("ks", DEFAULT_KS)
    asked = {"ks": ks, "metrics": metrics}
    found: dict[str, float] = share_out(
        options, _measure, run, name, asked, per_user, options
    )
    return found


def _measure(
    run: str | os.PathLike[str],
    name: TaskName,
    asked: dict[str, Any],
    per_user: bool,
    options: ProcessOptions,
) -> dict[str, float]:
    """Measure, in one of the processes."""
    share = share_of(run, options)
    scorer = share.recommender.scorer
    task = share.task(name).to(scorer.rows.col.device)
    if per_user:
        found = evaluate_users(scorer, task, **asked)
        rows = user_frame(found, share.recommender.graph, name)
        place = pl.Series("place", share.of_all(found["user"].cpu()).numpy())
        frames = of_all_processes(rows.with_columns(place))
        if share.processes.is_first:
            # Parts without a user do not know the types of their columns.
            rows = pl.concat(frames, how="vertical_relaxed").sort("place")
            with locked(run, "run"):
                RunFolder(run).write_per_user(rows.drop("place"))
    return evaluate(scorer, task, **asked)

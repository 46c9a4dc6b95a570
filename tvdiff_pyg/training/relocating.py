"""Telling a run where the data are now that it was fitted to."""

import os

from tvdiff_pyg.folders import locked
from tvdiff_pyg.training.run_folder import RunFolder


def relocate(run: str | os.PathLike[str], data: str | os.PathLike[str]) -> None:
    """Tell a run where the prepared data are now that it was fitted to.

    Args:
        run: The run folder, of a fit that read prepared data in parts.
        data: The folder that :func:`~tvdiff_pyg.data.prepare` wrote, wherever it is.

    Raises:
        ValueError: If the run holds its interactions itself, or ``data`` are others, or
            a file of them is not as it was written: each is read once.

    Example:
        >>> relocate("runs/parts", "prepared")
        Traceback (most recent call last):
            ...
        FileNotFoundError: 'run' needs to be a folder with a finished epoch, ...
    """
    folder = RunFolder(run)
    kept = folder.kept_data()
    if kept is None:
        raise ValueError(
            f"'run' needs to be one of prepared data, read in parts (got {run}, which "
            "holds its interactions itself)"
        )
    with locked(folder.path, "run"):
        folder.write_graph(kept.at(data))

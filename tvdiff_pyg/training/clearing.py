"""Removing a run, and nothing else."""

import re
from pathlib import Path

from tvdiff_pyg.files import PARTIAL
from tvdiff_pyg.folders import LOCK
from tvdiff_pyg.training.partitioned.checkpoint import BESIDE
from tvdiff_pyg.training.run_folder import RunFolder

# All that a run leaves, and what a killed one was writing.
OWN = re.compile(
    rf"""
    {re.escape(LOCK)}
    | (config\.yaml | metrics\.json | metrics_per_user\.parquet | graph\.pt
       | manifest\.json | checkpoints/(best|last)\.ckpt) (\.\w+{re.escape(PARTIAL)})*
    | checkpoints/(best|last)\.parts-\w+/ (__\d+_\d+\.distcp | \.metadata(\.tmp)?)
    | logs/version_\d+/ (metrics\.csv | hparams\.yaml | events\.out\.tfevents\..*)
    | logs/fit-profile\.txt
    """,
    re.VERBOSE,
)
FOLDERS = (f"checkpoints/*{BESIDE}*", "checkpoints", "logs/version_*", "logs")


def foreign_files(folder: RunFolder) -> list[Path]:
    """Return what in a folder no run has left: files, and folders in their places.

    Args:
        folder: The folder.
    """
    return [
        path
        for path in sorted(Path(folder.path).rglob("*"))
        if path.is_dir() == _is_own(path, folder)
    ]


def clear(folder: RunFolder, curves: bool = True) -> None:
    """Remove a run.

    The manifest goes last: while a file is there, so is what tells of it.

    Args:
        folder: The run folder.
        curves: Whether the training curves there are the run's. (default: ``True``)
    """
    home = Path(folder.path)
    drawn = [*home.glob("logs/version_*/*"), *home.glob("logs/*.txt")]
    for path in (*(drawn if curves else []), *folder.files()):
        if _is_own(path, folder):
            path.unlink()
    clear_torn(folder)
    for pattern in FOLDERS:
        for place in home.glob(pattern):
            if not any(place.iterdir()):
                place.rmdir()


def clear_torn(folder: RunFolder) -> None:
    """Remove what killed processes were writing.

    Args:
        folder: The run folder, with all of its files: a torn one stands for a file
            that has never been there.
    """
    for place in (Path(folder.path), folder.best_checkpoint.parent):
        for path in place.glob(f"*{PARTIAL}"):
            if _is_own(path, folder):
                path.unlink()


def _is_own(path: Path, folder: RunFolder) -> bool:
    name = path.relative_to(folder.path).as_posix()
    return OWN.fullmatch(name) is not None

"""Recommendations for the users of a run, ranked by several processes."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.recommend.asked import listed_ids
from tvdiff_pyg.recommend.processes.share import Share, check_parted, share_of
from tvdiff_pyg.recommend.recommendations import Id
from tvdiff_pyg.recommend.to_file import recommend_to_file, types_of, users_at_once
from tvdiff_pyg.recommend.write_frames import check_target, write_frames
from tvdiff_pyg.training.collectives import of_all_processes, of_first
from tvdiff_pyg.training.launching import share_out
from tvdiff_pyg.training.process_options import ProcessOptions


def recommend_run(
    run: str | os.PathLike[str],
    path: str | os.PathLike[str],
    users: Sequence[Id] | None = None,
    k: int = 10,
    filter_seen: bool = True,
    *,
    options: ProcessOptions | None = None,
) -> int:
    """Rank all items for users of a run, each user by one of several processes.

    The rows, and their order, are those of
    :func:`~tvdiff_pyg.recommend.recommend_to_file`. Each process writes what it has
    ranked beside the file, in a folder that all of them see; the first puts them
    together, a block of users at a time. As a script, several need this to be called
    under ``if __name__ == "__main__":``.

    Args:
        run: The run folder.
        path: As for :func:`~tvdiff_pyg.recommend.recommend_to_file`.
        users: Original user ids; all users if omitted. (default: ``None``)
        k: How many items, at least 1. (default: ``10``)
        filter_seen: Leave out what they are known to have met. (default: ``True``)
        options: Where to compute, and by how many processes.
            (default: ``ProcessOptions()``)

    Returns:
        The number of rows.

    Raises:
        OSError: If the file cannot be written.
        ProcessLostError: If one of several processes was ended by something else.
        ValueError: As :func:`~tvdiff_pyg.recommend.recommend_to_file`, or if
            the model cannot be parted, and is to be.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg import Settings, fit
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = fit(graph, Settings(model="popularity"), run=f"{folder}/run")
        ...     recommend_run(f"{folder}/run", f"{folder}/best.csv", k=2)
        120
    """
    check_target("path", path)
    check_integer("k", k, low=1)
    options = options or ProcessOptions()
    check_parted(run, options)
    asked = run, path, users, k, filter_seen, options
    rows: int = share_out(options, _recommend, *asked)
    return rows


def _recommend(
    run: str | os.PathLike[str],
    path: str | os.PathLike[str],
    users: Sequence[Id] | None,
    k: int,
    filter_seen: bool,
    options: ProcessOptions,
) -> int:
    """Recommend, in one of the processes."""
    share = share_of(run, options)
    if share.processes.world_size == 1:
        return recommend_to_file(share.recommender, path, users, k, filter_seen)
    blocks = _asked(share, users).split(users_at_once(k))
    with _shared_folder(share, Path(path).parent) as folder:
        for number, block in enumerate(blocks):
            _rank(share, block, k, filter_seen, folder / f"{number}-")
        of_all_processes(None)  # All of them have written.
        rows = 0
        if share.processes.is_first:
            types = types_of(share.recommender)
            frames = (_block(folder, n, types) for n in range(len(blocks)))
            rows = write_frames(path, frames)
        return of_first(rows)


def _asked(share: Share, users: Sequence[Id] | None) -> Tensor:
    """Find the users that are asked about, which the first process does for all."""
    found: Tensor | ValueError | None = None
    if share.processes.is_first:
        ids = share.user_ids
        try:
            found = (
                torch.arange(len(ids))
                if users is None
                else listed_ids("users", users, ids)
            )
        except ValueError as error:
            found = error
    found = of_first(found)
    if isinstance(found, ValueError):
        raise found
    assert found is not None
    return found


def _rank(share: Share, block: Tensor, k: int, filter_seen: bool, start: Path) -> None:
    """Rank those of a block whom this process ranks, and keep their rows."""
    own = share.owns(block).nonzero().view(-1)
    if not own.numel():
        return
    found = share.recommender.recommend(share.ids(block[own]), k, filter_seen)
    lengths = torch.tensor([len(items) for items in found.items])
    place = pl.Series("place", own.repeat_interleave(lengths).numpy())
    frame = found.to_frame().cast(types_of(share.recommender)).with_columns(place)
    frame.write_parquet(f"{start}{share.processes.rank}.parquet")


def _block(folder: Path, number: int, types: pl.Schema) -> pl.DataFrame:
    """Put the rows of a block in the order asked for."""
    files = sorted(folder.glob(f"{number}-*.parquet"))
    rows = pl.concat([pl.read_parquet(file) for file in files])
    return rows.sort("place", maintain_order=True).drop("place").cast(types)


@contextmanager
def _shared_folder(share: Share, beside: Path) -> Iterator[Path]:
    """Give a folder to all processes, which the first makes and removes."""
    if not share.processes.is_first:
        yield Path(of_first(""))
        return
    with TemporaryDirectory(prefix=".parts-", dir=beside) as folder:
        yield Path(of_first(os.path.abspath(folder)))

"""Which prepared data a file stands for, and where they are found again."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.prepared import PreparedData, is_prepared
from tvdiff_pyg.plain import load_plain, save_plain


@dataclass(frozen=True)
class KeptData:
    """What a file tells of prepared data, in their place.

    Args:
        places: Folders where they may be, the likeliest first.
        trained: Held-out parts that are training pairs again.
        told: What the folder says of itself.
    """

    places: tuple[str, ...]
    trained: tuple[str, ...]
    told: str

    @staticmethod
    def read(path: str | os.PathLike[str]) -> "KeptData | None":
        """Read what :func:`~tvdiff_pyg.data.kept_data.keep` wrote.

        Returns ``None`` if the file is of another kind.

        Args:
            path: The file.
        """
        state = load_plain(path, "path", "a saved graph", mmap=True)
        if not isinstance(state, dict) or "prepared" not in state:
            return None
        # As far from the file as they were: both may have been moved together.
        beside = Path(path).resolve().parent / state["beside"]
        places = state["prepared"], os.path.normpath(beside)
        return KeptData(places, tuple(state["trained"]), state["told"])

    def is_of(self, data: PreparedData) -> bool:
        """Whether these are the data, wherever they are.

        Args:
            data: Prepared data.
        """
        return (data.trained, data.told) == (self.trained, self.told)

    def found(self) -> PreparedData:
        """Return the data, from where they are.

        Raises:
            ValueError: If they are in none of the places.
        """
        there = [PreparedData(one, self.trained) for one in self.places if _holds(one)]
        for data in there:
            if self.is_of(data):
                return data
        held = "others are there" if there else "nothing is there"
        raise ValueError(
            f"'data' needs to be as it was prepared, and where it was or as far from "
            f"the run (got {self.places[0]!r}, but {held}: 'tvdiff relocate RUN --data "
            f"DIR' tells a run where its data are)"
        )

    def at(self, folder: str | os.PathLike[str]) -> PreparedData:
        """Return the data, from a folder that they are said to be in.

        Args:
            folder: The folder.

        Raises:
            ValueError: If it holds others, or none, or a file is not as it was written.
        """
        data = PreparedData(os.fspath(folder), self.trained)
        if not self.is_of(data):
            raise ValueError(
                f"'data' needs to be what the run was fitted to, as it was prepared "
                f"(got others in {data.folder!r})"
            )
        data.check()
        return data


def keep(data: BipartiteGraph | PreparedData, path: str | os.PathLike[str]) -> None:
    """Write interactions to a file; of prepared ones, which they are, and where.

    Args:
        data: The interactions.
        path: The file; an existing one is replaced.
    """
    if isinstance(data, BipartiteGraph):
        data.save(path)
        return
    where = Path(data.folder).resolve()
    beside = str(where)
    with suppress(ValueError):  # Drives of Windows are at no distance.
        beside = os.path.relpath(where, Path(path).resolve().parent)
    place = {"prepared": str(where), "beside": beside}
    save_plain({**place, "trained": list(data.trained), "told": data.told}, path)


def kept(path: str | os.PathLike[str]) -> BipartiteGraph | PreparedData:
    """Read what :func:`~tvdiff_pyg.data.kept_data.keep` wrote.

    Args:
        path: The file.

    Raises:
        ValueError: If it holds something else, or the data it stands for are gone.
    """
    found = KeptData.read(path)
    return BipartiteGraph.load(path) if found is None else found.found()


def _holds(place: str) -> bool:
    with suppress(OSError):
        return is_prepared(place)
    return False

"""The ordered map between original user or item ids and the graph's node indices."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
import torch
from torch import Tensor

IdValues = Sequence[int] | Sequence[str] | np.ndarray | pl.Series | Tensor
"""Everything that is accepted as a column of ids."""

# Written as an integer would be: "7" and "-7" are, "007" and "+7" are not. Eighteen
# digits always fit int64.
CANONICAL_INT = r"^(?:0|-?[1-9][0-9]{0,17})$"


def id_series(values: Any, name: str) -> pl.Series:
    """Turns a column of ids into an ``Int64`` or ``String`` series without gaps.

    Integers, and floats that are all whole, become ``Int64``; all else ``String``.

    Args:
        values: The ids, shape ``[num_rows]``.
        name (str): What the ids are, for error messages.

    Returns:
        The ids as a polars series of the same length.

    Raises:
        ValueError: If an id is null or NaN.

    Example:
        >>> id_series(["b", "a"], "user").to_list()
        ['b', 'a']
    """
    series = as_series(values)
    if null_count := series.null_count():
        row = int(series.is_null().arg_true()[0]) + 1
        raise ValueError(
            f"'{name}' needs an id in every row "
            f"(got {null_count} empty, the first in row {row})"
        )
    if series.dtype.is_float() and bool((series == series.floor()).all()):
        series = series.cast(pl.Int64)
    return series.cast(pl.Int64 if series.dtype.is_integer() else pl.String).alias(name)


def as_series(values: Any) -> pl.Series:
    """Turns a list, array, tensor or series into a polars series; NaN becomes null.

    Example:
        >>> as_series([1.0, float("nan")]).to_list()
        [1.0, None]
    """
    series = values if isinstance(values, pl.Series) else _new_series(values)
    return series.fill_nan(None) if series.dtype.is_float() else series


def _new_series(values: Any) -> pl.Series:
    if isinstance(values, Tensor):
        values = values.detach().cpu().numpy()
    is_array = isinstance(values, np.ndarray)
    array: np.ndarray = values if is_array else np.array(values, dtype=object)
    if array.ndim != 1:
        raise ValueError(f"a column needs one dimension (got shape {array.shape})")
    if array.dtype != object:
        return pl.Series(array)
    # NaN is the one value that differs from itself; beside strings it would be "NaN".
    array = array.copy()
    array[array != array] = None
    return pl.Series(array.tolist(), strict=False)


class IdMap:
    """An immutable, ordered map between original ids and indices ``0, 1, ...``.

    Args:
        ids: The distinct original ids, integers or strings, shape ``[num_ids]``; the
            id at position ``k`` gets index ``k``.
        name (str): What the ids are, for messages. (default: ``"id"``)

    Raises:
        ValueError: If an id is null, NaN or stands twice.

    Example:
        >>> items = IdMap(["apple", "pear"], "item")
        >>> items.index(["pear", "apple"])
        tensor([1, 0])
        >>> items.ids([1])
        ['pear']
    """

    def __init__(self, ids: IdValues, name: str = "id") -> None:
        self.name = name
        self._ids = id_series(ids, name)
        num_distinct = self._ids.n_unique()
        if num_distinct != len(self._ids):
            raise ValueError(
                f"'{name}' ids need to be distinct "
                f"(got {len(self._ids) - num_distinct} duplicates)"
            )
        self._table = pl.DataFrame({"id": self._ids}).with_row_index("index")

    def find(self, ids: IdValues) -> Tensor:
        """Returns the index of every id, and -1 for an unknown one.

        Args:
            ids: Original ids, shape ``[num_queries]``. Strings that are written like
                integers are accepted by a map of integers, and the other way round.

        Returns:
            The indices, ``int64``, shape ``[num_queries]``.

        Example:
            >>> IdMap([30, 51]).find(["51", "x"])
            tensor([ 1, -1])
        """
        query = self._as_own_dtype(id_series(ids, self.name)).to_frame("id")
        found = query.join(self._table, on="id", how="left", maintain_order="left")
        return torch.tensor(found["index"].cast(pl.Int64).fill_null(-1).to_numpy())

    def index(self, ids: IdValues) -> Tensor:
        """Returns the index of every id.

        Args:
            ids: Original ids, shape ``[num_queries]``.

        Returns:
            The indices, ``int64``, shape ``[num_queries]``.

        Raises:
            ValueError: If an id is unknown; the first one is named.

        Example:
            >>> IdMap([30, 51]).index([51])
            tensor([1])
        """
        index = self.find(ids)
        unknown = (index < 0).nonzero().flatten()
        if unknown.numel() > 0:
            first = id_series(ids, self.name)[int(unknown[0])]
            raise ValueError(
                f"'{self.name}' id {first!r} is unknown "
                f"({unknown.numel()} of {index.numel()} ids are)"
            )
        return index

    def contains(self, ids: IdValues) -> Tensor:
        """Returns a boolean per id, true where the id is known.

        Args:
            ids: Original ids, shape ``[num_queries]``.

        Returns:
            A boolean tensor, shape ``[num_queries]``.

        Example:
            >>> IdMap([30, 51]).contains([51, 52])
            tensor([ True, False])
        """
        return self.find(ids) >= 0

    def ids(self, index: Tensor | Sequence[int] | None = None) -> list[Any]:
        """Returns the original ids that stand at some indices.

        Args:
            index: Indices in ``[0, len(self))``. (default: all of them, in order)

        Returns:
            A list of ``int`` or of ``str``.

        Raises:
            ValueError: If an index is out of range.

        Example:
            >>> IdMap(["a", "b"]).ids([1, 0])
            ['b', 'a']
        """
        if index is None:
            return self._ids.to_list()
        place = torch.as_tensor(index, dtype=torch.long).flatten().cpu()
        outside = place[(place < 0) | (place >= len(self))]
        if outside.numel() > 0:
            raise ValueError(
                f"'index' needs to be in [0, {len(self)}) (got {int(outside[0])})"
            )
        return self._ids.gather(pl.Series(place.numpy())).to_list()

    def state_dict(self) -> dict[str, Any]:
        """Returns the map as a string and a tensor (or a list of strings)."""
        is_int = self._ids.dtype == pl.Int64
        ids = torch.tensor(self._ids.to_numpy()) if is_int else self._ids.to_list()
        return {"name": self.name, "ids": ids}

    @classmethod
    def from_state_dict(cls, state: dict[str, Any]) -> "IdMap":
        """Rebuilds a map from what :meth:`state_dict` returned.

        Example:
            >>> IdMap.from_state_dict(IdMap([7], "user").state_dict())
            IdMap(user, 1)
        """
        return cls(state["ids"], state["name"])

    def _as_own_dtype(self, query: pl.Series) -> pl.Series:
        if self._ids.dtype == pl.String or query.dtype == pl.Int64:
            return query.cast(self._ids.dtype)
        canonical = query.str.contains(CANONICAL_INT)
        return query.cast(pl.Int64, strict=False).set(~canonical, None)

    # The pickled state is made of tensors and strings, so that ``torch.load`` reads it
    # with ``weights_only=True``.
    def __getstate__(self) -> dict[str, Any]:
        return self.state_dict()

    def __setstate__(self, state: dict[str, Any]) -> None:
        IdMap.__init__(self, state["ids"], state["name"])

    def __len__(self) -> int:
        return len(self._ids)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, IdMap):
            return NotImplemented
        return self.name == other.name and self._ids.equals(
            other._ids, check_dtypes=True
        )

    def __hash__(self) -> int:
        return hash((self.name, len(self)))

    def __repr__(self) -> str:
        return f"IdMap({self.name}, {len(self)})"


torch.serialization.add_safe_globals([IdMap])

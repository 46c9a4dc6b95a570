"""The ordered map between original user or item ids and the graph's node indices."""

from collections.abc import Sequence
from typing import Any

import polars as pl
import torch
from torch import Tensor

from tvdiff_pyg.data.ids import IdValues, id_series, whole_numbers
from tvdiff_pyg.sparse.checks import check_ids


class IdMap:
    """An immutable, ordered map between original ids and indices ``0, 1, ...``.

    Args:
        ids: The distinct original ids, integers or strings, shape ``[num_ids]``; the
            id at position ``k`` gets index ``k``.
        name (str): What the ids are, for messages. (default: ``"id"``)

    Raises:
        ValueError: If an id is null or NaN, is no id, or stands twice.

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

    @property
    def dtype(self) -> pl.DataType:
        """The type of a column of these ids, ``Int64`` or ``String``."""
        return self._ids.dtype

    def find(self, ids: IdValues) -> Tensor:
        """Returns the index of every id, and -1 for an unknown one.

        Args:
            ids: Original ids, shape ``[num_queries]``. Strings that are written like
                integers are accepted by a map of integers, and the other way round;
                so are floats that are whole.

        Returns:
            The indices, ``int64``, shape ``[num_queries]``.

        Raises:
            ValueError: If a value is none that could be an id.

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
        place = torch.as_tensor(index).flatten().cpu()
        place = check_ids("index", place if place.numel() else place.long(), len(self))
        return self._ids.gather(pl.Series(place.numpy())).to_list()

    def extended(self, ids: IdValues) -> "IdMap":
        """Returns a map that has further ids behind its own.

        Args:
            ids: The further ids, shape ``[num_further]``, as in :meth:`find`.

        Raises:
            ValueError: If one is there already or stands twice, or is a word where all
                others are integers.

        Example:
            >>> IdMap([30, 51]).extended(["7"]).ids()
            [30, 51, 7]
        """
        given = id_series(ids, self.name)
        known = given.filter(pl.Series((self.find(given) >= 0).numpy()))
        if len(known) > 0:
            raise ValueError(
                f"'{self.name}' id {known[0]!r} needs to be a new one "
                f"({len(known)} of {len(given)} ids are known)"
            )
        further = self._as_own_dtype(given)
        if further.null_count() > 0:
            word = given.filter(further.is_null())[0]
            raise ValueError(
                f"'{self.name}' id {word!r} needs to be an integer, as all others are"
            )
        return IdMap(pl.concat([self._ids, further]), self.name)

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
        return whole_numbers(query)

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

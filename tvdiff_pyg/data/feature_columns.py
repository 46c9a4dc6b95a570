"""From columns of numbers and of words to features: dense, or sparse with words."""

from collections.abc import Sequence

import polars as pl
import torch
from torch import Tensor

from tvdiff_pyg.data.column import UNREADABLE, first_row
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.formats import to_torch_csr

# What parts the words of one field.
_BETWEEN_WORDS = "|"


def features_of_columns(columns: Sequence[pl.Series], side: str) -> Tensor:
    """Turns columns into features: a number into one, words into one for each word.

    Args:
        columns: The columns, aligned with the nodes, of shape ``[num_nodes]`` each.
        side (str): What the nodes are, for messages.

    Returns:
        Features, single precision: dense, or in the layout CSR where there are words.

    Raises:
        ValueError: If a column holds neither numbers nor words, or a number is missing
            or not finite.

    Example:
        >>> columns = [pl.Series([1.0, 3.0]), pl.Series(["b", "a|b"])]
        >>> features_of_columns(columns, "item").to_dense()
        tensor([[-1.,  0.,  1.],
                [ 1.,  1.,  1.]])
    """
    parts = [_encoded(column, side) for column in columns]
    if not any(isinstance(part, CSR) for part in parts):
        return torch.stack([part for part in parts if isinstance(part, Tensor)], dim=1)
    return to_torch_csr(_beside(parts))


def _encoded(column: pl.Series, side: str) -> Tensor | CSR:
    if column.dtype == pl.Object:
        column = _of_one_type(column)
    if column.dtype.is_numeric() or column.dtype == pl.Boolean:
        return _numbers(column.cast(pl.Float64), side)
    if column.dtype in (pl.String, pl.Categorical, pl.Enum):
        return _words(column.cast(pl.String), side)
    raise ValueError(
        f"'{side}' needs columns of numbers or of words "
        f"(got {column.dtype} values in {column.name!r})"
    )


def _of_one_type(column: pl.Series) -> pl.Series:
    """Read Python's objects as numbers or words, where they are all of one type."""
    try:
        return pl.Series(column.name, column.to_list())
    except UNREADABLE:
        return column


def _numbers(column: pl.Series, side: str) -> Tensor:
    """Return numbers of mean 0 and deviation 1; those that are all alike are 0."""
    is_wrong = ~column.is_finite().fill_null(False)
    if is_wrong.any():
        raise ValueError(
            f"'{side}' needs a finite number for each {side} in {column.name!r} (got "
            f"{column[first_row(is_wrong) - 1]}; a column of words may have gaps)"
        )
    numbers = torch.tensor(column.to_numpy())
    deviation = numbers.std(correction=0)
    scale = deviation if deviation > 0 else torch.ones(())
    return ((numbers - numbers.mean()) / scale).float()


def _words(column: pl.Series, side: str) -> CSR:
    """Return a column for each word, by the alphabet, of ones where it stands."""
    frame = pl.DataFrame({"word": column.str.split(_BETWEEN_WORDS)})
    found = (
        frame.with_row_index("node")
        .explode("word")
        .with_columns(pl.col("word").str.strip_chars())
        .filter(pl.col("word").str.len_bytes() > 0)
        .unique()
    )
    words = found["word"].unique().sort()
    if len(words) == 0:
        raise ValueError(f"'{side}' needs words in {column.name!r} (got none)")
    place = pl.DataFrame({"word": words}).with_row_index("place")
    pairs = found.join(place, on="word").select("node", "place").to_numpy()
    index = torch.tensor(pairs, dtype=torch.long).t()
    return CSR.from_edge_index(index, (len(column), len(words)))


def _beside(parts: Sequence[Tensor | CSR]) -> CSR:
    """Join sparse columns, and dense ones as entries, in their order."""
    pairs, values, width, height = [], [], 0, 0
    for part in parts:
        if isinstance(part, CSR):
            row, col, value = part.row(), part.col, part.values()
        else:
            row = part.nonzero().flatten()
            col, value = torch.zeros_like(row), part[row]
        pairs.append(torch.stack([row, col + width]))
        values.append(value)
        width += part.num_cols if isinstance(part, CSR) else 1
        height = part.num_rows if isinstance(part, CSR) else part.numel()
    return CSR.from_edge_index(
        torch.cat(pairs, dim=1), (height, width), torch.cat(values)
    )

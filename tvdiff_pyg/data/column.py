"""One column of whatever holds it: a series, an array, a tensor or Python objects."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
from torch import Tensor

# What a conversion raises, whoever carries it out. polars' exceptions have a base of
# their own (panics even outside of it), pyarrow's are among Python's.
UNREADABLE = (
    pl.exceptions.PanicException,
    pl.exceptions.PolarsError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)
# What tells Arrow's columns; those of pyarrow before 16 have the last one alone.
_OF_ARROW = ("__arrow_c_array__", "__arrow_c_stream__", "to_pylist")


def raw_column(values: Any, name: str) -> pl.Series:
    """Turns a column into a polars series, NaN and other gaps as null.

    Args:
        values: A series of polars or pandas, an array of numpy or pyarrow, a tensor, or
            a list, shape ``[num_rows]``.
        name (str): What the column is, for error messages.

    Returns:
        The series; of the type ``Object`` where the values are Python's.

    Raises:
        ValueError: If this is no column, or it has another dimension than one.

    Example:
        >>> raw_column(np.array([1.0, np.nan]), "rating").to_list()
        [1.0, None]
        >>> raw_column(["b", 1], "item").dtype
        Object
    """
    try:
        column = _unwrapped(values)
        if len(column.shape) == 1:
            return _series(column)
    except UNREADABLE as error:
        raise ValueError(
            f"'{name}' needs to be a column "
            f"(got {type(values).__name__}: {first_line(error)})"
        ) from error
    raise ValueError(f"'{name}' needs one dimension (got shape {column.shape})")


def first_line(error: BaseException) -> str:
    """Returns the first line of an error's message, for a sentence about it."""
    line = str(error).strip().partition("\n")[0]
    return line if len(line) <= 120 else f"{line[:120]}..."


def first_row(is_wrong: pl.Series) -> int:
    """Returns the row of the first true value, counted from 1."""
    return int(is_wrong.arg_true()[0]) + 1


def _unwrapped(values: Any) -> Any:
    if isinstance(values, pl.Series):
        return values
    if isinstance(values, Tensor):
        return values.detach().cpu().numpy()
    if hasattr(values, "isna") and hasattr(values, "to_numpy"):
        return _from_pandas(values)
    if any(hasattr(values, name) for name in _OF_ARROW):
        return pl.Series(values)
    if isinstance(values, np.ma.MaskedArray):
        array = values.data.astype(object)
        array[np.ma.getmaskarray(values)] = None
        return array
    if isinstance(values, np.ndarray):
        return values
    if isinstance(values, str | bytes | dict | set | frozenset):
        raise TypeError("it has no order, or one value")
    return np.array(list(values), dtype=object)


def _from_pandas(values: Any) -> Any:
    dtype = values.dtype
    if hasattr(dtype, "pyarrow_dtype"):
        return pl.Series(values.array.__arrow_array__())
    if getattr(dtype, "tz", None) is not None:
        # numpy has no zones: in UTC, with the resolution kept.
        return np.asarray(values, dtype=f"datetime64[{dtype.unit}]")
    # Its several kinds of missing values all become None.
    if values.isna().any():
        return values.to_numpy(dtype=object, na_value=None)
    return np.asarray(values)


def _series(column: pl.Series | np.ndarray) -> pl.Series:
    if isinstance(column, np.ndarray):
        if column.dtype == object:
            return _objects(column)
        column = pl.Series(_with_known_unit(column))
    if column.dtype == pl.Object:
        return _objects(np.array(column.to_list(), dtype=object))
    return column.fill_nan(None) if column.dtype.is_float() else column


def _with_known_unit(array: np.ndarray) -> np.ndarray:
    if array.dtype.kind != "M" or np.datetime_data(array.dtype)[0] not in "YMWhms":
        return array
    # polars has days, milliseconds and finer.
    known = array.astype("datetime64[ms]")
    if not np.array_equal(known.astype(array.dtype), array, equal_nan=True):
        raise ValueError("a time is out of range")
    return known


def _objects(array: np.ndarray) -> pl.Series:
    kinds = set(map(type, array))
    # polars aborts on the first, and takes no notice of the second.
    if Decimal in kinds and any(map(_is_infinite, array)):
        raise ValueError("an infinite decimal")
    is_time = any(issubclass(kind, datetime) for kind in kinds)
    if is_time and len(set(map(_has_zone, array)) - {None}) > 1:
        raise ValueError("times with and without a zone")
    # pandas' NA cannot be compared.
    if any(kind.__name__ == "NAType" for kind in kinds):
        is_na = np.array([type(value).__name__ == "NAType" for value in array])
    else:  # NaN and NaT are the only values that differ from themselves.
        is_na = np.asarray(array != array, dtype=bool)
    if is_na.any():
        array = array.copy()
        array[is_na] = None
    values = kinds - {type(None)}
    if values and all(map(_is_moment, values)):
        # With their nanoseconds, which Python's own times lack.
        return pl.Series(_with_known_unit(np.array(list(map(_moment, array)))))
    return pl.Series(array.tolist(), dtype=pl.Object)


def _is_moment(kind: type) -> bool:
    return issubclass(kind, np.datetime64) or hasattr(kind, "to_datetime64")


def _moment(value: Any) -> np.datetime64:
    if value is None:
        # In the coarsest unit, which changes none that stand beside it.
        return np.datetime64("NaT", "Y")
    return value if isinstance(value, np.datetime64) else value.to_datetime64()


def _is_infinite(value: Any) -> bool:
    return isinstance(value, Decimal) and value.is_infinite()


def _has_zone(value: Any) -> bool | None:
    return value.tzinfo is not None if isinstance(value, datetime) else None

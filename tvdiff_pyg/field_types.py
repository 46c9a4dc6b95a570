"""Whether a value is of the type of its field, that type in words, plain values."""

import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

_PLAIN = {
    bool: "true or false",
    int: "an integer",
    float: "a number",
    str: "a string",
    Path: "a path",
    type(None): "none",
}


def fits(value: Any, hint: Any) -> bool:
    """Whether a value is of a type; of those beyond plain ones, it always is.

    Args:
        value: The value.
        hint: The type, as a field is annotated.

    Example:
        >>> fits(True, int), fits(3, float), fits(None, int | None)
        (False, True, True)
    """
    origin = get_origin(hint)
    if origin is Literal:
        return any(value is one or value == one for one in get_args(hint))
    if origin in (Union, types.UnionType):
        return any(fits(value, one) for one in get_args(hint))
    if origin is tuple:
        inner = get_args(hint)[0]
        return isinstance(value, tuple) and all(fits(one, inner) for one in value)
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if hint is int:
        return isinstance(value, int) and not isinstance(value, bool)
    kind = origin or hint
    return kind is Any or not isinstance(kind, type) or isinstance(value, kind)


def check_fits(name: str, value: Any, hint: Any) -> None:
    """Raise unless a value is of a type.

    Args:
        name: What the value is for.
        value: The value.
        hint: The type, as a field is annotated.

    Raises:
        ValueError: If it is not.
    """
    if not fits(value, hint):
        raise ValueError(f"'{name}' needs to be {describe(hint)} (got {value!r})")


def as_plain(value: Any) -> Any:
    """Turn a number or string of a class derived from a plain one into the plain one.

    NumPy's ``str_`` and ``float64`` are such classes, which no file of settings has.

    Args:
        value: The value; others stay as they are.

    Example:
        >>> import numpy as np
        >>> as_plain(np.float64(0.5)), as_plain(np.str_("bpr")), as_plain(True)
        (0.5, 'bpr', True)
    """
    if type(value) is tuple:
        return tuple(as_plain(one) for one in value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, float):
        return float.__float__(value)
    return value


def describe(hint: Any) -> str:
    """Say in words what a value of a type is.

    Args:
        hint: The type, as a field is annotated.

    Example:
        >>> describe(int | None)
        'an integer or none'
    """
    origin = get_origin(hint)
    if origin is Literal:
        return f"one of {list(get_args(hint))}"
    if origin in (Union, types.UnionType):
        return " or ".join(describe(one) for one in get_args(hint))
    if origin is tuple:
        return f"a list, each {describe(get_args(hint)[0])}"
    return _PLAIN.get(hint) or f"of {getattr(hint, '__name__', hint)}"

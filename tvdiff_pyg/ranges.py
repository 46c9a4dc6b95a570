"""What a number needs to be: of its type, and in its range."""

from numbers import Integral, Real
from typing import Any

#: The largest integer that is taken anywhere: seeds go up to it.
MOST = 2**32 - 1
#: The largest number in single precision, in which everything is computed.
LARGEST = 3.4028234663852886e38


def check_integer(name: str, value: Any, low: int, high: int | None = None) -> None:
    """Raise unless a value is an integer in a range.

    Args:
        name: The argument.
        value: What was given for it.
        low: The lowest that it may be.
        high: The highest; ``2**32 - 1`` if ``None``. (default: ``None``)

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_integer("k", 0, low=1)
        Traceback (most recent call last):
            ...
        ValueError: 'k' needs to be at least 1 (got 0)
    """
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise ValueError(f"'{name}' needs to be an integer (got {value!r})")
    number = int(value)
    most = MOST if high is None else high
    if low <= number <= most:
        return
    wanted = f"at least {low}" if number < low else f"at most {most}"
    if most < MOST:
        wanted = f"in [{low}, {most}]"
    raise ValueError(f"'{name}' needs to be {wanted} (got {value})")


def check_bool(name: str, value: Any) -> None:
    """Raise a ``ValueError`` unless a value is true or false, and no other word.

    Example:
        >>> check_bool("explain", "no")
        Traceback (most recent call last):
            ...
        ValueError: 'explain' needs to be true or false (got 'no')
    """
    if not isinstance(value, bool):
        raise ValueError(f"'{name}' needs to be true or false (got {value!r})")


def check_number(
    name: str,
    value: Any,
    low: float,
    high: float | None = None,
    *,
    above: bool = False,
    below: bool = False,
) -> None:
    """Raise unless a value is a number in a range; NaN and infinity are none.

    Args:
        name: The argument.
        value: What was given for it.
        low: The lowest that it may be.
        high: The highest; any finite one if ``None``. (default: ``None``)
        above: Whether it has to be above ``low``. (default: ``False``)
        below: Whether it has to be below ``high``. (default: ``False``)

    Raises:
        ValueError: If it is not.

    Example:
        >>> check_number("accept_ratio", 0, 0, 1, above=True)
        Traceback (most recent call last):
            ...
        ValueError: 'accept_ratio' needs to be in (0, 1] (got 0)
    """
    if isinstance(value, bool) or not isinstance(value, Real):
        raise ValueError(f"'{name}' needs to be a number (got {value!r})")
    number: Any = value
    # NaN compares as false.
    holds = number > low if above else number >= low
    if high is not None:
        holds = holds and (number < high if below else number <= high)
    if not holds:
        wanted = _in_words(low, high, above, below)
        raise ValueError(f"'{name}' needs to be {wanted} (got {value})")
    check_finite(name, number)


def check_finite(name: str, value: float) -> None:
    """Raise unless a number is finite in single precision.

    Args:
        name: The argument.
        value: The number.

    Raises:
        ValueError: If it is not.
    """
    # NaN compares as false.
    if not abs(value) <= LARGEST:
        shown = f"{value:.3g}" if isinstance(value, float) else "a larger integer"
        raise ValueError(f"'{name}' needs to be finite (got {shown})")


def _in_words(low: float, high: float | None, above: bool, below: bool) -> str:
    if high is not None:
        return f"in {'(' if above else '['}{low:g}, {high:g}{')' if below else ']'}"
    if not above:
        return f"at least {low:g}"
    return "positive" if low == 0 else f"above {low:g}"

"""Text from outside, as a terminal, a table or a page can show it."""

import re

# Controls (escape sequences begin with one), marks that turn the direction of writing,
# line separators, and halves of surrogate pairs, which no encoding has.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""Return a line without what would command a terminal.

    Args:
        text: Any text.

    Example:
        >>> print(printable("red \x1b[31m title"))
        red \u001b[31m title
    """
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)

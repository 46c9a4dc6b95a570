"""Where what is printed goes."""

from rich import get_console


def is_live() -> bool:
    """Whether what is printed can be overwritten: in a terminal, or in a notebook.

    Example:
        >>> is_live() in (True, False)
        True
    """
    console = get_console()
    return console.is_jupyter or (console.is_terminal and not console.is_dumb_terminal)

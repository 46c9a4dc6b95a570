"""Packages whose names are imported when they are first read."""

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

from tvdiff_pyg.quiet import pyg_imported_quietly

#: Packages that not everything here needs, and the extras that bring them.
EXTRAS = {"pytorch_lightning": "train"}


def names_of(package: str, homes: Mapping[str, str]) -> Callable[[str], Any]:
    """Return what finds the names of a package, to be its ``__getattr__``.

    A module that has the name of what it defines would stand in the way. A name that
    needs what only an extra brings says which one. PyG is imported quietly.

    Args:
        package: The package's name.
        homes: The module that each public name is in; other names are those of modules.

    Example:
        >>> find = names_of("tvdiff_pyg", {"top_k": "ranking"})
        >>> find("top_k").__name__, find("ranking").__name__
        ('top_k', 'tvdiff_pyg.ranking')
    """

    def find(name: str) -> Any:
        if name in homes:
            value = getattr(_home(f"{package}.{homes[name]}", name), name)
            setattr(sys.modules[package], name, value)
            return value
        missing = AttributeError(f"module {package!r} has no attribute {name!r}")
        if name.startswith("_"):
            raise missing
        try:
            with pyg_imported_quietly():
                return import_module(f"{package}.{name}")
        except ModuleNotFoundError as error:
            if error.name != f"{package}.{name}":
                raise
            raise missing from None

    return find


def _home(module: str, name: str) -> ModuleType:
    try:
        with pyg_imported_quietly():
            return import_module(module)
    except ModuleNotFoundError as error:
        missing = str(error.name).partition(".")[0]
        if missing not in EXTRAS:
            raise
        raise ImportError(
            f"{name!r} needs {missing} (pip install 'tvdiff_pyg[{EXTRAS[missing]}]')"
        ) from error

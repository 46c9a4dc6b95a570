"""Parts by name: models, denoisers, schedules, entropies, samplers, data sets, ...

A part registers itself under a name with the config that holds its settings. What is
registered can be chosen on the command line and is kept in run folders, whether it
comes with this package or from outside.
"""

import importlib
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, is_dataclass
from functools import cache
from importlib.metadata import entry_points
from inspect import cleandoc
from pathlib import Path
from typing import Any, Generic, TypeVar

from tvdiff_pyg.contract import Contract, check_name, check_part

#: Modules that packages name under this group of entry points are plug-ins.
PLUGIN_GROUP = "tvdiff_pyg.plugins"
# A link, of which the text is kept, and a role, of whose target the last name is.
_LINK = re.compile(r"`([^`<]*[^`<\s])\s*<[^`>]*>`__?")
_ROLE = re.compile(r":\w+:`~?(?:\w+\.)*([^`]*)`")

# Plug-ins by their files.
_FILES: dict[str, str] = {}

Part = TypeVar("Part")
Registered = TypeVar("Registered")


@dataclass(frozen=True)
class Entry(Generic[Part]):
    """What is registered under a name.

    Args:
        name: The name.
        part: The class, or whatever else was registered.
        config: The class of its settings; ``None`` if it has none.
    """

    name: str
    part: Part
    config: type[Any] | None

    @property
    def about(self) -> str:
        """The first sentence of its documentation, without markup."""
        text = " ".join(cleandoc(self.part.__doc__ or "").split("\n\n")[0].split())
        text = _ROLE.sub(r"\1", _LINK.sub(r"\1", text)).replace("``", "")
        first = text.partition(". ")[0].rstrip(".")
        return f"{first}." if first else ""


class Registry(Generic[Part]):
    """Parts of one kind, by name.

    Args:
        kind: What the parts are, as messages call it.
        contract: Returns what they need to be, once that is defined.
            (default: anything)

    Example:
        >>> SHAPES: Registry[type] = Registry("shape")
        >>> @SHAPES.register("circle")
        ... class Circle:
        ...     '''All points at one distance.'''
        >>> SHAPES.names(), SHAPES["circle"].about
        (['circle'], 'All points at one distance.')
    """

    def __init__(
        self, kind: str, contract: Callable[[], Contract] | None = None
    ) -> None:
        self.kind = kind
        self._contract = contract
        self._entries: dict[str, Entry[Part]] = {}

    def register(
        self, name: str, config: type[Any] | None = None
    ) -> Callable[[Registered], Registered]:
        """Return a decorator that registers a part.

        Args:
            name: The name, as on the command line.
            config: The class of its settings, a
                :class:`~tvdiff_pyg.config.Config`; of no other part of this kind. A
                part that is such a class is its own. (default: ``None``)

        Raises:
            ValueError: If the name, or the config, belongs to another part, or one of
                these is not what parts of this kind are.
        """
        check_name(self.kind, name)

        def add(part: Registered) -> Registered:
            own = part if isinstance(part, type) and is_dataclass(part) else None
            settings = config or own
            if self._contract is not None:
                label = f"{self.kind} {name!r}"
                check_part(label, part, settings, self._contract())
            for entry in self._entries.values():
                if _is_same(entry.part, part):
                    continue
                if entry.name == name or (settings and entry.config is settings):
                    raise ValueError(
                        f"'name' of the {self.kind} needs to be new, and 'config' to "
                        f"be of one alone (got {name!r} and {settings}, of "
                        f"{entry.part})"
                    )
            self._entries[name] = Entry(name, part, settings)  # type: ignore[arg-type]
            return part

        return add

    def __getitem__(self, name: str) -> Entry[Part]:
        """Return what is registered under a name.

        Raises:
            ValueError: If nothing is.
        """
        return self.find(name, self.kind)

    def find(self, name: str, argument: str) -> Entry[Part]:
        """Return what is registered under a name that an argument gave.

        Args:
            name: The name.
            argument: The argument, for the message.

        Raises:
            ValueError: If nothing is.
        """
        is_name = isinstance(name, str)
        if is_name and name not in self._entries:
            load_plugins()
        if not is_name or name not in self._entries:
            raise ValueError(
                f"'{argument}' needs to be one of {self.names()} (got {name!r})"
            )
        return self._entries[name]

    def of(self, config: object) -> Entry[Part]:
        """Return the part that a config belongs to.

        Args:
            config: Settings of a registered part.

        Raises:
            ValueError: If they belong to none.
        """
        load_plugins()
        for entry in self._entries.values():
            if entry.config is type(config):
                return entry
        raise ValueError(
            f"'config' needs to belong to a registered {self.kind} (got {config!r})"
        )

    def names(self) -> list[str]:
        """Return all names, in the order of registration."""
        load_plugins()
        return list(self._entries)

    def __iter__(self) -> Iterator[Entry[Part]]:
        return iter([self._entries[name] for name in self.names()])


@cache
def load_plugins() -> None:
    """Import, once, what installed packages name as their plug-ins.

    Raises:
        ImportError: If one cannot be imported.
    """
    for found in entry_points(group=PLUGIN_GROUP):
        load_plugin(found.module)


def load_plugin(module: str) -> None:
    """Import a module that registers parts.

    Args:
        module: Its name, as in an import from the current folder or elsewhere, or a
            path of a file that ends with ``.py``.

    Raises:
        ImportError: If it cannot be imported, or a file is named as another module is.
    """
    # On the path, so that other processes find it as well.
    file = Path(module)
    folder, name = Path.cwd(), module
    if file.suffix == ".py":
        folder, name = file.resolve().parent, file.stem
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
    try:
        found = importlib.import_module(name).__dict__.get("__file__")
        if found:
            _FILES[found] = module
    # Whatever a module does when it is imported.
    except (Exception, SystemExit) as error:
        raise ImportError(
            f"'plugin' needs to be a module that can be imported (got {module!r}: "
            f"{type(error).__name__}: {error})"
        ) from error
    if file.suffix == ".py" and (not found or Path(found).resolve() != file.resolve()):
        raise ImportError(
            f"'plugin' needs a file name that no other module has (got {module!r}, "
            f"beside {found or f'{name}, which is part of Python'})"
        )


def plugin_files() -> dict[str, str]:
    """Return what each file that is a plug-in was called when it was loaded."""
    return dict(_FILES)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two parts are one, perhaps from a module that was imported again."""
    names = ("__module__", "__qualname__")
    return one is other or all(
        getattr(one, name, one) == getattr(other, name, other) for name in names
    )

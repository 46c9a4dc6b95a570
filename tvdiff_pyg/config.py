"""Settings of a part, in a dataclass that checks itself, and as one flat set of names.

A part's config may hold those of further parts, chosen by name. Flat, a chosen part is
its name beside its own settings: ``{"schedule": "cosine", "offset": 0.01}``.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Literal, TypeVar, get_type_hints

from typing_extensions import Self

from tvdiff_pyg.field_types import as_plain, check_fits
from tvdiff_pyg.ranges import MOST, check_finite, check_integer
from tvdiff_pyg.registry import Registry

ConfigType = TypeVar("ConfigType", bound="Config")
_REGISTRY = "registry"


@dataclasses.dataclass(frozen=True)
class Config:
    """Base of all configs: checks that each value is of its field's type.

    Subclasses are frozen dataclasses too. They document their fields under ``Args``,
    and check ranges in ``__post_init__`` after calling this one's.

    Raises:
        ValueError: If a value is not of the type of its field.

    Example:
        >>> @dataclasses.dataclass(frozen=True)
        ... class Width(Config):
        ...     channels: int = 64
        >>> Width("wide")
        Traceback (most recent call last):
            ...
        ValueError: 'channels' needs to be an integer (got 'wide')
    """

    def __post_init__(self) -> None:
        """Check the types, and keep plain values."""
        hints = get_type_hints(type(self))
        for field in dataclasses.fields(self):
            value, hint = getattr(self, field.name), hints[field.name]
            check_fits(field.name, value, hint)
            if isinstance(value, int):
                check_integer(field.name, int(value), low=-MOST)
            object.__setattr__(self, field.name, as_plain(value))

    @classmethod
    def of(cls, **values: Any) -> Self:
        """Build from one flat set of names, those of the chosen parts included.

        Args:
            **values: Values by name; what is missing has its default.

        Raises:
            ValueError: If a value is out of range, or nothing reads it.
        """
        read = names_read(cls, values)
        for name in values:
            if name not in read:
                raise ValueError(
                    f"'{name}' is not read by {cls.__name__} with these parts "
                    f"(known: {sorted(read)})"
                )
        return from_flat(cls, values)

    def check(self, name: str, holds: bool, wanted: str) -> None:
        """Raise unless a condition on a field holds.

        Args:
            name: The field.
            holds: The condition; write it so that NaN fails.
            wanted: What the value needs to be, in words.

        Raises:
            ValueError: If it does not hold.
        """
        value = getattr(self, name)
        if not holds:
            raise ValueError(f"'{name}' needs to be {wanted} (got {value!r})")
        if isinstance(value, float):
            check_finite(name, value)

    def check_at_least(self, low: int, *names: str, high: int = MOST) -> None:
        """Raise unless fields are at least a number, and at most another.

        Args:
            low: The number.
            *names: The fields.
            high: The other. (default: ``2**32 - 1``)

        Raises:
            ValueError: If one is below or above.
        """
        for name in names:
            value = getattr(self, name)
            self.check(name, value >= low, f"at least {low}")
            self.check(name, value <= high, f"at most {high}")


def part(registry: Registry[Any], default: str) -> Any:
    """Declare a field that holds the config of a registered part.

    Args:
        registry: The parts to choose from.
        default: The name of the part that is taken if none is chosen.
    """

    def build() -> Any:
        return config_of(registry, default, registry.kind)()

    return dataclasses.field(default_factory=build, metadata={_REGISTRY: registry})


def config_of(registry: Registry[Any], name: str, argument: str) -> type[Config]:
    """Return the class of the settings of a part.

    Args:
        registry: The parts.
        name: The part.
        argument: The argument that gave the name, for messages.

    Raises:
        ValueError: If there is no such part.
    """
    config = registry.find(name, argument).config
    assert config is not None
    return config


def from_flat(kind: type[ConfigType], values: Mapping[str, Any]) -> ConfigType:
    """Build a config, and those of the parts in it, from one flat set of names.

    Args:
        kind: The class of the config.
        values: Values by name; what is missing has its default, and what the config
            does not read is left alone.

    Raises:
        ValueError: If a value is out of range, or there is no such part.
    """
    chosen: dict[str, Any] = {}
    for field, registry in _fields(kind):
        if registry is not None:
            chosen[field.name] = from_flat(_chosen(field, registry, values), values)
        elif field.name in values:
            value = values[field.name]
            # Files know lists only.
            chosen[field.name] = tuple(value) if isinstance(value, list) else value
    return kind(**chosen)


def to_flat(config: Config) -> dict[str, Any]:
    """Write a config, and those of the parts in it, as one flat set of names.

    Args:
        config: The config.
    """
    flat: dict[str, Any] = {}
    for field, registry in _fields(type(config)):
        value = getattr(config, field.name)
        flat[field.name] = value if registry is None else registry.of(value).name
        if registry is not None:
            flat |= to_flat(value)
    return flat


def names_read(kind: type[Config], values: Mapping[str, Any]) -> list[str]:
    """Return the flat names that a config reads, with the parts that are chosen.

    Args:
        kind: The class of the config.
        values: Values by name, of which the names of parts are read.

    Raises:
        ValueError: If there is no such part.
    """
    names: list[str] = []
    for field, registry in _fields(kind):
        names.append(field.name)
        if registry is not None:
            names += names_read(_chosen(field, registry, values), values)
    return list(dict.fromkeys(names))


def parts_read(kind: type[Config], values: Mapping[str, Any]) -> list[str]:
    """Return those of the names of :func:`names_read` that choose a part.

    Args:
        kind: The class of the config.
        values: Values by name, of which the names of parts are read.
    """
    names = []
    for field, registry in _fields(kind):
        if registry is not None:
            chosen = _chosen(field, registry, values)
            names += [field.name, *parts_read(chosen, values)]
    return names


def flat_fields(
    kind: type[Config], owner: str
) -> Iterator[tuple[str, Any, str, type[Config]]]:
    """Yield all flat fields of a config, whatever parts may be chosen.

    Args:
        kind: The class of the config.
        owner: What reads its settings, in words.

    Yields:
        Name, type, who reads it, and the class that documents it. A part's name is a
        ``Literal`` of those that there are.
    """
    hints = get_type_hints(kind)
    for field, registry in _fields(kind):
        if registry is None:
            yield field.name, hints[field.name], owner, kind
            continue
        yield field.name, Literal[tuple(registry.names())], owner, kind
        for entry in registry:
            if entry.config is not None:
                yield from flat_fields(entry.config, f"{registry.kind} {entry.name!r}")


def _fields(
    kind: type[Config],
) -> Iterator[tuple["dataclasses.Field[Any]", Registry[Any] | None]]:
    for field in dataclasses.fields(kind):
        yield field, field.metadata.get(_REGISTRY)


def _chosen(
    field: "dataclasses.Field[Any]", registry: Registry[Any], values: Mapping[str, Any]
) -> type[Config]:
    """Return the config class of the part that is chosen for a field."""
    if field.name in values:
        return config_of(registry, values[field.name], field.name)
    assert field.default_factory is not dataclasses.MISSING
    return type(field.default_factory())

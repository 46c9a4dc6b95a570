"""What a part needs to be so that it can be registered."""

import re
from dataclasses import MISSING, fields
from typing import Any, NamedTuple

_NAME = re.compile(r"[\w.+-]+")


class Contract(NamedTuple):
    """What all parts of one kind are.

    Args:
        part: The base class of the parts.
        config: The base class of their settings; ``None`` if they have none.
            (default: ``None``)
    """

    part: type[Any]
    config: type[Any] | None = None


def check_name(kind: str, name: object) -> None:
    """Raise unless a part can be named so on the command line.

    Args:
        kind: What the part is, as messages call it.
        name: Its name.

    Raises:
        ValueError: If it cannot.

    Example:
        >>> check_name("shape", "full circle")
        Traceback (most recent call last):
            ...
        ValueError: 'name' of the shape needs to be a word, of letters, digits and ...
    """
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise ValueError(
            f"'name' of the {kind} needs to be a word, of letters, digits and '-_.+' "
            f"(got {name!r})"
        )


def check_part(label: str, part: Any, config: Any, contract: Contract) -> None:
    """Raise unless a part, and its settings, keep to a contract.

    Args:
        label: The part's kind and name, for messages.
        part: What is registered.
        config: The class of its settings.
        contract: What both need to be.

    Raises:
        ValueError: If the part or its settings are no such class, a method is missing,
            or a setting has no default.

    Example:
        >>> check_part("shape 'circle'", 7, None, Contract(dict))
        Traceback (most recent call last):
            ...
        ValueError: shape 'circle' needs to be a class derived from dict (got 7)
    """
    if not _derives(part, contract.part):
        raise ValueError(
            f"{label} needs to be a class derived from {contract.part.__name__} "
            f"(got {part!r})"
        )
    _check_defined(label, part)
    if contract.config is None:
        return
    is_own = "__dataclass_params__" in getattr(config, "__dict__", {})
    if not _derives(config, contract.config) or not is_own:
        raise ValueError(
            f"'config' of {label} needs to be a class derived from "
            f"{contract.config.__name__}, with @dataclass(frozen=True) (got {config!r})"
        )
    _check_defined(f"'config' of {label}", config)
    for field in fields(config):
        if field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(
                f"'config' of {label} needs a default for each field "
                f"(got none for {field.name!r})"
            )


def _derives(part: Any, base: type[Any]) -> bool:
    return isinstance(part, type) and issubclass(part, base)


def _check_defined(label: str, part: type[Any]) -> None:
    missing = [name for name in dir(part) if _is_missing(getattr(part, name, None))]
    if missing:
        raise ValueError(
            f"{label} needs to define {', '.join(missing)} ({part.__name__} does not)"
        )


def _is_missing(method: Any) -> bool:
    if not getattr(method, "__isabstractmethod__", False):
        return False
    # PyG marks some methods that its layers do without.
    return not getattr(method, "__module__", "").startswith("torch_geometric.")

"""What subcommands share: how options are read and printed."""

from collections.abc import Collection, Sequence
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from docstring_parser import parse
from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.cli.parser import DashedParser
from tvdiff_pyg.config import Config
from tvdiff_pyg.machine import Device

Taken = TypeVar("Taken", bound=Config)


def new_parser(command: str) -> ArgumentParser:
    """Return the parser of a command, without options.

    Args:
        command: The command's name.
    """
    return DashedParser(
        prog=f"tvdiff {command}", description=COMMANDS[command], exit_on_error=False
    )


def add_options(
    parser: ArgumentParser,
    kind: type[Config],
    skip: Collection[str] = (),
) -> None:
    """Add an option for each field of a dataclass.

    Args:
        parser: Gets the options ``--NAME``.
        kind: The dataclass, whose docstring documents them.
        skip: Fields that are no options. (default: none)
    """
    title = (parse(kind.__doc__ or "").short_description or "").rstrip(".")
    group, hints = parser.add_argument_group(title), get_type_hints(kind)
    about = documented(kind)
    for field in fields(kind):
        if field.name not in skip:
            given = _typed(hints[field.name], field.default)
            group.add_argument(f"--{field.name}", help=about[field.name], **given)


def _typed(kind: Any, default: Any) -> dict[str, Any]:
    """Return what an option of a type takes: of a tuple, one value after another."""
    if get_origin(kind) is tuple:
        return {"type": get_args(kind)[0], "nargs": "+", "default": list(default)}
    has_default = default is not MISSING
    known = {"default": default} if has_default else {"required": True}
    return {"type": kind, **known, **switch(kind)}


def documented(kind: type) -> dict[str, str]:
    """Return what the docstring of a dataclass says of its fields, a line each.

    Args:
        kind: The dataclass.
    """
    found = parse(kind.__doc__ or "").params
    return {one.arg_name: " ".join((one.description or "").split()) for one in found}


def switch(kind: Any) -> dict[str, Any]:
    """Return what lets an option without a value mean ``true``.

    Args:
        kind: The type of the option; nothing is returned but for ``bool``.
    """
    return {"nargs": "?", "const": True} if kind is bool else {}


def add_output_arguments(parser: ArgumentParser) -> None:
    """Add where to score and how to print."""
    parser.add_argument("--device", type=Device, default="auto", help="Where to score.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")


def take(kind: type[Taken], options: Namespace) -> Taken:
    """Build a dataclass from the options of its own names."""
    return kind(**{field.name: options[field.name] for field in fields(kind)})


def print_metrics(part: str, metrics: dict[str, float]) -> None:
    """Print a line for each metric, a column for each cut-off."""
    split = [name.rpartition("@") for name in metrics]
    names, cuts = (list(dict.fromkeys(one[side] for one in split)) for side in (0, 2))
    width = max(len(word) for word in [part, *(f"  {name}" for name in names)])
    say(f"{part:<{width}}" + "".join(f"{'@' + cut:>12}" for cut in cuts))
    for name in names:
        values = "".join(f"{metrics[f'{name}@{cut}']:>12.4f}" for cut in cuts)
        say(f"{'  ' + name:<{width}}{values}")


def print_columns(name: str, cells: Sequence[str]) -> None:
    """Print a name and what stands in each column."""
    say(f"{name:<16}" + "".join(f"{cell:>12}" for cell in cells))

"""What subcommands share: how options are read and printed."""

from collections.abc import Sequence
from dataclasses import fields
from typing import TypeVar

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.cli.parser import DashedParser
from tvdiff_pyg.data import DataOptions
from tvdiff_pyg.machine import Device
from tvdiff_pyg.training import FitOptions

Taken = TypeVar("Taken", DataOptions, FitOptions)


def new_parser(command: str) -> ArgumentParser:
    """Return the parser of a command, without options.

    Args:
        command: The command's name.
    """
    return DashedParser(
        prog=f"tvdiff {command}", description=COMMANDS[command], exit_on_error=False
    )


def add_output_arguments(parser: ArgumentParser) -> None:
    """Add where to score and how to print."""
    parser.add_argument("--device", type=Device, default="auto", help="Where to score.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")


def take(kind: type[Taken], options: Namespace) -> Taken:
    """Build a dataclass from the options of its own names."""
    return kind(**{field.name: options[field.name] for field in fields(kind)})


def print_metrics(part: str, metrics: dict[str, float]) -> None:
    """Print a line for each metric, a column for each cut-off."""
    names = list(dict.fromkeys(name.split("@")[0] for name in metrics))
    cuts = list(dict.fromkeys(name.split("@")[1] for name in metrics))
    print(f"{part:<12}" + "".join(f"{'@' + cut:>12}" for cut in cuts))
    for name in names:
        values = "".join(f"{metrics[f'{name}@{cut}']:>12.4f}" for cut in cuts)
        print(f"  {name:<10}{values}")


def print_columns(name: str, cells: Sequence[str]) -> None:
    """Print a name and what stands in each column."""
    print(f"{name:<16}" + "".join(f"{cell:>12}" for cell in cells))

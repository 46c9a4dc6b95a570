"""Where the command line starts: finds the subcommand, and reports what is wrong.

Only the chosen command is imported, so that help and mistakes are answered at once.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tvdiff_pyg import __version__
from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.registry import load_plugin

BAD_INPUT, INTERRUPTED = 2, 130
REFUSED = (argparse.ArgumentError, ImportError, RuntimeError, ValueError, OSError)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: Arguments after the program's name; those of the process if omitted.
            (default: ``None``)

    Returns:
        The exit status: 0, 2 for a bad input, 130 if interrupted.
    """
    # Factors are large arrays, made and freed in each step: in huge pages their memory
    # comes back several times sooner. PyTorch reads this before its first large array.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    try:
        run, options = parse(sys.argv[1:] if args is None else args)
        run(options)
    except KeyboardInterrupt as error:
        print(f"tvdiff: interrupted; {error}", file=sys.stderr)
        return INTERRUPTED
    except REFUSED as error:
        print(f"tvdiff: {' '.join(str(error).split())}", file=sys.stderr)
        return BAD_INPUT
    return 0


def parse(args: Sequence[str]) -> tuple[Callable[[Any], None], Any]:
    """Find the command, and read its options.

    Args:
        args: Arguments after the program's name.

    Returns:
        What carries the command out, and its options.

    Raises:
        ArgumentError: If there is no such command or option.
        ImportError: If a plug-in cannot be imported.
    """
    plugins, rest = _plugins(list(args))
    for plugin in plugins:
        load_plugin(plugin)
    chosen, options = _command(rest)
    module = importlib.import_module(f"tvdiff_pyg.cli.{chosen}")
    return module.run, module.build_parser().parse_args(options)


def _plugins(args: list[str]) -> tuple[list[str], list[str]]:
    """Take the plug-ins out of the arguments: what they register can be chosen."""
    parser = argparse.ArgumentParser(
        add_help=False, allow_abbrev=False, exit_on_error=False
    )
    parser.add_argument("--plugin", action="append", default=[])
    found, rest = parser.parse_known_args(args)
    return found.plugin, rest


def _command(args: list[str]) -> tuple[str, list[str]]:
    """Find the command, or print the help and leave."""
    parser = argparse.ArgumentParser(
        prog="tvdiff",
        description="Fit TV-Diff or another recommender to interactions, evaluate it, "
        "and recommend.",
        epilog="'tvdiff COMMAND --help' lists the options of a command.",
        exit_on_error=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action="version", version=f"%(prog)s {__version__}"
    )
    # Taken out before; here for the help.
    parser.add_argument(
        "--plugin",
        metavar="MODULE",
        help="a module, or a Python file, that registers parts; may be repeated",
    )
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", title="commands", required=True
    )
    for name, about in COMMANDS.items():
        command = commands.add_parser(name, help=about, add_help=False)
        command.add_argument("rest", nargs=argparse.REMAINDER)
    found = parser.parse_args(args[:1])
    return found.command, args[1:]

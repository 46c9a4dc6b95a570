"""Where the command line starts: finds the subcommand, and reports what is wrong.

Only the chosen command is imported, so that help and mistakes are answered at once.
"""

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from tvdiff_pyg import __version__
from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.cli.output import OneLine, say, warnings_as_lines
from tvdiff_pyg.cli.refusals import refuse
from tvdiff_pyg.cli.signals import Stopping
from tvdiff_pyg.files import check_no_pipe
from tvdiff_pyg.registry import load_plugin


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: Arguments after the program's name; those of the process if omitted.
            (default: ``None``)

    Returns:
        The exit status: 0, 2 for a bad input, 1 for a fault of this package, 130 if
        interrupted (Ctrl-C), 143 if terminated (SIGTERM).
    """
    # Factors are large arrays, made and freed in each step: in huge pages their memory
    # comes back several times sooner. PyTorch reads this before its first large array.
    os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")
    # Threads that spin while they wait starve those that work, on a busy machine.
    # OpenMP reads this when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    with Stopping(process_ends=args is None) as stopping:
        try:
            with _log_shown(), warnings_as_lines():
                run, options = parse(sys.argv[1:] if args is None else args)
                stopping.handle()
                run(options)
        except KeyboardInterrupt as error:
            say(stopping.said(error), error=True)
            return stopping.status
        except Exception as error:
            if stopping.signum is None:
                return refuse(error)
            # What broke because the command ends, such as the workers of a loader.
            say(stopping.said(KeyboardInterrupt()), error=True)
            return stopping.status
    return 0


@contextmanager
def _log_shown() -> Iterator[None]:
    """Print what the library logs, beside the results."""
    logger = logging.getLogger("tvdiff_pyg")
    handler, level = logging.StreamHandler(sys.stderr), logger.level
    handler.setFormatter(OneLine())
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


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
        check_no_pipe(plugin, "plugin")
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

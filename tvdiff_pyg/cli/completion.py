"""``tvdiff completion``: print what lets a shell complete commands and options."""

import argparse
import importlib
import sys
from typing import Any, Literal, get_args, get_origin

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.cli.parser import with_dashes

Shell = Literal["bash", "zsh", "tcsh"]


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("completion")
    parser.add_argument("shell", type=Shell, help="The shell.")
    return parser


def run(options: Namespace) -> None:
    """Print the script, to be kept where the shell reads it."""
    try:
        import shtab
    except ImportError as error:
        raise ImportError(
            "'shtab' needs to be installed for completion: "
            "pip install 'tvdiff_pyg[completion]'"
        ) from error
    files = {"FILE": shtab.FILE, "DIR": shtab.DIRECTORY}
    sys.stdout.write(shtab.complete(_whole(files), shell=options.shell))


def _whole(files: dict[str, Any]) -> argparse.ArgumentParser:
    """Build one plain parser of all commands, which needs to parse nothing."""
    parser = argparse.ArgumentParser(prog="tvdiff")
    parser.add_argument("--version", action="store_true", help="Print the version.")
    parser.add_argument("--plugin", help="A module that registers parts.")
    commands = parser.add_subparsers()
    for name, about in COMMANDS.items():
        plain = commands.add_parser(name, help=about, add_help=False)
        module = importlib.import_module(f"tvdiff_pyg.cli.{name}")
        for action in module.build_parser()._actions:
            if action.help is not argparse.SUPPRESS:
                _add(plain, action, files)
    return parser


def _add(
    parser: argparse.ArgumentParser, action: argparse.Action, files: dict[str, Any]
) -> None:
    names = [with_dashes(name) for name in action.option_strings]
    about = (action.help or "").replace("%", "%%")
    if names and action.nargs == 0:
        parser.add_argument(*names, action="store_true", help=about)
        return
    given: Any = {"help": about, "choices": _choices(action)}
    if names or action.nargs != argparse.REMAINDER:
        given["nargs"] = action.nargs
    added: Any = parser.add_argument(*(names or [action.dest]), **given)
    if action.metavar in files:
        added.complete = files[action.metavar]


def _choices(action: argparse.Action) -> list[str] | None:
    """Return what a value is one of, if its type says so."""
    hint = getattr(action, "_typehint", None)
    return [str(one) for one in get_args(hint)] if get_origin(hint) is Literal else None

"""Where the command line starts: finds the subcommand, and reports what is wrong."""

import sys
from collections.abc import Callable, Sequence

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from tvdiff_pyg import __version__
from tvdiff_pyg.cli import evaluate, fit, plan, recommend, study
from tvdiff_pyg.cli.arguments import use_dashes

BAD_INPUT, INTERRUPTED = 2, 130

COMMANDS: dict[str, Callable[[Namespace], None]] = {
    "fit": fit.run,
    "evaluate": evaluate.run,
    "recommend": recommend.run,
    "plan": plan.run,
    "study": study.run,
}


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: Arguments after the program's name; those of the process if omitted.
            (default: ``None``)

    Returns:
        The exit status: 0, 2 for a bad input, 130 if interrupted.
    """
    try:
        options = _parse(sys.argv[1:] if args is None else list(args))
        COMMANDS[options.subcommand](options[options.subcommand])
    except KeyboardInterrupt as error:
        print(f"tvdiff: interrupted; {error}", file=sys.stderr)
        return INTERRUPTED
    except (ArgumentError, ImportError, RuntimeError, ValueError, OSError) as error:
        print(f"tvdiff: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT
    return 0


def build_parser(preset: str | None = None) -> ArgumentParser:
    """Build the parser; a preset replaces the defaults of its settings.

    Args:
        preset: Name of a preset. (default: ``None``)
    """
    parser = ArgumentParser(
        prog="tvdiff",
        description="Train TV-Diff on interactions, evaluate it, and recommend.",
        version=__version__,
        exit_on_error=False,
    )
    commands = parser.add_subcommands(metavar="COMMAND", title="commands")
    for name, build in (
        ("fit", lambda: fit.build_parser(preset)),
        ("evaluate", evaluate.build_parser),
        ("recommend", recommend.build_parser),
        ("plan", plan.build_parser),
        ("study", study.build_parser),
    ):
        command = build()
        use_dashes(command)
        commands.add_subcommand(name, command, help=command.description)
    return parser


def _parse(args: list[str]) -> Namespace:
    """Parse, a second time where a preset changes the defaults."""
    options = build_parser().parse_args(args)
    chosen = options.get("fit")
    if chosen is not None and chosen.preset is not None:
        options = build_parser(chosen.preset).parse_args(args)
    return options


def _one_line(error: BaseException) -> str:
    """Return what went wrong without jsonargparse's usage lines."""
    return " ".join(str(error).split())

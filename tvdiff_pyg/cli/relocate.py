"""``tvdiff relocate``: tell a run where its prepared data are now."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.cli.output import say


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("relocate")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument(
        "--data",
        type=str,
        required=True,
        metavar="DIR",
        help="The folder of 'tvdiff prepare' that the run was fitted to.",
    )
    return parser


def run(options: Namespace) -> None:
    """Tell the run, and say so."""
    from tvdiff_pyg.training import relocate

    relocate(options.run, options.data)
    say(f"{options.run} reads its data from {options.data}")

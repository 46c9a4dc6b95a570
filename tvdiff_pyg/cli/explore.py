"""``tvdiff explore``: write a page that shows what runs recommend, and why."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.machine import Device


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("explore")
    parser.add_argument(
        "runs",
        metavar="DIR",
        nargs="+",
        type=str,
        help="Run folders, on the same data.",
    )
    parser.add_argument(
        "--out", metavar="FILE", type=str, required=True, help="The page, of HTML."
    )
    parser.add_argument(
        "--users",
        metavar="ID,ID",
        type=str,
        help="The users on it, as a line of CSV; others if not, of all degrees of "
        "activity.",
    )
    parser.add_argument(
        "--num_users", type=int, default=100, help="How many those are."
    )
    parser.add_argument("-k", type=int, default=10, help="How many items each gets.")
    parser.add_argument("--device", type=Device, default="auto", help="Where to score.")
    return parser


def run(options: Namespace) -> None:
    """Write the page, and say where it is."""
    from tvdiff_pyg.cli.ids import ids_of_line
    from tvdiff_pyg.explore import explore

    users = None if options.users is None else ids_of_line("users", options.users)
    explore(
        options.runs, options.out, users, options.num_users, options.k, options.device
    )
    say(f"page: {options.out}")

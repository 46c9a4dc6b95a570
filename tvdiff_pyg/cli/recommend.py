"""``tvdiff recommend``: the best items, printed for one user, written for many."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_options, new_parser, switch
from tvdiff_pyg.training.process_options import ProcessOptions


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("recommend")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument("--user", metavar="ID", type=str, help="A known user.")
    parser.add_argument(
        "--users",
        metavar="FILE|all",
        type=str,
        help="Many known users, a line of the file each, or all of them.",
    )
    parser.add_argument(
        "--out",
        metavar="FILE",
        type=str,
        help="Where recommendations for many go: a name that ends in .parquet, .csv or "
        ".jsonl.",
    )
    parser.add_argument(
        "--items",
        metavar="ID,ID",
        type=str,
        help="The history of a new user, as a line of CSV: an id that holds a comma or "
        "a quote stands in double quotes.",
    )
    parser.add_argument("-k", type=int, default=10, help="How many items.")
    parser.add_argument(
        "--filter_seen",
        type=bool,
        default=True,
        **switch(bool),
        help="Leave out what they are known to have met, held-out parts included.",
    )
    parser.add_argument(
        "--new_items",
        metavar="FILE",
        type=str,
        help="Items that came after training: a file of known users and the new items "
        "that they met, in a column each.",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="Say of each item what of the history it is recommended for most.",
    )
    add_options(parser, ProcessOptions)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Recommend, and print or write."""
    from tvdiff_pyg.cli.recommending import recommend

    recommend(options)

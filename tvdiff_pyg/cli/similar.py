"""``tvdiff similar``: print what is most like an item or a user."""

from typing import Any

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_output_arguments, new_parser
from tvdiff_pyg.cli.ranked import print_ranked


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("similar")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument("--item", metavar="ID", type=str, help="An item.")
    parser.add_argument("--user", metavar="ID", type=str, help="A user.")
    parser.add_argument("-k", type=int, default=10, help="How many.")
    add_output_arguments(parser)
    return parser


def run(options: Namespace) -> None:
    """Compare and print."""
    from tvdiff_pyg.recommend import Recommender

    item, user = options["item"], options["user"]
    if (item is None) == (user is None):
        raise ValueError("'similar' needs either --item or --user (got both or none)")
    recommender = Recommender.load(options.run, options.device)
    if item is not None:
        found = recommender.similar_items([item], options.k)
    else:
        found = recommender.similar_users([user], options.k)
    columns: dict[str, Any] = {
        "user" if item is None else "item": found.ids[0],
        "score": found.scores[0],
        "title": found.titles and found.titles[0],
    }
    print_ranked(columns, options.json)

"""``tvdiff recommend``: print the best items for a user, known or new."""

import json
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_output_arguments, new_parser
from tvdiff_pyg.recommend import Recommendations, Recommender


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("recommend")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument("--user", metavar="ID", type=str, help="A known user.")
    parser.add_argument(
        "--items", metavar="ID,ID", type=str, help="The history of a new user."
    )
    parser.add_argument("-k", type=int, default=10, help="How many items.")
    parser.add_argument(
        "--filter_seen", type=bool, default=True, help="Leave out what they have seen."
    )
    add_output_arguments(parser)
    return parser


def run(options: Namespace) -> None:
    """Recommend and print."""
    # By key: a Namespace has a method of the name `items`.
    user, history = options["user"], options["items"]
    if (user is None) == (history is None):
        raise ValueError(
            "'recommend' needs either --user or --items (got both or none)"
        )
    asked: list[Any] = [user]
    if history is not None:
        asked = [[item.strip() for item in history.split(",") if item.strip()]]
    recommender = Recommender.load(options.run, options.device)
    found = recommender.recommend(asked, options.k, options.filter_seen)
    rows = _rows(found)
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for rank, row in enumerate(rows, start=1):
        title = f"  {row['title']}" if "title" in row else ""
        print(f"{rank:>3}  {row['score']:8.4f}  {row['item']}{title}")


def _rows(found: Recommendations) -> list[dict[str, Any]]:
    """Return one record for each item of the only user asked about."""
    columns = {"item": found.items[0], "score": found.scores[0]}
    if found.titles is not None:
        columns["title"] = found.titles[0]
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]

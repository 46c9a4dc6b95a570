"""``tvdiff export``: write a run as files that serve without this library."""

from typing import Literal

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.cli.output import say


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("export")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument(
        "--to",
        type=Literal["safetensors", "onnx", "faiss"],
        required=True,
        help="Factors of users and items; a graph from a history to a factor, and the "
        "factors of items; or an index of these.",
    )
    parser.add_argument(
        "--out", metavar="DIR", type=str, required=True, help="Where the files go."
    )
    return parser


def run(options: Namespace) -> None:
    """Export, and name the files."""
    from tvdiff_pyg.export import export
    from tvdiff_pyg.recommend import Recommender

    for file in export(Recommender.load(options.run, "cpu"), options.out, options.to):
        say(str(file))

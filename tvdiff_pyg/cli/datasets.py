"""``tvdiff datasets``: list the data sets, or measure some."""

from dataclasses import asdict

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser, print_columns
from tvdiff_pyg.cli.output import say, say_json
from tvdiff_pyg.data import DATASETS, describe_data
from tvdiff_pyg.data.data_root import chosen_root


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("datasets")
    parser.add_argument(
        "data",
        nargs="*",
        metavar="DATA",
        help="What to measure: data sets and files, as in tvdiff fit --data.",
    )
    parser.add_argument(
        "--root",
        type=str | None,
        help="Folder of the data sets; 'data' if not given.",
    )
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Print a line for each data set: its statistics, or what it is."""
    root = chosen_root(options.data, options.root)
    if not options.data:
        _list(options.json)
        return
    found = {data: describe_data(data, root) for data in options.data}
    if options.json:
        say_json([{"data": data, **asdict(one)} for data, one in found.items()])
        return
    rows = {data: one.printed() for data, one in found.items()}
    print_columns("", list(rows[options.data[0]]))
    for data, row in rows.items():
        print_columns(data, list(row.values()))


def _list(as_json: bool) -> None:
    """Print what there is by name."""
    if as_json:
        say_json([{"data": one.name, "about": one.about} for one in DATASETS])
        return
    width = max(len(name) for name in DATASETS.names())
    for entry in DATASETS:
        say(f"{entry.name:<{width}}  {entry.about}")

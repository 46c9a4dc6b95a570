"""``tvdiff prepare``: number, sort and split interactions once, a part at a time."""

import shlex
from dataclasses import fields

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_options, new_parser
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.data.data_options import DataOptions
from tvdiff_pyg.data.load import OF_ROWS, OF_SPLITS

_LEFT_ALONE = {one.name for one in fields(DataOptions)} - {*OF_ROWS}


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("prepare")
    parser.add_argument(
        "--data",
        type=str,
        required=True,
        metavar="FILES",
        help="Parquet files: a path, or a pattern such as 'parts/*.parquet'.",
    )
    parser.add_argument(
        "--out", type=str, required=True, metavar="DIR", help="The folder, new."
    )
    parser.add_argument(
        "--parts",
        type=int,
        default=1,
        metavar="N",
        help="Parts of as many users that no file crosses.",
    )
    add_options(parser, DataOptions, skip=["data", *_LEFT_ALONE])
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="Seed of the random split."
    )
    return parser


def run(options: Namespace) -> None:
    """Prepare, and say what is there."""
    from tvdiff_pyg.data.preparing import prepare

    given = {name: options[name] for name in OF_ROWS}
    read = DataOptions(options.data, **given)
    read = read.read_by(OF_ROWS, "Parquet files that are prepared")
    prepared = prepare(
        read.data,
        options.out,
        options.parts,
        user=read.user_column,
        item=read.item_column,
        rating=read.rating_column,
        weight=read.weight_column,
        timestamp=read.timestamp_column,
        seed=options.seed,
        **read.taken("duplicate_weights", *OF_SPLITS),
    )
    counts = ", ".join(f"{v:,} {k}" for k, v in prepared.counts().items())
    say(f"data: {counts}")
    say("next:")
    home = shlex.quote(options.out)
    say(f"  tvdiff fit --data {home} --run RUN --devices N --strategy partitioned")

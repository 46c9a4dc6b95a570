"""``tvdiff evaluate``: rank all items with a trained model and print its metrics."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import (
    add_options,
    new_parser,
    print_metrics,
    switch,
    take,
)
from tvdiff_pyg.cli.first_speaks import only_the_first_speaks
from tvdiff_pyg.cli.output import say_json
from tvdiff_pyg.evaluation import TaskName
from tvdiff_pyg.recommend.processes import evaluate_run
from tvdiff_pyg.training.process_options import ProcessOptions


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("evaluate")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument(
        "--split", type=TaskName, default="test", help="The held-out part to rank."
    )
    parser.add_argument(
        "--metrics",
        nargs="+",
        metavar="NAME",
        help="What is measured; all metrics that are not optional if not given.",
    )
    parser.add_argument(
        "-k",
        "--ks",
        nargs="+",
        type=int,
        metavar="K",
        help="Cut-offs: how many of the first items count; those of the run if not "
        "given.",
    )
    parser.add_argument(
        "--per_user",
        type=bool,
        default=False,
        **switch(bool),
        help="Keep what each user counts in metrics_per_user.parquet of the run.",
    )
    add_options(parser, ProcessOptions)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Rank and print."""
    shared = take(ProcessOptions, options)
    with only_the_first_speaks(shared):
        metrics = evaluate_run(
            options.run,
            options.split,
            options.ks,
            options.metrics,
            per_user=options.per_user,
            options=shared,
        )
        if options.json:
            say_json({options.split: metrics})
        else:
            print_metrics(options.split, metrics)

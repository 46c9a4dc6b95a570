"""``tvdiff evaluate``: rank all items with a trained model and print its metrics."""

import json

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_output_arguments, new_parser, print_metrics
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.recommend import Recommender


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("evaluate")
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument(
        "--split", type=TaskName, default="test", help="The held-out part to rank."
    )
    add_output_arguments(parser)
    return parser


def run(options: Namespace) -> None:
    """Rank and print."""
    recommender = Recommender.load(options.run, options.device)
    task = EvaluationTask.from_graph(recommender.graph, options.split)
    task = task.to(resolve_device(options.device))
    metrics = evaluate(recommender.scorer, task)
    if options.json:
        print(json.dumps({options.split: metrics}, indent=2))
    else:
        print_metrics(options.split, metrics)

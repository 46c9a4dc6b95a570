"""``tvdiff fit``: fit a model to interactions and leave a run folder."""

from dataclasses import asdict

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser, print_metrics, take
from tvdiff_pyg.cli.settings_arguments import add_settings, chosen_settings
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.training import FitOptions, fit


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("fit")
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument(
        "--run", type=str, required=True, metavar="DIR", help="The run folder, new."
    )
    parser.add_class_arguments(DataOptions)
    parser.add_class_arguments(FitOptions)
    add_settings(parser)
    return parser


def run(options: Namespace) -> None:
    """Load, fit and print the metrics."""
    data, run_options = take(DataOptions, options), take(FitOptions, options)
    settings = chosen_settings(options)
    graph = run_options.training_graph(load_data(data, seed=run_options.seed))
    print("data:", ", ".join(f"{v:,} {k}" for k, v in graph.counts().items()))
    source = {"preset": options.preset, **asdict(data)}
    metrics = fit(
        graph, settings, run=options.run, options=run_options, data_config=source
    )
    best = f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, "
    print(
        f"{best if metrics['epochs'] else ''}{metrics['fit_seconds']:.0f} s, "
        f"protocol {metrics['protocol']}"
    )
    for part in ("validation", "test"):
        if metrics[part]:
            print_metrics(part, metrics[part])

"""``tvdiff fit``: train on interactions and leave a run folder."""

from dataclasses import asdict

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import print_metrics, take
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.training import PRESETS, FitOptions, Settings, fit


def build_parser(preset: str | None = None) -> ArgumentParser:
    """Build the parser; a preset replaces the defaults of its settings."""
    parser = ArgumentParser(
        description="Train on interactions and leave a run folder.", exit_on_error=False
    )
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument(
        "--run", type=str, required=True, metavar="DIR", help="The run folder, new."
    )
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        help="Start from these settings; other options take precedence.",
    )
    parser.add_class_arguments(DataOptions)
    parser.add_class_arguments(FitOptions)
    parser.add_class_arguments(Settings)
    if preset is not None:
        parser.set_defaults(asdict(Settings.preset(preset)))
    return parser


def run(options: Namespace) -> None:
    """Load, train and print the metrics."""
    data = take(DataOptions, options)
    run_options, settings = take(FitOptions, options), take(Settings, options)
    graph = load_data(data, seed=run_options.seed)
    if run_options.protocol == "paper":
        graph = graph.without_validation()
    print("data:", ", ".join(f"{v:,} {k}" for k, v in graph.counts().items()))
    source = {"preset": options.preset, **asdict(data)}
    metrics = fit(
        graph, settings, run=options.run, options=run_options, data_config=source
    )
    print(
        f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, "
        f"{metrics['fit_seconds']:.0f} s, protocol {metrics['protocol']}"
    )
    for part in ("validation", "test"):
        if metrics[part]:
            print_metrics(part, metrics[part])

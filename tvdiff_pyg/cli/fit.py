"""``tvdiff fit``: fit a model to interactions and leave a run folder."""

import shlex
from dataclasses import asdict
from pathlib import Path

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_options, new_parser, print_metrics, take
from tvdiff_pyg.cli.first_speaks import only_the_first_speaks
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.cli.settings_arguments import add_settings, chosen_settings
from tvdiff_pyg.data import BipartiteGraph, DataOptions, PreparedData, load_data
from tvdiff_pyg.data.load import options_read
from tvdiff_pyg.data.prepared import is_prepared
from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.training import FitOptions, RunFolder
from tvdiff_pyg.training.begin import begun, check_read


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("fit")
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument(
        "--run", type=str, required=True, metavar="DIR", help="The run folder, new."
    )
    add_options(parser, DataOptions)
    add_options(parser, FitOptions)
    add_settings(parser)
    return parser


def run(options: Namespace) -> None:
    """Load, fit and print the metrics."""
    check_installed(("pytorch_lightning",), "training", "train")
    data, run_options = take(DataOptions, options), take(FitOptions, options)
    with only_the_first_speaks(run_options):
        _run(options, data, run_options)


def _run(options: Namespace, data: DataOptions, run_options: FitOptions) -> None:
    from tvdiff_pyg.training import fit

    settings = chosen_settings(options)
    if data.weight_column is not None or _is_weighed(data.data):
        settings.model.check_weights("weight_column")
    for name in ("user_features", "item_features"):
        if getattr(data, name) is not None:
            settings.model.check_features(name)
    # Refused before anything is loaded.
    data = options_read(data)
    check_read(settings, run_options)
    settings.model.check_packages()
    with begun(RunFolder(options.run), run_options):
        pass
    graph = _loaded(data, run_options)
    counts = ", ".join(f"{v:,} {k}" for k, v in graph.counts().items())
    say(f"data: {counts}")
    source = {"preset": options.preset, **asdict(data)}
    metrics = fit(
        graph, settings, run=options.run, options=run_options, data_config=source
    )
    best = f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, "
    say(
        f"{best if metrics['epochs'] else ''}{metrics['fit_seconds']:.0f} s, "
        f"protocol {metrics['protocol']}"
    )
    for part in ("validation", "test"):
        if metrics[part]:
            print_metrics(part, metrics[part])
    if run_options.profile:
        say(f"profile: {Path(options.run, 'logs', 'fit-profile.txt')}")
    _print_next(options.run, graph)


def _is_weighed(data: str) -> bool:
    """Whether data were prepared with weights."""
    return is_prepared(data) and PreparedData(data).is_weighed


def _loaded(data: DataOptions, options: FitOptions) -> BipartiteGraph | PreparedData:
    """Load what is trained on, unless each process is to read its own part."""
    if options.strategy == "partitioned" and is_prepared(data.data):
        options_read(data)
        return options.training_graph(PreparedData(data.data))
    return options.training_graph(load_data(data, seed=options.seed))


def _print_next(run: str, graph: BipartiteGraph | PreparedData) -> None:
    """Print what a run is for: commands, ready to be copied."""
    [user], home = graph.user_ids.ids([0]), run.rstrip("/")
    say("next:")
    for words in (
        ["recommend", home, f"--user={user}"],
        ["explore", home, "--out", f"{home}.html"],
        ["evaluate", home],
        ["final", home, "--run", f"{home}-final"],
    ):
        say(f"  tvdiff {shlex.join(words)}")

"""``tvdiff tune``: search the settings of models that rank validation best."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_options, new_parser, take
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.cli.settings_arguments import add_settings, given_settings
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.grid.page import PAGE
from tvdiff_pyg.metrics.monitor import in_print
from tvdiff_pyg.tune import Tuned, TuneOptions, candidates_of, tune
from tvdiff_pyg.tune.tuned import in_words


def build_parser() -> ArgumentParser:
    """Build the parser; each setting may be given, and is then not searched."""
    parser = new_parser("tune")
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument(
        "--out", type=str, required=True, metavar="DIR", help="Records and report."
    )
    parser.add_argument(
        "--models", nargs="+", required=True, metavar="MODEL", help="What is tuned."
    )
    add_options(parser, TuneOptions)
    add_options(parser, DataOptions)
    add_settings(parser)
    return parser


def run(options: Namespace) -> None:
    """Tune, and say what was chosen."""
    tuning, data = take(TuneOptions, options), take(DataOptions, options)
    given = given_settings(options)
    if "model" in given:
        raise ValueError(
            f"'model' has no use with tune, which takes 'models' "
            f"(got {given['model']!r})"
        )
    # Refused before anything is loaded.
    candidates = candidates_of(options.models, options.preset, given)
    graph = load_data(data, seed=tuning.seed)
    for found in tune(graph, candidates, options.out, tuning, data.data):
        _say(found)
    say(f"report: {options.out}/{PAGE}")


def _say(found: Tuned) -> None:
    say(
        f"{found.name}: validation {in_print(found.monitor)} {found.value:.4f}, "
        f"trial {found.place} of {found.trials} ({found.pruned} pruned, "
        f"{found.failed} failed), {found.seconds:.0f} s; "
        f"{in_words(found.chosen) or 'nothing to tune'}"
    )

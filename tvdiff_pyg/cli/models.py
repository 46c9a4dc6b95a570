"""``tvdiff models``: list the models that can be fitted, and what they read."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.cli.output import say, say_json


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("models")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Print a line for each model; as JSON, with the settings that it reads."""
    from tvdiff_pyg.config import names_read
    from tvdiff_pyg.models import MODELS

    if options.json:
        found = [
            {
                "model": entry.name,
                "about": entry.about,
                "settings": names_read(entry.config, {}) if entry.config else [],
            }
            for entry in MODELS
        ]
        say_json(found)
        return
    width = max(len(entry.name) for entry in MODELS)
    for entry in MODELS:
        say(f"{entry.name:<{width}}  {entry.about}")

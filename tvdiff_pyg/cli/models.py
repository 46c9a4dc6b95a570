"""``tvdiff models``: list the models that can be fitted, and what they read."""

import json

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser
from tvdiff_pyg.config import names_read
from tvdiff_pyg.models import MODELS


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("models")
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Print a line for each model; as JSON, with the settings that it reads."""
    if options.json:
        found = [
            {
                "model": entry.name,
                "about": entry.about,
                "settings": names_read(entry.config, {}) if entry.config else [],
            }
            for entry in MODELS
        ]
        print(json.dumps(found, indent=2))
        return
    width = max(len(entry.name) for entry in MODELS)
    for entry in MODELS:
        print(f"{entry.name:<{width}}  {entry.about}")

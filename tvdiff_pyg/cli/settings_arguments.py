"""All settings as options: what is not given is told apart from any default."""

from argparse import ArgumentError
from functools import reduce
from operator import or_
from typing import Any

from jsonargparse import SUPPRESS, ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import documented, switch
from tvdiff_pyg.config import to_flat
from tvdiff_pyg.training.presets import preset_names
from tvdiff_pyg.training.settings import Settings, all_settings

MODEL_HELP = "What is fitted; 'tvdiff models' lists all."


def add_settings(parser: ArgumentParser) -> None:
    """Add an option for each setting of each registered part.

    Args:
        parser: Gets the options ``--preset`` and ``--NAME``.
    """
    parser.add_argument(
        "--preset",
        choices=preset_names(),
        default=None,
        help="Start from these settings; other options take precedence.",
    )
    readers: dict[str, list[tuple[Any, str, Any]]] = {}
    for name, kind, owner, config in all_settings():
        readers.setdefault(name, []).append((kind, owner, config))
    groups: dict[str, Any] = {}
    for name, found in readers.items():
        owner = found[0][1]
        if owner not in groups:
            groups[owner] = parser.add_argument_group(f"settings of {owner}")
        kinds = reduce(or_, dict.fromkeys(kind for kind, _, _ in found))
        try:
            groups[owner].add_argument(
                f"--{name}",
                type=kinds,
                default=SUPPRESS,
                help=_help(name, found),
                **switch(kinds),
            )
        except ArgumentError as error:
            raise ValueError(
                f"setting '{name}' of {owner} needs another name: it is that of an "
                "option that every part has"
            ) from error


def given_settings(options: Namespace) -> dict[str, Any]:
    """Return the settings that were given, by name.

    Args:
        options: What a parser with all settings has read.
    """
    names = dict.fromkeys(name for name, _, _, _ in all_settings())
    return {name: options[name] for name in names if name in options}


def chosen_settings(options: Namespace) -> Settings:
    """Build settings from a preset, if one is given, and from what is given besides.

    Args:
        options: What a parser with all settings has read.

    Raises:
        ValueError: If a setting is not read, or out of range.
    """
    given = given_settings(options)
    if options.preset is None:
        return Settings(**given)
    return Settings.preset(options.preset, **given)


def _help(name: str, readers: list[tuple[Any, str, Any]]) -> str:
    """Say what a setting is and, where several parts read it, to whom."""
    if name == "model":  # which no class documents
        return MODEL_HELP
    said: dict[tuple[str, Any], list[str]] = {}
    for _, owner, config in readers:
        about = documented(config).get(name, "")
        said.setdefault((about, to_flat(config())[name]), []).append(owner)
    lines = [
        f"{about.rstrip('.')} (default: {default}"
        + (f"; {', '.join(owners)}" if len(said) > 1 else "")
        + ")"
        for (about, default), owners in said.items()
    ]
    return ". ".join(lines) + "."

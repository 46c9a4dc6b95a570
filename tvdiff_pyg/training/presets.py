"""Presets: settings by name, each a YAML file of the package."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

FOLDER = resources.files("tvdiff_pyg") / "presets"


def preset_names() -> list[str]:
    """Return the names of all presets.

    Example:
        >>> "recommended" in preset_names()
        True
    """
    files = (Path(file.name) for file in FOLDER.iterdir())
    return sorted(file.stem for file in files if file.suffix == ".yaml")


def read_preset(name: str) -> dict[str, Any]:
    """Read the settings of a preset.

    Args:
        name: Its name.

    Raises:
        ValueError: If there is no such preset.
    """
    if name not in preset_names():
        raise ValueError(f"'preset' needs to be one of {preset_names()} (got {name!r})")
    settings: dict[str, Any] = yaml.safe_load((FOLDER / f"{name}.yaml").read_text())
    return settings

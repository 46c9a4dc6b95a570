"""Settings, out of what a run folder keeps of all options."""

from collections.abc import Mapping
from typing import Any

from tvdiff_pyg.training.settings import Settings, all_settings


def kept_settings(config: Mapping[str, Any]) -> Settings:
    """Return the settings among the options of a run.

    Args:
        config: What ``config.yaml`` of a run folder holds.

    Example:
        >>> kept_settings({"data": "lastfm", "seed": 3, "hidden_channels": 8})
        Settings(hidden_channels=8)
    """
    names = {name for name, _, _, _ in all_settings()}
    return Settings(**{n: value for n, value in config.items() if n in names})

"""What came of the tuning of a model, and how it is said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tvdiff_pyg.metrics import MONITOR


@dataclass(frozen=True)
class Tuned:
    """What tuning chose for a model, and what it took.

    Args:
        name: What the model is called.
        settings: The best settings, in full: by name, as ``Settings`` takes them.
        chosen: Those of them that were searched.
        value: What they rank on validation.
        place: When they were found: the place of their trial, from 1.
        trials: How many trials there were, these included:
        pruned: that were given up,
        failed: and that failed.
        seconds: What all of them took.
        importance: How much each setting that was searched matters, a share of 1;
            empty where there are too few trials to tell.
        monitor: The metric that chose. (default: ``"ndcg@20"``)
    """

    name: str
    settings: Mapping[str, Any]
    chosen: Mapping[str, Any]
    value: float
    place: int
    trials: int
    pruned: int
    failed: int
    seconds: float
    importance: Mapping[str, float]
    monitor: str = MONITOR


def in_words(settings: Mapping[str, Any]) -> str:
    """Print settings in one line.

    Args:
        settings: Names and values.

    Example:
        >>> in_words({"num_layers": 2, "learning_rate": 0.00312345})
        'num_layers 2, learning_rate 0.00312'
    """
    return ", ".join(f"{name} {one_in_words(one)}" for name, one in settings.items())


def one_in_words(value: Any) -> str:
    """Print the value of a setting.

    Args:
        value: The value.

    Example:
        >>> one_in_words(0.00312345)
        '0.00312'
    """
    return format(value, ".3g") if isinstance(value, float) else str(value)

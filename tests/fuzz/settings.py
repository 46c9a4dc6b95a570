"""Settings and options, one at a time out of its range."""

from collections.abc import Callable, Iterator
from typing import Any

from tests.fuzz.values import (
    INF,
    NAN,
    NO_CHOICE,
    NO_POSITIVE,
    NO_RATIO,
    NO_SEED,
    NO_SIZE,
    WRONG,
    Wrong,
)
from tvdiff_pyg.data import DataOptions
from tvdiff_pyg.negatives import ARGumbelConfig
from tvdiff_pyg.study import StudyOptions
from tvdiff_pyg.training import FitOptions, Settings, TrainingConfig


def _given(wrong: list[Any]) -> list[Any]:
    """Return wrong values of what may be left out."""
    return [value for value in wrong if value is not None]


def arguments() -> Iterator[tuple[Callable[..., Any], dict[str, Any], Wrong]]:
    """Yield what is called, with what, and which values it has to refuse."""
    yield (
        Settings,
        {},
        {
            "num_timesteps": [*NO_SIZE, 10_001],
            "hidden_channels": NO_SIZE,
            "temperature": [*WRONG, -1, 1e300],
            "learning_rate": NO_POSITIVE,
            "weight_decay": [*WRONG, -1, 1e300],
            "dropout": NO_RATIO,
            "time_channels": [*NO_SIZE, 1],
            "max_epochs": NO_SIZE,
            "batch_size": NO_SIZE,
            "patience": NO_SIZE,
            "check_every": NO_SIZE,
            "num_neighbors": [one for one in NO_SIZE if one != -1],
            "num_pool": NO_SIZE,
            "model": NO_CHOICE,
            "denoiser": NO_CHOICE,
            "engine": NO_CHOICE,
            "precision": NO_CHOICE,
            "linear_share": [*WRONG, -1, 1e300],
            "wings": [2],
        },
    )
    yield TrainingConfig, {}, {"batches": NO_CHOICE, "max_epochs": NO_SIZE}
    yield (
        ARGumbelConfig,
        {},
        {"accept_ratio": [*WRONG, 0, 1.1], "gumbel_decay": [NAN, -1]},
    )
    yield (
        FitOptions,
        {},
        {
            "seed": NO_SEED,
            "num_workers": [*WRONG, -1, 10**6],
            "devices": [one for one in WRONG if one is not None] + [0, -1, 10**6],
            "num_nodes": [one for one in WRONG if one is not None] + [0, -1, 10**6],
            "memory_gb": [one for one in NO_POSITIVE if one is not None],
            "protocol": NO_CHOICE,
            "device": NO_CHOICE,
            "log": NO_CHOICE,
            "progress": [None, "x", 1, 0.0],
            "resume": [None, "x", 1],
        },
    )
    yield (
        DataOptions,
        {"data": "log.csv"},
        {
            "data": [None, 3, [], NAN],
            "validation_ratio": _given(NO_RATIO),
            "test_ratio": _given(NO_RATIO),
            "k_core": _given([*WRONG, -1, 1.5]),
            "split": _given(NO_CHOICE),
            "min_rating": [NAN, INF, "x", [], True],
        },
    )
    yield (
        StudyOptions,
        {"data": ["lastfm"]},
        {
            "data": [[], "lastfm", ["a", "a"]],
            "seeds": [[], [-1], [0, 0], [1.5], [True], "12", [2**32]],
            "jobs": [*WRONG, -1, 10**6],
            "protocol": NO_CHOICE,
            "device": NO_CHOICE,
        },
    )

"""Seconds, side by side: the medians of what is carried out in turn."""

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Any

import torch

Sides = Mapping[str, Callable[[], Any]]


def now() -> float:
    """Return the time at which all that was begun is finished."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter()


def timed(
    sides: Sides,
    repeats: int,
    warm_up: bool = True,
    clock: Callable[[], float] = now,
) -> dict[str, float]:
    """Time all sides in turn; return the median of each."""
    if warm_up:
        for run in sides.values():
            run()
    rounds = [
        {name: seconds_of(run, clock) for name, run in sides.items()}
        for _ in range(repeats)
    ]
    return {name: median(one[name] for one in rounds) for name in sides}


def seconds_of(run: Callable[[], Any], clock: Callable[[], float] = now) -> float:
    """Time one call."""
    start = clock()
    run()
    return clock() - start

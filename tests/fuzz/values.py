"""Values that no size, no ratio, no seed, no choice, ... has."""

from collections.abc import Mapping
from typing import Any

NAN, INF = float("nan"), float("inf")
WRONG: list[Any] = [NAN, INF, -INF, "x", "", None, True, [], {}, 1j, object()]
NO_SIZE: list[Any] = [*WRONG, 0, -1, 1.5, -(10**30), 10**30]
NO_RATIO: list[Any] = [*WRONG, 1, -0.1, 1.5, 10**400, 1e300]
NO_POSITIVE: list[Any] = [*WRONG, 0, -1, -1e-9, 10**400, 1e300]
NO_CHOICE: list[Any] = ["", "x", None, 3, True, NAN, [], {}, ("softmax",)]
NO_IDS: list[Any] = [[-1], [40], [2**40], [0.5], [NAN], [True]]
NO_SEED: list[Any] = [*WRONG, -1, 2**32, 1.5]

Wrong = Mapping[str, list[Any]]

"""What a fit changes of the process it runs in, and puts back."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tvdiff_pyg.training.random_state import random_state, restore_random_state


@contextmanager
def surroundings_kept() -> Iterator[None]:
    """Leave the random state, the environment and the like as the caller had them.

    The state of all global generators, environment variables (Lightning sets the seed
    as one), filters of warnings, and whether gradients are recorded.

    Example:
        >>> with surroundings_kept():
        ...     os.environ["PL_GLOBAL_SEED"] = "7"
        >>> "PL_GLOBAL_SEED" in os.environ
        False
    """
    state, environment = random_state(), dict(os.environ)
    try:
        with warnings.catch_warnings(), torch.enable_grad():
            yield
    finally:
        restore_random_state(state)
        for name in os.environ.keys() - environment.keys():
            del os.environ[name]
        os.environ.update(environment)

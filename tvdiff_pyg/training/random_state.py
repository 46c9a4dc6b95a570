"""All that is drawn at random: kept with a run, and put back for whoever called."""

import random
from typing import Any, cast

import numpy as np
import torch


def random_state() -> dict[str, Any]:
    """Return the state of all global generators, as plain values and tensors.

    Those of PyTorch (the CPU's and each GPU's), NumPy and Python.

    Example:
        >>> state = random_state()
        >>> first = torch.rand(3)
        >>> restore_random_state(state)
        >>> torch.equal(torch.rand(3), first)
        True
    """
    kind, keys, *position = cast(tuple[Any, ...], np.random.get_state())
    return {
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all(),
        "numpy": (kind, keys.tolist(), *position),
        "python": random.getstate(),
    }


def stream_seed(*key: int) -> int:
    """Return the seed of a stream of its own, for each key another one.

    Args:
        *key: Integers of at least 0, such as a seed and an epoch.

    Example:
        >>> stream_seed(0, 1) != stream_seed(1, 0)
        True
    """
    return int(np.random.SeedSequence(key).generate_state(1, np.uint64)[0])


def begin_stream(*key: int) -> None:
    """Let all global generators begin a stream of its own.

    Args:
        *key: Integers of at least 0, as for :func:`stream_seed`.
    """
    seed = stream_seed(*key)
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def restore_random_state(state: dict[str, Any]) -> None:
    """Let all global generators go on from a state.

    Args:
        state: What :func:`random_state` returned; the part of the GPUs is passed over
            where there are others.
    """
    torch.set_rng_state(state["torch"].cpu())
    if len(state["cuda"]) == torch.cuda.device_count():
        torch.cuda.set_rng_state_all([one.cpu() for one in state["cuda"]])
    np.random.set_state(state["numpy"])
    random.setstate(state["python"])

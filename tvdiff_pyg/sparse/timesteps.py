"""What timesteps need to be, wherever they come in."""

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse.checks import (
    check_device,
    check_ids,
    check_integers,
    check_vector,
    transforming,
)

#: The most steps of a diffusion: taken one after another, more would not end.
MAX_TIMESTEPS = 10_000


def as_timesteps(
    timestep: Tensor | int, states: Tensor, num_timesteps: int = MAX_TIMESTEPS
) -> Tensor:
    """Return timesteps of a batch as a vector, one for each state or one for all.

    Args:
        timestep: Integers in [0, num_timesteps), of shape ``[batch_size]``, ``[1]`` or
            ``[]``, or one number.
        states: States of the batch, of shape ``[batch_size, channels]``.
        num_timesteps: How many there are; what no diffusion has more of, where that is
            not known. (default: ``10000``)

    Raises:
        ValueError: If they are no integers, out of range, or not one for each.

    Example:
        >>> as_timesteps(3, torch.zeros(2, 4))
        tensor([3])
    """
    if not isinstance(timestep, Tensor):
        check_integer("timestep", timestep, 0, num_timesteps - 1)
        return torch.tensor([timestep], device=states.device)
    timestep = check_integers("timestep", timestep)
    timestep = timestep.view(1) if timestep.dim() == 0 else timestep
    if timestep.shape != (1,):
        check_vector("timestep", timestep, states.size(0), states)
    check_device("timestep", timestep, states)
    if transforming():
        return timestep  # Mapped over, it has no values to look at.
    return check_ids("timestep", timestep, num_timesteps)

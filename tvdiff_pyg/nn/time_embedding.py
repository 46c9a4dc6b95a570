"""The timestep as a vector."""

import math

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer


def sinusoidal_embedding(
    timestep: Tensor,
    channels: int,
    max_period: float = 10_000.0,
    dtype: torch.dtype = torch.float,
) -> Tensor:
    r"""Embed timesteps by cosines and sines of geometric frequencies.

    The positional encoding of `"Attention Is All You Need"
    <https://arxiv.org/abs/1706.03762>`_, cosines first as in diffusion models.

    Args:
        timestep: Timesteps, of shape ``[batch_size]``.
        channels: Width of the embedding, at least 2.
        max_period: Period of the slowest wave. (default: ``10000.0``)
        dtype: Type of the embeddings, which are computed in single precision at least.
            (default: ``torch.float``)

    Returns:
        Embeddings of shape ``[batch_size, channels]``; an odd last channel is zero.

    Raises:
        ValueError: If ``channels`` is below 2.

    Example:
        >>> sinusoidal_embedding(torch.tensor([0]), 4).tolist()
        [[1.0, 1.0, 0.0, 0.0]]
    """
    check_integer("channels", channels, low=2)
    half = channels // 2
    wide = torch.promote_types(dtype, torch.float)
    exponent = torch.arange(half, dtype=wide, device=timestep.device) / half
    angle = timestep.unsqueeze(-1) * torch.exp(-math.log(max_period) * exponent)
    embedding = torch.cat([angle.cos(), angle.sin()], dim=-1)
    return torch.nn.functional.pad(embedding, (0, channels - 2 * half)).to(dtype)

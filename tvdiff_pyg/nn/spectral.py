"""Where training can begin: at the spectrum of the graph rather than at random."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse import CSR, Normalization, bipartite_norm

# Directions beyond those asked for, and passes over the graph, of the randomised SVD.
OVERSAMPLING = 16
NUM_PASSES = 4
# How much the embeddings are scaled up; chosen on the validation parts of LastFM and
# Amazon-Beauty.
SPECTRAL_SCALE = 4.0


def spectral_embedding(
    user_rows: CSR, channels: int, rank: int | None = None
) -> tuple[Tensor, Tensor]:
    r"""Embed users and items by the leading singular vectors of the graph.

    With :math:`D_u^{-1/2} R D_i^{-1/2} \approx U \Sigma V^{\top}` from a randomised SVD
    (`Halko et al., 2011 <https://arxiv.org/abs/0909.4061>`_), returns :math:`U Q` and
    :math:`D_i^{-1/2} V Q`, where :math:`Q` is a random matrix of orthonormal rows: it
    leaves all inner products alone, and spreads each direction over all channels.
    As embeddings of :class:`AnisotropicDenoiser` they give the scores
    :math:`D_u^{1/2} U \Sigma^2 V^{\top}` before any training, but for the squashing: a
    linear low-pass filter of the graph.

    Args:
        user_rows: Each user's items, of shape ``[num_users, num_items]``.
        channels: Width of the embeddings.
        rank: Number of singular vectors, at most ``channels`` and as many as there
            are; ``channels`` if omitted. (default: ``None``)

    Returns:
        User embeddings ``[num_users, channels]`` and item embeddings
        ``[num_items, channels]``. They depend on PyTorch's global random state.

    Raises:
        ValueError: If ``rank`` is not between 1 and ``channels``.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 2]]), (2, 3))
        >>> user, item = spectral_embedding(rows, channels=4)
        >>> (user @ user.t()).diag().allclose(torch.ones(2), atol=1e-5)
        True
    """
    rank = channels if rank is None else rank
    if not 1 <= rank <= channels:
        raise ValueError(
            f"'rank' needs to be between 1 and 'channels', {channels} (got {rank})"
        )
    num_users, num_items = user_rows.num_rows, user_rows.num_cols
    rank = min(rank, num_users, num_items)
    user, item = singular_vectors(user_rows, rank)
    degree = user_rows.col.bincount(minlength=num_items).clamp(min=1)
    mixed = torch.randn(channels, rank, device=user.device)
    rotation = torch.linalg.qr(mixed).Q.t()
    return user @ rotation, degree.rsqrt().unsqueeze(-1) * item @ rotation


def singular_vectors(
    user_rows: CSR, rank: int, normalization: Normalization = "symmetric"
) -> tuple[Tensor, Tensor]:
    r"""Find the leading singular vectors of the graph.

    Args:
        user_rows: Each user's items, of shape ``[num_users, num_items]``.
        rank: How many, at most as many as there are.
        normalization: How its edges are weighed; by default it is
            :math:`D_u^{-1/2} R D_i^{-1/2}`. (default: ``"symmetric"``)

    Returns:
        Those of users ``[num_users, rank]`` and of items ``[num_items, rank]``. They
        depend on PyTorch's global random state.
    """
    size = (user_rows.num_rows, user_rows.num_cols)
    pairs = torch.stack([user_rows.row(), user_rows.col])
    weight = bipartite_norm(pairs, size, normalization, user_rows.value)
    matrix = torch.sparse_coo_tensor(
        pairs, weight, size, is_coalesced=True, check_invariants=False
    )
    num_directions = min(rank + OVERSAMPLING, *size)
    user, _, item = torch.svd_lowrank(matrix, num_directions, NUM_PASSES)
    return user[:, :rank], item[:, :rank]

"""Edge weights of the bipartite graph: how much each user says about an item."""

from typing import Literal, get_args

import torch
from torch import Tensor

Normalization = Literal["symmetric", "left", "linkprop", "none"]

_EXPONENTS: dict[str, tuple[float, float]] = {
    "symmetric": (-0.5, -0.5),
    "left": (-1.0, 0.0),
    "linkprop": (-0.25, -0.5),
}


def bipartite_norm(
    edge_index: Tensor,
    size: tuple[int, int],
    normalization: Normalization = "symmetric",
    edge_weight: Tensor | None = None,
    degree: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    r"""Weigh the edges of a bipartite graph by powers of the degrees.

    .. math::
        w_{ui} = d_u^{a} \, r_{ui} \, d_i^{b}

    with :math:`(a, b)` of (-1/2, -1/2) for ``"symmetric"``, (-1, 0) for ``"left"``
    and (-1/4, -1/2) for ``"linkprop"``, the normalisations compared in the
    `TV-Diff paper <https://arxiv.org/abs/2511.20122>`_.

    Args:
        edge_index: (user, item) pairs, long, of shape ``[2, num_edges]``.
        size: ``(num_users, num_items)``.
        normalization: One of the three above. (default: ``"symmetric"``)
        edge_weight: :math:`r_{ui}`, of shape ``[num_edges]``; ones if omitted.
            (default: ``None``)
        degree: Degrees of the users and of the items, where ``edge_index`` is but a
            sample of the graph; counted in ``edge_index`` if omitted.
            (default: ``None``)

    Returns:
        One weight per edge, of shape ``[num_edges]``.

    Raises:
        ValueError: If ``normalization`` is not one of the three.

    Example:
        >>> edge_index = torch.tensor([[0, 0], [0, 1]])
        >>> bipartite_norm(edge_index, (1, 2), "left").tolist()
        [0.5, 0.5]
    """
    if normalization not in _EXPONENTS:
        raise ValueError(
            f"'normalization' needs to be one of {sorted(_EXPONENTS)} here "
            f"(got {normalization!r})"
        )
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), device=edge_index.device)
    if degree is None:
        user, item = edge_index
        degree = user.bincount(minlength=size[0]), item.bincount(minlength=size[1])
    for index, count, power in zip(
        edge_index, degree, _EXPONENTS[normalization], strict=True
    ):
        # A node without an edge weighs none, so its power is never read.
        factor = count.to(edge_weight.dtype).clamp(min=1).pow(power)
        edge_weight = edge_weight * factor[index]
    return edge_weight


def check_normalization(normalization: str) -> None:
    """Raise a ``ValueError`` unless the name is a known normalisation."""
    if normalization not in get_args(Normalization):
        raise ValueError(
            f"'normalization' needs to be one of {list(get_args(Normalization))} "
            f"(got {normalization!r})"
        )

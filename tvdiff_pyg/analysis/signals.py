"""Scores and interactions as narrow signals on one side of the graph."""

import torch
from torch import Tensor

from tvdiff_pyg.analysis.spectrum import triangular_factor
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import Interactions, interaction_rows, spmm
from tvdiff_pyg.sparse.hetero import OpenSize
from tvdiff_pyg.sparse.matrices import as_factors


@torch.no_grad()
def score_signal(user_factor: Tensor, item_factor: Tensor) -> Tensor:
    r"""Fold all users' rows of scores into one signal on the items.

    Energies by frequency depend on :math:`\mathbf{S}^\top \mathbf{S}` only. With
    :math:`\mathbf{U} = \mathbf{Q} \mathbf{R}` and :math:`\mathbf{S} = \mathbf{U}
    \mathbf{V}^\top`,

    .. math::
        \mathbf{X} = \mathbf{V} \mathbf{R}^\top, \qquad
        \mathbf{X} \mathbf{X}^\top = \mathbf{S}^\top \mathbf{S}

    so :math:`\mathbf{X}` has the energies of all rows of scores, exactly. With the
    arguments exchanged, it is a signal on the users: that of the columns.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.

    Returns:
        A signal of shape ``[num_items, min(num_users, channels)]``.

    Raises:
        ValueError: If the factors are not equally wide.

    Example:
        >>> signal = score_signal(torch.ones(4, 1), torch.tensor([[1.0], [3.0]]))
        >>> signal.abs().round(decimals=4).tolist()
        [[2.0], [6.0]]
    """
    user_factor, item_factor = as_factors(user_factor, item_factor)
    return item_factor @ triangular_factor(user_factor).t().to(item_factor.dtype)


@torch.no_grad()
def interaction_signal(
    graph: Interactions,
    num_probes: int = 64,
    dtype: torch.dtype | None = None,
    generator: torch.Generator | None = None,
    size: OpenSize = (None, None),
) -> Tensor:
    r"""Fold all users' interactions into one narrow random signal on the items.

    .. math::
        \mathbf{X} = \mathbf{R}^\top \mathbf{G} / \sqrt{k}, \qquad
        \mathbb{E} \big[ \mathbf{X} \mathbf{X}^\top \big] = \mathbf{R}^\top \mathbf{R}

    with :math:`k` columns of standard normal numbers in :math:`\mathbf{G}`: its energy
    in a band is that of all rows of :math:`\mathbf{R}`, in expectation. The relative
    error is about :math:`\sqrt{2 / k}` where one frequency dominates a band, less where
    many share it (Hutchinson's estimator).

    Args:
        graph: Interactions; values are ignored.
        num_probes: Number of columns, at least 1. (default: ``64``)
        dtype: Type of the signal; torch's default if omitted. (default: ``None``)
        generator: Source of randomness, on the device of the graph.
            (default: ``None``)
        size: ``(num_users, num_items)``, where the graph is pairs alone.
            (default: ``(None, None)``)

    Returns:
        A signal of shape ``[num_items, num_probes]``.

    Raises:
        ValueError: If ``num_probes`` is below 1, or the graph cannot be read.

    Example:
        >>> pairs = torch.tensor([[0, 0], [0, 1]])
        >>> interaction_signal(pairs, num_probes=2, size=(1, 3)).shape
        torch.Size([3, 2])
    """
    check_integer("num_probes", num_probes, low=1)
    user_rows = interaction_rows(graph, size)
    probe = torch.randn(
        user_rows.num_rows,
        num_probes,
        dtype=dtype,
        device=user_rows.col.device,
        generator=generator,
    )
    return spmm(user_rows.with_value(None).transpose(), probe) / num_probes**0.5

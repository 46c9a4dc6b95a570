"""Shannon entropy of rows of scores, and its change against the data."""

import math

import torch
from torch import Tensor

from tvdiff_pyg.analysis.change import Change, change_of
from tvdiff_pyg.analysis.graph import check_pair, rows_of
from tvdiff_pyg.analysis.probability import RowNormalization, probability_blocks
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.sparse import Interactions, interaction_rows
from tvdiff_pyg.sparse.hetero import OpenSize


@torch.no_grad()
def row_entropy(
    user_factor: Tensor,
    item_factor: Tensor,
    normalization: RowNormalization = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
    base: float = 2.0,
) -> Tensor:
    r"""Compute the mean entropy of users' normalised rows of scores.

    .. math::
        S = - \frac{1}{|\mathcal{U}|} \sum_u \sum_i p_{ui} \log_b p_{ui}

    of the probabilities :math:`p` of
    :func:`~tvdiff_pyg.analysis.row_probability`, from ``0`` (one item has all the mass)
    to :math:`\log_b |\mathcal{I}|` (uniform). Scores are formed in blocks of users, so
    the time is that of scoring everyone.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        normalization: ``"softmax"``, or ``"clipped"`` for scores that reconstruct
            zeros and ones. (default: ``"softmax"``)
        temperature: Of the softmax, positive. (default: ``1.0``)
        floor: Of clipping, at least 0. (default: ``0.0``)
        base: Of the logarithm, above 1; 2 gives bits. (default: ``2.0``)

    Returns:
        A scalar; ``nan`` without users.

    Raises:
        ValueError: If the factors are not equally wide, or an option is unknown or out
            of range.

    Example:
        >>> round(row_entropy(torch.zeros(3, 1), torch.ones(8, 1)).item(), 4)
        3.0
    """
    check_base(base)
    blocks = probability_blocks(
        user_factor, item_factor, normalization, temperature, floor
    )
    entropy = torch.cat([torch.special.entr(row).sum(dim=1) for _, row in blocks])
    return (entropy.double().mean() / math.log(base)).to(user_factor.dtype)


@torch.no_grad()
def data_entropy(
    graph: Interactions, base: float = 2.0, size: OpenSize = (None, None)
) -> Tensor:
    r"""Compute the mean entropy of users' interactions, each row spread evenly.

    .. math::
        S = \frac{1}{|\mathcal{U}^+|} \sum_{u \in \mathcal{U}^+} \log_b d_u

    over the users :math:`\mathcal{U}^+` with an item: a row of no items has no
    distribution.

    Args:
        graph: Interactions; values are ignored.
        base: Of the logarithm, above 1; 2 gives bits. (default: ``2.0``)
        size: ``(num_users, num_items)``, where the graph is pairs alone.
            (default: ``(None, None)``)

    Returns:
        A scalar, double; ``nan`` without interactions.

    Raises:
        ValueError: If ``base`` is not above 1, or the graph cannot be read.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> data_entropy(pairs, size=(3, 2)).item()
        0.5
    """
    check_base(base)
    degree = interaction_rows(graph, size).degree()
    return degree[degree > 0].double().log().mean() / math.log(base)


@torch.no_grad()
def entropy_change(
    user_factor: Tensor,
    item_factor: Tensor,
    graph: Interactions,
    normalization: RowNormalization = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
    base: float = 2.0,
) -> Change:
    r"""Compare the entropy of rows of scores with that of the data.

    .. math::
        \Delta S = \sum_{u \in \mathcal{U}^+} \Big( - \sum_i p_{ui} \log_b p_{ui}
        - \log_b d_u \Big)

    over the users with an item: positive where the model spreads interests out.

    ``total`` stands beside the published :math:`\Delta S` of `TV-Diff
    <https://arxiv.org/abs/2511.20122>`_. What that table says in the open is: bits,
    rows of scores normalised, the difference to the data, summed over users. How rows
    are normalised is our reading of the `script published with it
    <https://github.com/umsimonchen/TV-Diff>`_: a softmax of the scores of matrix
    factorisation and LightGCN; clipping at a floor of ``1e-6`` for DiffRec and TV-Diff.
    So the published numbers of the two kinds are not on one scale: compare models under
    the same normalisation.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        graph: Training interactions; values are ignored.
        normalization: As in :func:`row_entropy`. (default: ``"softmax"``)
        temperature: As in :func:`row_entropy`. (default: ``1.0``)
        floor: As in :func:`row_entropy`. (default: ``0.0``)
        base: As in :func:`row_entropy`. (default: ``2.0``)

    Returns:
        Both means over users, their relative difference, and the sum over users.

    Raises:
        ValueError: If a shape does not fit, or an option is unknown or out of range.

    Example:
        >>> pairs = torch.tensor([[0, 0], [0, 1]])
        >>> change = entropy_change(torch.zeros(1, 1), torch.zeros(4, 1), pairs)
        >>> [round(value.item(), 4) for value in change]
        [1.0, 2.0, 1.0, 1.0]
    """
    user_rows = rows_of(graph, user_factor, item_factor)
    check_pair(("user_factor", "item_factor"), user_factor, item_factor, user_rows)
    has_item = user_rows.degree() > 0
    reconstructed = row_entropy(
        user_factor[has_item], item_factor, normalization, temperature, floor, base
    )
    data = data_entropy(user_rows, base).to(reconstructed.dtype)
    return change_of(data, reconstructed, int(has_item.sum()))


def check_base(base: float) -> None:
    """Raise a ``ValueError`` unless a logarithm's base is above 1."""
    check_number("base", base, 1, above=True)

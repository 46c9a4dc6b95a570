"""How much of the data's energy a reconstruction keeps, and its change."""

from typing import Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.analysis.change import Change, change_of
from tvdiff_pyg.analysis.graph import check_pair, rows_of
from tvdiff_pyg.analysis.probability import (
    RowNormalization,
    check_options,
    probability_blocks,
)
from tvdiff_pyg.sparse import Interactions, pair_scores
from tvdiff_pyg.sparse.matrices import same_type

EnergyMeasure = Literal["observed", "occupied"]

# An item counts as occupied from just below its share, so that rounding cannot empty
# a perfect reconstruction.
SHARE_TOLERANCE = 1e-4


@torch.no_grad()
def observed_energy(
    user_factor: Tensor,
    item_factor: Tensor,
    graph: Interactions,
    normalization: RowNormalization | Literal["none"] = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
) -> Tensor:
    r"""Compute the score mass at observed interactions, as a share of the data's.

    .. math::
        \frac{1}{|\mathcal{E}|} \sum_{(u, i) \in \mathcal{E}} d_u \, p_{ui}

    with the probabilities :math:`p` of :func:`~tvdiff_pyg.analysis.row_probability`;
    the data puts :math:`1 / d_u` on each of a user's items, which gives 1. With
    ``"none"`` it is the mean of :math:`\min(\max(s_{ui}, 0), 1)`, from scores of the
    observed pairs alone.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        graph: Training interactions; values are ignored.
        normalization: ``"softmax"``, ``"clipped"``, or ``"none"`` for scores that are
            meant to be 1. (default: ``"softmax"``)
        temperature: Of the softmax, positive. (default: ``1.0``)
        floor: Of clipping, at least 0. (default: ``0.0``)

    Returns:
        A scalar in [0, 1]; ``nan`` without interactions.

    Raises:
        ValueError: If a shape does not fit, or an option is unknown or out of range.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> factors = torch.ones(1, 1), torch.tensor([[3.0], [1.0], [0.0], [-1.0]])
        >>> observed_energy(*factors, pairs, "clipped").item()
        0.75
    """
    user_rows = rows_of(graph, user_factor, item_factor)
    check_pair(("user_factor", "item_factor"), user_factor, item_factor, user_rows)
    if normalization == "none":
        check_options("softmax", temperature, floor)
        factors = same_type(user_factor, item_factor)
        score = pair_scores(user_rows, *factors).clamp(0, 1)
        return score.mean(dtype=torch.float64).to(score.dtype)
    mass = user_factor.new_zeros((), dtype=torch.float64)
    for block, row in probability_blocks(
        user_factor, item_factor, normalization, temperature, floor
    ):
        items = user_rows.select(block)
        expected = items.degree().to(row.dtype)[items.row()]
        mass += (row[items.row(), items.col] * expected).sum(dtype=torch.float64)
    return (mass / user_rows.nnz).to(user_factor.dtype)


@torch.no_grad()
def occupied_energy(
    user_factor: Tensor,
    item_factor: Tensor,
    graph: Interactions,
    normalization: RowNormalization = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
) -> Tensor:
    r"""Compute how many items hold the share of an interaction, observed or not.

    .. math::
        \frac{1}{|\mathcal{E}|} \sum_u \min \Big( d_u, \sum_i e(d_u \, p_{ui}) \, \Big),
        \qquad e(x) = \begin{cases} 1 & x \ge 1 \\ x^2 / d_u & x < 1 \end{cases}

    which is 1 for the data. This is our reading of how the published :math:`\Delta U`
    of TV-Diff counts; see :func:`energy_change`. It asks *how many* items stand out,
    not *which*, and jumps where an item loses its share: a row that is slightly flatter
    than the data has almost none of its energy.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        graph: Training interactions; values are ignored.
        normalization: ``"softmax"`` or ``"clipped"``. (default: ``"softmax"``)
        temperature: Of the softmax, positive. (default: ``1.0``)
        floor: Of clipping, at least 0. (default: ``0.0``)

    Returns:
        A scalar in [0, 1]; ``nan`` without interactions.

    Raises:
        ValueError: If a shape does not fit, or an option is unknown or out of range.

    Example:
        >>> pairs = torch.tensor([[0, 0], [0, 1]])
        >>> factors = torch.ones(1, 1), torch.tensor([[6.0], [2.0], [0.0], [0.0]])
        >>> occupied_energy(*factors, pairs, "clipped").item()
        0.5625
    """
    user_rows = rows_of(graph, user_factor, item_factor)
    check_pair(("user_factor", "item_factor"), user_factor, item_factor, user_rows)
    energy = user_factor.new_zeros((), dtype=torch.float64)
    degrees = user_rows.degree().to(user_factor.dtype)
    for block, row in probability_blocks(
        user_factor, item_factor, normalization, temperature, floor
    ):
        degree = degrees[block].unsqueeze(1)
        full = row * degree >= 1 - SHARE_TOLERANCE  # not of NaN, which stays
        level = (row * row * degree).masked_fill(full, 1)
        energy += torch.minimum(level.sum(dim=1), degree.view(-1)).double().sum()
    return (energy / user_rows.nnz).to(user_factor.dtype)


@torch.no_grad()
def energy_change(
    user_factor: Tensor,
    item_factor: Tensor,
    graph: Interactions,
    measure: EnergyMeasure = "observed",
    normalization: RowNormalization = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
) -> Change:
    r"""Compare the energy of a reconstruction with that of the data.

    .. math::
        \Delta U = U(\hat{\mathbf{R}}) - U(\mathbf{R}), \qquad
        U(\mathbf{R}) = \sum_u d_u = |\mathcal{E}|

    ``total`` is between :math:`-|\mathcal{E}|` and 0, as are all published values of
    `TV-Diff <https://arxiv.org/abs/2511.20122>`_'s table. That table says in the open
    that it is a difference summed over users; what :math:`U` is, it does not say.
    ``"observed"`` (:func:`observed_energy`) is our definition. ``"occupied"``
    (:func:`occupied_energy`) is our reading of the `script published with it
    <https://github.com/umsimonchen/TV-Diff>`_, which takes other paths for rows with
    negative scores: it counts items of a full share without the limit of
    :math:`d_u`, and adds nothing for the others. So a published value is a point of
    reference, not a target.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        graph: Training interactions; values are ignored.
        measure: ``"observed"`` or ``"occupied"``. (default: ``"observed"``)
        normalization: ``"softmax"`` or ``"clipped"``. (default: ``"softmax"``)
        temperature: Of the softmax, positive. (default: ``1.0``)
        floor: Of clipping, at least 0. (default: ``0.0``)

    Returns:
        Means over interactions (1 for the data), their relative difference, and the
        sum over users.

    Raises:
        ValueError: If a shape does not fit, or an option is unknown or out of range.

    Example:
        >>> pairs = torch.tensor([[0, 0], [0, 1]])
        >>> change = energy_change(torch.zeros(1, 1), torch.zeros(4, 1), pairs)
        >>> [value.item() for value in change]
        [1.0, 0.5, -0.5, -1.0]
    """
    if measure not in get_args(EnergyMeasure):
        raise ValueError(
            f"'measure' needs to be one of {list(get_args(EnergyMeasure))} "
            f"(got {measure!r})"
        )
    user_rows = rows_of(graph, user_factor, item_factor)
    compute = observed_energy if measure == "observed" else occupied_energy
    kept = compute(
        user_factor, item_factor, user_rows, normalization, temperature, floor
    )
    return change_of(torch.ones_like(kept), kept, user_rows.nnz)

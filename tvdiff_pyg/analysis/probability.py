"""Rows of scores as probabilities, a block of users at a time."""

from collections.abc import Iterator
from typing import Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.sparse.matrices import as_factors, check_matrix

RowNormalization = Literal["softmax", "clipped"]

# So many scores are held at once: 32 MiB in single precision.
SCORES_AT_ONCE = 2**23


def row_probability(
    score: Tensor,
    normalization: RowNormalization = "softmax",
    temperature: float = 1.0,
    floor: float = 0.0,
) -> Tensor:
    r"""Turn each row of scores into probabilities.

    .. math::
        p_{ui} = \frac{\exp(s_{ui} / \tau)}{\sum_j \exp(s_{uj} / \tau)}
        \qquad \text{or} \qquad
        p_{ui} = \frac{\max(s_{ui}, \text{floor})}{\sum_j \max(s_{uj}, \text{floor})}

    for ``"softmax"`` and ``"clipped"``. Softmax fits scores that only rank, as those of
    matrix factorisation; clipping fits scores that reconstruct zeros and ones, which a
    softmax would flatten.

    Args:
        score: Scores, of shape ``[num_users, num_items]``.
        normalization: ``"softmax"`` or ``"clipped"``. (default: ``"softmax"``)
        temperature: The softmax's :math:`\tau`, positive. (default: ``1.0``)
        floor: What lower scores are raised to by clipping, at least 0.
            (default: ``0.0``)

    Returns:
        Probabilities of the same shape. A clipped row without any mass is uniform, as
        it is in the limit of a small floor.

    Raises:
        ValueError: If ``score`` is no matrix, or an option is unknown or out of range.

    Example:
        >>> row_probability(torch.tensor([[3.0, 1.0, -2.0]]), "clipped").tolist()
        [[0.75, 0.25, 0.0]]
    """
    check_matrix("score", score)
    check_options(normalization, temperature, floor)
    if normalization == "softmax":
        return (score / temperature).softmax(dim=1)
    mass = score.clamp(min=floor)
    total = mass.sum(dim=1, keepdim=True)
    return (mass / total).where(total != 0, 1 / max(score.size(1), 1))


def check_options(normalization: str, temperature: float, floor: float) -> None:
    """Raise a ``ValueError`` unless rows can be normalised that way."""
    if normalization not in get_args(RowNormalization):
        raise ValueError(
            f"'normalization' needs to be one of {list(get_args(RowNormalization))} "
            f"(got {normalization!r})"
        )
    check_number("temperature", temperature, 0, above=True)
    check_number("floor", floor, 0)


def probability_blocks(
    user_factor: Tensor,
    item_factor: Tensor,
    normalization: RowNormalization,
    temperature: float,
    floor: float,
) -> Iterator[tuple[Tensor, Tensor]]:
    """Yield user indices with the probabilities of their rows, block by block.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        normalization: As in :func:`row_probability`.
        temperature: As in :func:`row_probability`.
        floor: As in :func:`row_probability`.

    Raises:
        ValueError: If the factors are not equally wide, or an option is wrong.
    """
    user_factor, item_factor = as_factors(user_factor, item_factor)
    check_options(normalization, temperature, floor)
    users = torch.arange(user_factor.size(0), device=user_factor.device)
    for block in users.split(max(SCORES_AT_ONCE // max(item_factor.size(0), 1), 1)):
        score = user_factor[block] @ item_factor.t()
        yield block, row_probability(score, normalization, temperature, floor)

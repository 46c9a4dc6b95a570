"""View I: the Helmholtz free energy of a prediction, from factors and pairs alone."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.entropies import ENTROPIES, BPREntropy, Entropy, weighted_sum
from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.sparse import (
    CSR,
    Interactions,
    gram,
    interaction_rows,
    pair_rows,
    pair_scores,
    stacked,
)
from tvdiff_pyg.sparse.checks import check_device, check_vector, traced
from tvdiff_pyg.sparse.matrices import as_factors
from tvdiff_pyg.sparse.precision import at_least_single, wide_range


class FreeEnergy(NamedTuple):
    """The loss and its two parts, scalars."""

    free_energy: Tensor
    energy: Tensor
    entropy: Tensor


class HelmholtzFreeEnergyLoss(torch.nn.Module):
    r"""The training objective of TV-Diff (`arXiv 2511.20122
    <https://arxiv.org/abs/2511.20122>`_), reconstruction energy against ranking
    entropy.

    .. math::
        L = E - \text{temperature} \cdot S, \qquad
        E = \frac{1}{|\mathcal{I}|} \lVert x_0 - \hat{x}_0 \rVert^2

    averaged over the batch (zero if it is empty), with the entropy :math:`S` of
    :class:`~tvdiff_pyg.entropies.BPREntropy`,
    :class:`~tvdiff_pyg.entropies.BCEEntropy`,
    :class:`~tvdiff_pyg.entropies.NLLEntropy` or of your own. The energy is computed as
    :math:`|\mathcal{N}(u)| - 2 \sum_{i \in \mathcal{N}(u)} s_{ui}
    + \hat{u} \mathbf{V}^\top \mathbf{V} \hat{u}^\top`, so no score outside the observed
    and sampled pairs is ever formed.

    Args:
        temperature: Weight of the entropy, at least 0; at 0 only the energy is left
            (DiffRec's mean-squared error). (default: ``1.0``)
        entropy: The ranking entropy, or the name of one, such as ``"nll"``, with its
            defaults. (default: ``BPREntropy()``)

    Raises:
        ValueError: If ``temperature`` is negative, or ``entropy`` unknown.

    Example:
        >>> from tvdiff_pyg.entropies import NLLEntropy
        >>> loss = HelmholtzFreeEnergyLoss(temperature=1.0, entropy=NLLEntropy())
        >>> observed = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
        >>> loss(torch.zeros(1, 2), torch.zeros(3, 2), observed).energy.item()
        0.3333333432674408
    """

    def __init__(
        self, temperature: float = 1.0, entropy: Entropy | str = BPREntropy()
    ) -> None:
        super().__init__()
        check_number("temperature", temperature, 0)
        if isinstance(entropy, str):
            entropy = ENTROPIES[entropy].part()
        if not isinstance(entropy, Entropy):
            raise ValueError(
                f"'entropy' needs to be an entropy or its name (got {entropy!r})"
            )
        self.temperature = temperature
        self.entropy = entropy

    @property
    def needs_negatives(self) -> bool:
        """Whether the entropy compares with items that were not observed."""
        return self.temperature > 0 and self.entropy.needs_negatives

    def forward(
        self,
        user_factor: Tensor,
        item_factor: Tensor,
        observed: Interactions,
        positive: Interactions | None = None,
        negative: Interactions | None = None,
        num_items: int | None = None,
        item_weight: OptTensor = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch.

        The values of the patterns, if any, weigh their pairs: a sample of a user's
        interactions stands for all of them.

        Args:
            user_factor: Denoised user factors, ``[batch_size, channels]``.
            item_factor: Item factors, ``[num_items, channels]``.
            observed: The clean interactions :math:`x_0`, ``[batch_size, num_items]``:
                rows, or any of PyG's formats, see
                :func:`~tvdiff_pyg.sparse.interaction_rows`.
            positive: The positive pairs, for a pairwise entropy as many a row as
                ``negative``; ``observed`` if omitted. (default: ``None``)
            negative: The negative pairs, if the entropy needs any.
                (default: ``None``)
            num_items: Size of the catalogue, where ``item_factor`` holds only a
                part of it. (default: ``None``)
            item_weight: How many items of the catalogue each row of ``item_factor``
                stands for in the energy of all of them, at least 0, ``[num_items]``:
                the inverse of the chance of each to be in a sample. One each if
                omitted. (default: ``None``)

        Returns:
            Free energy, energy and entropy, in single precision at least.

        Raises:
            ValueError: If the entropy needs ``negative`` and gets none, or, pairwise,
                not one for each positive pair of a row; or returns no scalar or a
                constant; or a shape or a device does not fit.
        """
        factors = as_factors(user_factor, item_factor)
        # Sums over all items are more than half precision holds.
        factors = at_least_single(factors[0]), at_least_single(factors[1])
        user_factor, item_factor = factors
        if num_items is None:
            num_items = item_factor.size(0)
        check_integer("num_items", num_items, low=1)
        _check_weights(item_weight, item_factor)
        observed = _read(interaction_rows, observed, "observed", factors)
        if positive is not None:
            positive = _read(pair_rows, positive, "positive", factors)
        if negative is not None:
            negative = _read(pair_rows, negative, "negative", factors)
        patterns = self._patterns(observed, positive, negative)
        scores = self._scores(patterns, user_factor, item_factor)
        # A batch of nobody costs nothing: zero, not NaN.
        size = max(user_factor.size(0), 1) * num_items

        with wide_range(item_factor.device):
            squared = gram(item_factor, item_weight)
            mass = (user_factor @ squared * user_factor).sum()
        energy = self.energy(scores[0], observed.value, mass, size)
        if self.temperature == 0:
            return FreeEnergy(energy, energy.detach(), torch.zeros_like(energy))
        entropy = self.entropy(
            scores[0] if positive is None else scores[-1],
            scores[1] if self.needs_negatives else None,
            size,
            (observed if positive is None else positive).value,
            None if negative is None else negative.value,
        )
        self._check_returned(entropy, scores[0])
        free_energy = energy - self.temperature * entropy
        return FreeEnergy(free_energy, energy.detach(), entropy.detach())

    def _patterns(
        self, observed: CSR, positive: CSR | None, negative: CSR | None
    ) -> list[CSR]:
        """Return the patterns to score: observed, then negative, then positive."""
        patterns = [observed]
        if self.needs_negatives:
            if negative is None:
                raise ValueError(
                    f"'negative' needs to be given for {self.entropy} (got None)"
                )
            if self.entropy.pairwise:
                _check_paired(observed if positive is None else positive, negative)
            patterns.append(negative)
        if self.temperature > 0 and positive is not None:
            patterns.append(positive)
        return patterns

    def _check_returned(self, entropy: object, score: Tensor) -> None:
        """Raise unless an entropy is a scalar with a gradient, if scores have one."""
        if not isinstance(entropy, Tensor) or entropy.dim():
            shape = getattr(entropy, "shape", type(entropy).__name__)
            raise ValueError(f"{self.entropy} needs to return a scalar (got {shape})")
        # A constant, such as of detached scores, would train the energy alone.
        if score.requires_grad and not entropy.requires_grad:
            raise ValueError(
                f"{self.entropy} needs to return what has a gradient of the scores "
                "(got a constant)"
            )

    @staticmethod
    def _scores(
        patterns: list[CSR], user_factor: Tensor, item_factor: Tensor
    ) -> tuple[Tensor, ...]:
        """Score all pairs in one product, whose gradient writes each item once."""
        left = user_factor.repeat(len(patterns), 1)
        score = pair_scores(stacked(patterns), left, item_factor)
        return score.split([pattern.nnz for pattern in patterns])

    @staticmethod
    def energy(
        observed_score: Tensor, weight: Tensor | None, mass: Tensor, size: int
    ) -> Tensor:
        r"""Compute the mean squared reconstruction error of binary interactions.

        Args:
            observed_score: Scores of observed pairs, of shape ``[nnz]``.
            weight: Weight of each; ones if ``None``.
            mass: Sum of all squared scores,
                :math:`\sum_u \hat{u} \mathbf{V}^\top \mathbf{V} \hat{u}^\top`.
            size: Number of all pairs, ``batch_size * num_items``.

        Returns:
            The energy, a scalar.
        """
        return (weighted_sum(1 - 2 * observed_score, weight) + mass) / size

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(temperature={self.temperature}, "
            f"entropy={self.entropy})"
        )


def _read(
    read: Callable[..., CSR],
    pairs: Interactions,
    name: str,
    factors: tuple[Tensor, Tensor],
) -> CSR:
    """Read pairs of any format, of the factors' size where they do not say theirs."""
    num_users, num_items = factors[0].size(0), factors[1].size(0)
    rows = read(pairs, (num_users, num_items), name)
    # All pairs are scored as one.
    if rows.num_rows != num_users or rows.num_cols > num_items:
        raise ValueError(
            f"'{name}' needs to be of {num_users} users and at most {num_items} items, "
            f"as the factors are (got {rows.num_rows} and {rows.num_cols})"
        )
    check_device(name, rows.col, factors[0])
    return rows


def _check_paired(positive: CSR, negative: CSR) -> None:
    """Raise unless each positive pair of a row has a negative one to stand against."""
    if traced() or torch.equal(positive.rowptr, negative.rowptr):
        return
    wanted, got = positive.degree(), negative.degree()
    row = int((wanted != got).nonzero()[0])
    raise ValueError(
        f"'negative' needs to hold as many pairs a row as are positive, {wanted[row]} "
        f"in row {row} (got {got[row]})"
    )


def _check_weights(weight: OptTensor, item_factor: Tensor) -> None:
    """Raise unless there is a weight, not below 0, for each item."""
    if weight is None:
        return
    check_vector("item_weight", weight, item_factor.size(0), item_factor)
    if not (traced() or bool((weight >= 0).all())):
        raise ValueError(
            f"'item_weight' needs to be at least 0 (got {weight.min().item()})"
        )

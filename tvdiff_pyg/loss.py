"""View I: the Helmholtz free energy of a prediction, from factors and pairs alone."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.entropies import BPREntropy, Entropy, weighted_sum
from tvdiff_pyg.sparse import CSR, gram, leading_rows, pair_scores


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

    averaged over the batch, with the entropy :math:`S` of
    :class:`~tvdiff_pyg.entropies.BPREntropy`,
    :class:`~tvdiff_pyg.entropies.BCEEntropy`,
    :class:`~tvdiff_pyg.entropies.NLLEntropy` or of your own. The energy is computed as
    :math:`|\mathcal{N}(u)| - 2 \sum_{i \in \mathcal{N}(u)} s_{ui}
    + \hat{u} \mathbf{V}^\top \mathbf{V} \hat{u}^\top`, so no score outside the observed
    and sampled pairs is ever formed.

    Args:
        temperature: Weight of the entropy, at least 0; at 0 only the energy is left
            (DiffRec's mean-squared error). (default: ``1.0``)
        entropy: The ranking entropy. (default: ``BPREntropy()``)

    Raises:
        ValueError: If ``temperature`` is negative.

    Example:
        >>> from tvdiff_pyg.entropies import NLLEntropy
        >>> loss = HelmholtzFreeEnergyLoss(temperature=1.0, entropy=NLLEntropy())
        >>> observed = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
        >>> loss(torch.zeros(1, 2), torch.zeros(3, 2), observed).energy.item()
        0.3333333432674408
    """

    def __init__(
        self, temperature: float = 1.0, entropy: Entropy = BPREntropy()
    ) -> None:
        super().__init__()
        if not temperature >= 0:
            raise ValueError(
                f"'temperature' needs to be at least 0 (got {temperature})"
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
        observed: CSR,
        positive: CSR | None = None,
        negative: CSR | None = None,
        num_items: int | None = None,
        num_pool: int | None = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch.

        The values of the patterns, if any, weigh their pairs: a sample of a user's
        interactions stands for all of them.

        Args:
            user_factor: Denoised user factors, ``[batch_size, channels]``.
            item_factor: Item factors, ``[num_items, channels]``.
            observed: The clean interactions :math:`x_0`, ``[batch_size, num_items]``.
            positive: The positive pairs, for a pairwise entropy as many a row as
                ``negative``; ``observed`` if omitted. (default: ``None``)
            negative: The negative pairs, if the entropy needs any.
                (default: ``None``)
            num_items: Size of the catalogue, where ``item_factor`` holds only a
                part of it. (default: ``None``)
            num_pool: How many leading rows of ``item_factor`` are a uniform random
                set of the items, which the energy is estimated from; all if
                omitted. (default: ``None``)

        Returns:
            Free energy, energy and entropy.

        Raises:
            ValueError: If the entropy needs ``negative`` and gets none.
        """
        patterns = self._patterns(observed, positive, negative)
        scores = self._scores(patterns, user_factor, item_factor)
        num_items = item_factor.size(0) if num_items is None else num_items
        size = user_factor.size(0) * num_items

        pool = leading_rows(item_factor, num_pool)
        mass = (user_factor @ gram(pool) * user_factor).sum()
        mass = mass * (num_items / pool.size(0))
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
            patterns.append(negative)
        if self.temperature > 0 and positive is not None:
            patterns.append(positive)
        return patterns

    @staticmethod
    def _scores(
        patterns: list[CSR], user_factor: Tensor, item_factor: Tensor
    ) -> tuple[Tensor, ...]:
        """Score all pairs in one product, whose gradient writes each item once."""
        left = user_factor.repeat(len(patterns), 1)
        score = pair_scores(CSR.stack(patterns), left, item_factor)
        return score.split([pattern.nnz for pattern in patterns])

    @staticmethod
    def energy(
        observed_score: Tensor, weight: OptTensor, mass: Tensor, size: int
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

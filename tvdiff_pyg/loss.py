"""View I: the Helmholtz free energy of a prediction, from factors and pairs alone."""

from typing import Literal, NamedTuple, get_args

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.nn.csr import CSR
from tvdiff_pyg.nn.ops import gram, pair_scores

EntropyType = Literal["bpr", "bce", "nll"]


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

    with the entropy :math:`S`, averaged over the batch, one of

    .. math::
        S_\text{BPR} &= \log \sigma(s_\text{pos} - s_\text{neg}) \\
        S_\text{BCE} &= \frac{1}{|\mathcal{I}|} \Big[ \sum_\text{pos} \log \sigma(s)
        + \sum_\text{neg} \log \sigma(-s) \Big] \\
        S_\text{NLL} &= \frac{1}{|\mathcal{I}|} \sum_\text{pos} \log \sigma(s)

    The energy is computed as :math:`|\mathcal{N}(u)| - 2 \sum_{i \in \mathcal{N}(u)}
    s_{ui} + \hat{u} \mathbf{V}^\top \mathbf{V} \hat{u}^\top`, so no score outside the
    observed and sampled pairs is ever formed.

    Args:
        temperature: Weight of the entropy, at least 0; at 0 only the energy is left
            (DiffRec's mean-squared error). (default: ``1.0``)
        entropy_type: ``"bpr"``, ``"bce"`` or ``"nll"``. (default: ``"bpr"``)

    Raises:
        ValueError: If ``temperature`` is negative or ``entropy_type`` is unknown.

    Example:
        >>> loss = HelmholtzFreeEnergyLoss(temperature=1.0, entropy_type="nll")
        >>> observed = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
        >>> loss(torch.zeros(1, 2), torch.zeros(3, 2), observed).energy.item()
        0.3333333432674408
    """

    def __init__(
        self, temperature: float = 1.0, entropy_type: EntropyType = "bpr"
    ) -> None:
        super().__init__()
        if not temperature >= 0:
            raise ValueError(
                f"'temperature' needs to be at least 0 (got {temperature})"
            )
        if entropy_type not in get_args(EntropyType):
            raise ValueError(
                f"'entropy_type' needs to be one of {list(get_args(EntropyType))} "
                f"(got {entropy_type!r})"
            )
        self.temperature = temperature
        self.entropy_type = entropy_type

    @property
    def needs_negatives(self) -> bool:
        """Whether the entropy compares with items that were not observed."""
        return self.temperature > 0 and self.entropy_type != "nll"

    def forward(
        self,
        user_factor: Tensor,
        item_factor: Tensor,
        observed: CSR,
        positive: CSR | None = None,
        negative: CSR | None = None,
    ) -> FreeEnergy:
        """Compute the loss of a batch.

        Args:
            user_factor: Denoised user factors, ``[batch_size, channels]``.
            item_factor: Item factors, ``[num_items, channels]``.
            observed: The clean interactions :math:`x_0`, ``[batch_size, num_items]``.
            positive: The positive pairs of BPR, as many a row as ``negative``;
                ``observed`` if omitted. (default: ``None``)
            negative: The negative pairs; not read by NLL. (default: ``None``)

        Returns:
            Free energy, energy and entropy.

        Raises:
            ValueError: If BPR or BCE get no ``negative``.
        """
        observed_score = pair_scores(observed, user_factor, item_factor)
        energy = self.energy(user_factor, item_factor, observed_score)
        if self.temperature == 0:
            return FreeEnergy(energy, energy.detach(), torch.zeros_like(energy))
        negative_score = None
        if self.needs_negatives:
            if negative is None:
                raise ValueError(
                    f"'negative' needs to be given for {self.entropy_type!r} (got None)"
                )
            negative_score = pair_scores(negative, user_factor, item_factor)
        if positive is not None:
            positive_score = pair_scores(positive, user_factor, item_factor)
        else:
            positive_score = observed_score
        entropy = self.entropy(positive_score, negative_score, observed)
        free_energy = energy - self.temperature * entropy
        return FreeEnergy(free_energy, energy.detach(), entropy.detach())

    @staticmethod
    def energy(
        user_factor: Tensor, item_factor: Tensor, observed_score: Tensor
    ) -> Tensor:
        """Compute the mean squared reconstruction error of binary interactions.

        Args:
            user_factor: User factors, of shape ``[batch_size, channels]``.
            item_factor: Item factors, of shape ``[num_items, channels]``.
            observed_score: Scores of all observed pairs, of shape ``[nnz]``.

        Returns:
            The energy, a scalar.
        """
        mass = (user_factor @ gram(item_factor) * user_factor).sum()
        total = observed_score.numel() - 2 * observed_score.sum() + mass
        return total / (user_factor.size(0) * item_factor.size(0))

    def entropy(
        self, positive: Tensor, negative: Tensor | None, observed: CSR
    ) -> Tensor:
        """Compute the ranking entropy from scores of pairs.

        Args:
            positive: Scores of positive pairs, of shape ``[num_positive]``.
            negative: Scores of negative pairs, for BPR one to each positive.
            observed: The batch's interactions; only its shape is read.

        Returns:
            The entropy, a scalar of at most 0.
        """
        if self.entropy_type == "bpr":
            assert negative is not None
            # No pair at all (every item observed) ranks nothing: zero, not NaN.
            return F.logsigmoid(positive - negative).sum() / max(positive.numel(), 1)
        total = F.logsigmoid(positive).sum()
        if negative is not None:
            total = total + F.logsigmoid(-negative).sum()
        return total / (observed.num_rows * observed.num_cols)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}(temperature={self.temperature}, "
            f"entropy_type={self.entropy_type!r})"
        )

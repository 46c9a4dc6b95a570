"""Ranking entropies: what the free energy rewards, from scores of pairs."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.config import Config
from tvdiff_pyg.contract import Contract
from tvdiff_pyg.registry import Registry

#: Every entropy by its name.
ENTROPIES: "Registry[type[Entropy]]" = Registry(
    "entropy", lambda: Contract(Entropy, Config)
)
register_entropy = ENTROPIES.register


@dataclass(frozen=True)
class Entropy(Config, ABC):
    """How well positive pairs are ranked: a part that is its own config.

    An entropy of your own is a frozen dataclass that can be called, registered by
    ``@register_entropy(name)``.
    """

    #: Whether it compares with items that were not observed.
    needs_negatives: ClassVar[bool] = True
    #: Whether it takes as many negatives as positives, one to each; then batches may
    #: be drawn over interactions.
    pairwise: ClassVar[bool] = False

    @abstractmethod
    def __call__(
        self,
        positive: Tensor,
        negative: OptTensor,
        size: int,
        positive_weight: OptTensor = None,
        negative_weight: OptTensor = None,
    ) -> Tensor:
        """Compute the entropy.

        Args:
            positive: Scores of positive pairs, of shape ``[num_positive]``.
            negative: Scores of negative pairs, of shape ``[num_negative]``; ``None``
                where none are needed.
            size: Number of all pairs, ``batch_size * num_items``.
            positive_weight: Weights of the positive pairs; ones if omitted.
                (default: ``None``)
            negative_weight: Weights of the negative pairs; ones if omitted.
                (default: ``None``)

        Returns:
            The entropy, a scalar of at most 0.
        """


@register_entropy("bpr")
@dataclass(frozen=True)
class BPREntropy(Entropy):
    r"""Each positive pair against one negative pair.

    The mean over positive pairs, by their weights (`"BPR: Bayesian Personalized Ranking
    from Implicit Feedback" <https://arxiv.org/abs/1205.2618>`_), of

    .. math::
        \log \sigma(s_\text{pos} - s_\text{neg})

    Example:
        >>> BPREntropy()(torch.zeros(2), torch.zeros(2), size=6).exp().item()
        0.5
    """

    pairwise: ClassVar[bool] = True

    def __call__(
        self,
        positive: Tensor,
        negative: OptTensor,
        size: int,
        positive_weight: OptTensor = None,
        negative_weight: OptTensor = None,
    ) -> Tensor:
        """Compute the entropy; see :class:`Entropy`."""
        assert negative is not None
        # No pair at all (every item observed) ranks nothing: zero, not NaN.
        count = weighted_sum(torch.ones_like(positive), positive_weight).clamp(min=1)
        return weighted_sum(F.logsigmoid(positive - negative), positive_weight) / count


@register_entropy("bce")
@dataclass(frozen=True)
class BCEEntropy(Entropy):
    r"""Positive pairs towards one, negative pairs towards zero.

    .. math::
        \frac{1}{|\mathcal{I}|} \Big[ \sum_\text{pos} \log \sigma(s)
        + \sum_\text{neg} \log \sigma(-s) \Big]

    Example:
        >>> BCEEntropy()(torch.zeros(1), torch.zeros(1), size=2).exp().item()
        0.5
    """

    def __call__(
        self,
        positive: Tensor,
        negative: OptTensor,
        size: int,
        positive_weight: OptTensor = None,
        negative_weight: OptTensor = None,
    ) -> Tensor:
        """Compute the entropy; see :class:`Entropy`."""
        assert negative is not None
        entropy = weighted_sum(F.logsigmoid(positive), positive_weight)
        return (entropy + weighted_sum(F.logsigmoid(-negative), negative_weight)) / size


@register_entropy("nll")
@dataclass(frozen=True)
class NLLEntropy(Entropy):
    r"""Positive pairs alone, towards one.

    .. math::
        \frac{1}{|\mathcal{I}|} \sum_\text{pos} \log \sigma(s)

    Example:
        >>> NLLEntropy()(torch.zeros(2), None, size=2).exp().item()
        0.5
    """

    needs_negatives: ClassVar[bool] = False

    def __call__(
        self,
        positive: Tensor,
        negative: OptTensor,
        size: int,
        positive_weight: OptTensor = None,
        negative_weight: OptTensor = None,
    ) -> Tensor:
        """Compute the entropy; see :class:`Entropy`."""
        return weighted_sum(F.logsigmoid(positive), positive_weight) / size


def weighted_sum(value: Tensor, weight: OptTensor) -> Tensor:
    """Sum values, each times its weight if there are any.

    Args:
        value: Values, of shape ``[num_pairs]``.
        weight: Weights of the same shape; ones if ``None``.

    Example:
        >>> weighted_sum(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.5])).item()
        4.0
    """
    return value.sum() if weight is None else (value * weight).sum()

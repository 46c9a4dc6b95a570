"""A ranking entropy in one file: a margin between positives and negatives.

tvdiff fit --plugin examples/plugins/margin_entropy.py --entropy-type margin \
    --margin 0.5 --data movielens-small --run runs/margin
"""

from dataclasses import dataclass
from typing import ClassVar

import torch

from tvdiff_pyg.entropies import Entropy, register_entropy


@register_entropy("margin")
@dataclass(frozen=True)
class MarginEntropy(Entropy):
    """How far pairs fall short of a margin, in the mean.

    Args:
        margin: By how much a positive is to score higher, above 0.
    """

    needs_negatives: ClassVar[bool] = True
    pairwise: ClassVar[bool] = True

    margin: float = 1.0

    def __post_init__(self):
        super().__post_init__()
        self.check("margin", self.margin > 0, "positive")

    def __call__(
        self, positive, negative, size, positive_weight=None, negative_weight=None
    ):
        weight = positive_weight
        weight = torch.ones_like(positive) if weight is None else weight
        short = (self.margin - (positive - negative)).relu()
        return -(weight * short).sum() / weight.sum().clamp(min=1)

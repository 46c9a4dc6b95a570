"""Metrics of which items are shown: how unequally, and how well known they were."""

import torch
from torch import Tensor
from torch_geometric.metrics import LinkPredAveragePopularity, LinkPredCoverage

from tvdiff_pyg.metrics.metric import Catalogue, add_sum, register_metric


@register_metric("gini")
class Gini(LinkPredCoverage):
    r"""How unequally often items are shown: 0 all alike, near 1 only one of them.

    With :math:`x_{(1)} \le \dots \le x_{(n)}` how often each of :math:`n` items is
    shown,

    .. math::
        G = \frac{\sum_i (2 i - n - 1) \, x_{(i)}}{n \sum_i x_{(i)}}

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    optional = True

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        super().__init__(k, catalogue.num_items)
        zero = torch.zeros(catalogue.num_items, dtype=torch.float64)
        add_sum(self, "count", zero)

    def update(self, item: Tensor, *further: Tensor | None) -> None:
        """Add a batch of rankings."""
        shown = item[item < self.count.numel()]
        self.count += torch.bincount(shown, minlength=self.count.numel())

    def compute(self) -> Tensor:
        """Return the coefficient; 0 where nothing is shown."""
        ordered, num_items = self.count.sort().values, self.count.numel()
        if not ordered.any():
            return ordered.sum()
        rank = torch.arange(1, num_items + 1, device=ordered.device)
        weight = (2 * rank - num_items - 1).to(ordered.dtype)
        return weight @ ordered / (num_items * ordered.sum())

    def _reset(self) -> None:
        self.count.zero_()


@register_metric("novelty")
class Novelty(LinkPredAveragePopularity):
    r"""How surprising what is shown is, in bits: the mean self-information.

    .. math::
        -\log_2 \frac{\max(d_i, 1)}{\sum_j d_j}

    of an item with :math:`d_i` training interactions, averaged over all that is shown.

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    optional = True
    higher_is_better = True

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        known = catalogue.popularity.double()
        share = known.clamp(min=1) / known.sum().clamp(min=1)
        super().__init__(k, -share.log2())

    def update(self, item: Tensor, *further: Tensor | None) -> None:
        """Add a batch of rankings."""
        shown = item[item < self.popularity.numel()]
        super().update(shown.view(-1, 1), shown)

"""Metrics of what is shown to the users together, whoever likes it."""

import torch
from torch import Tensor
from torch_geometric.metrics import (
    LinkPredAveragePopularity,
    LinkPredCoverage,
    LinkPredDiversity,
    LinkPredPersonalization,
)

from tvdiff_pyg.metrics.metric import Catalogue, add_sum, register_metric


@register_metric("coverage")
class Coverage(LinkPredCoverage):
    """Share of the items that anybody is shown.

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        super().__init__(k, catalogue.num_items)

    def update(self, item: Tensor, *label: Tensor | None) -> None:
        """Add a batch of rankings."""
        super().update(_in_a_column(item, self.num_dst_nodes), *label)


@register_metric("popularity")
class AveragePopularity(LinkPredAveragePopularity):
    """Mean number of training interactions of what is shown.

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        super().__init__(k, catalogue.popularity)

    def update(self, item: Tensor, *label: Tensor | None) -> None:
        """Add a batch of rankings."""
        super().update(_in_a_column(item, self.popularity.numel()), *label)


@register_metric("diversity")
class Diversity(LinkPredDiversity):
    """Share of the pairs that a user is shown together that differ in category.

    The mean over the users that are shown two items or more.

    Args:
        k: The cut-off.
        catalogue: The items, with categories.

    Raises:
        ValueError: If there are no categories.
    """

    optional = True

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        if catalogue.category is None:
            raise ValueError("'diversity' needs a category of each item (got none)")
        super().__init__(k, catalogue.category)

    def update(self, item: Tensor, *label: Tensor | None) -> None:
        """Add a batch of rankings."""
        length = (item < self.category.numel()).sum(dim=1)
        # PyG divides by the pairs of a full list.
        for k in length[length > 1].unique().tolist():
            full = LinkPredDiversity(k, self.category).to(item.device)
            full.update(item[length == k], *label)
            self.accum += full.accum
            self.total += full.total


@register_metric("personalization")
class Personalization(LinkPredPersonalization):
    r"""How little the lists of two users have in common, on average.

    One minus the mean cosine similarity of two users. PyG compares pair by pair, and so
    no more than some thousand users; but with :math:`y_u` the indicator of what user
    :math:`u` is shown, scaled to length one,

    .. math::
        \sum_{u \neq v} y_u^{\top} y_v = \Big\| \sum_u y_u \Big\|^2 - n

    gives the mean over all pairs of :math:`n` users in one pass. Users that are shown
    nothing do not count.

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    optional = True

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        super().__init__(k, max_src_nodes=None)
        zero = torch.zeros(catalogue.num_items, dtype=torch.float64)
        add_sum(self, "direction", zero)

    def update(self, item: Tensor, *label: Tensor | None) -> None:
        """Add a batch of rankings."""
        is_item = item < self.direction.numel()
        length = is_item.sum(dim=1, keepdim=True)
        share = length.to(self.direction.dtype).rsqrt().expand_as(item)
        self.direction.index_add_(0, item[is_item], share[is_item])
        self.total += (length > 0).sum()

    def _reset(self) -> None:
        self.direction.zero_()
        self.total.zero_()

    def compute(self) -> Tensor:
        """Return one minus the mean similarity; 0 of fewer than two users."""
        if self.total < 2:
            return torch.zeros_like(self.direction.sum())
        similarity = self.direction @ self.direction - self.total
        return 1 - similarity / (self.total * (self.total - 1))


def _in_a_column(item: Tensor, num_items: int) -> Tensor:
    """Return all that is shown without the pads, of shape ``[num_shown, 1]``."""
    return item[item < num_items].view(-1, 1)

"""Whether a user is shown popular and rare items as they have chosen them."""

import torch
from torch import Tensor
from torch_geometric.metrics import LinkPredAveragePopularity

from tvdiff_pyg.metrics.metric import Catalogue, register_metric
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR

NUM_GROUPS = 3


def popularity_groups(popularity: Tensor, num_groups: int = NUM_GROUPS) -> Tensor:
    """Part items by popularity, so that groups have about as many interactions each.

    Args:
        popularity: Training interactions of each item, of shape ``[num_items]``.
        num_groups: How many groups there are, at least 1. (default: ``3``)

    Returns:
        The group of each item, of the same shape; 0 holds the most popular ones.

    Raises:
        ValueError: If ``num_groups`` is out of range.

    Example:
        >>> popularity_groups(torch.tensor([1, 6, 0, 2, 3]))
        tensor([2, 0, 2, 2, 1])
    """
    check_integer("num_groups", num_groups, low=1)
    order = popularity.sort(descending=True, stable=True).indices
    sorted_popularity = popularity[order].double()
    # What is more popular than an item decides where it belongs.
    before = sorted_popularity.cumsum(0) - sorted_popularity
    total = sorted_popularity.sum().clamp(min=1)
    group = (before * num_groups / total).long().clamp(max=num_groups - 1)
    return torch.empty_like(group).scatter_(0, order, group)


@register_metric("calibration")
class Calibration(LinkPredAveragePopularity):
    r"""How far a list is from its user's history in its shares of popularity groups.

    The Jensen-Shannon divergence, in bits, of the shares :math:`p` of three groups of
    items, each with a third of all interactions, among what a user had chosen and
    :math:`q` among what they are shown, as `"Calibrated Recommendations"
    <https://doi.org/10.1145/3240323.3240372>`_ compares genres:

    .. math::
        \mathrm{JS}(p, q) = \mathrm{H}\big(\tfrac{p + q}{2}\big)
        - \tfrac{1}{2} \mathrm{H}(p) - \tfrac{1}{2} \mathrm{H}(q) \in [0, 1]

    The mean over users that have chosen something and are shown something; 0 is best.

    Args:
        k: The cut-off.
        catalogue: The items.
    """

    optional = True
    reads_seen = True

    def __init__(self, k: int, catalogue: Catalogue) -> None:
        super().__init__(k, popularity_groups(catalogue.popularity))

    def update(self, item: Tensor, *further: Tensor | CSR | None) -> None:
        """Add a batch of rankings; last comes what each user had chosen."""
        seen = further[-1]
        assert isinstance(seen, CSR)
        place = torch.arange(item.size(0), device=item.device)[:, None]
        is_shown = item < self.popularity.numel()
        q = self._shares(place.expand_as(item)[is_shown], item[is_shown], item.size(0))
        p = self._shares(seen.row(), seen.col, item.size(0))
        defined = (p.sum(dim=1) > 0) & (q.sum(dim=1) > 0)
        mixed = _bits((p + q) / 2) - (_bits(p) + _bits(q)) / 2
        self.accum += mixed[defined].clamp(min=0).sum().to(self.accum)
        self.total += defined.sum()

    def _shares(self, user: Tensor, item: Tensor, num_users: int) -> Tensor:
        """Return the share of each group, of shape ``[num_users, NUM_GROUPS]``."""
        cell = user * NUM_GROUPS + self.popularity[item]
        count = torch.bincount(cell, minlength=num_users * NUM_GROUPS).double()
        count = count.view(num_users, NUM_GROUPS)
        return count / count.sum(dim=1, keepdim=True).clamp(min=1)


def _bits(share: Tensor) -> Tensor:
    """Compute the entropy of each row."""
    return torch.special.entr(share).sum(dim=1) / torch.log(share.new_tensor(2.0))

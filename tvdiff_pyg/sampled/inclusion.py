"""How many items of the catalogue each item of a sampled batch stands for."""

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.sparse import CSR


def items_stood_for(
    drawn: CSR, history: CSR, item: Tensor, num_pool: int, certain: OptTensor = None
) -> Tensor:
    r"""Return the inverse of the chance that each item is in a batch, at least 1.

    A sum over the catalogue, estimated by the batch's items with these weights, is
    unbiased (Horvitz and Thompson, 1952). Given the users of a batch, an item is missed
    by the pool and by each user, independently:

    .. math::
        \Pr(i) = 1 - \Bigl(1 - \frac{|\text{pool}|}{|\mathcal{I}|}\Bigr)
        \prod_{u: i \in \mathcal{N}(u)}
        \Bigl(1 - \frac{|\mathcal{S}(u)|}{|\mathcal{N}(u)|}\Bigr)

    Items of many users are nearly always there: what they add to the sum is then no
    matter of chance, as it is where the pool alone is summed.

    Args:
        drawn: Items that were drawn of each user, :math:`\mathcal{S}(u)`, by their
            places in the batch, ``[num_users, num_local]``.
        history: All items of each, :math:`\mathcal{N}(u)`, ``[num_users, num_items]``.
        item: Global ids of the items of the batch, the pool first, ``[num_local]``.
        num_pool: Size of the pool.
        certain: Places of items that are there in any case. (default: ``None``)

    Returns:
        The weights, in single precision, of shape ``[num_local]``; 0 for items that are
        there for other reasons, as neighbours of neighbours are.

    Example:
        >>> history = CSR.from_edge_index(torch.tensor([[0, 0], [1, 2]]), (1, 4))
        >>> drawn = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> items_stood_for(drawn, history, torch.tensor([0, 2]), 1).tolist()
        [4.0, 1.600000023841858]
    """
    degree, num_items = history.degree(), history.num_cols
    missed = torch.log1p(-drawn.degree().double() / degree.clamp(min=1))
    by_all = missed.new_zeros(num_items)
    by_all.index_add_(0, history.col, missed.repeat_interleave(degree))
    chance = 1 - (1 - num_pool / num_items) * by_all[item].exp()
    counted = torch.zeros_like(item, dtype=torch.bool)
    counted[:num_pool] = True
    counted[drawn.col] = True
    weight = torch.where(counted, 1 / chance, 0.0)
    if certain is not None:
        weight[certain] = 1.0
    return weight.float()

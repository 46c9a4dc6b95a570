"""How much neighbours resemble each other: in embeddings, and in scores."""

from typing import NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import Data
from torch_geometric.utils import scatter

from tvdiff_pyg.analysis.graph import (
    both_sides,
    check_pair,
    connected,
    rows_of,
    symmetric_rows,
    unit_rows,
)
from tvdiff_pyg.sparse import CSR, Interactions, gram, spmm

# Differences along edges are formed in blocks of that many values.
EDGE_VALUES_AT_ONCE = 2**22


class ScoreSmoothness(NamedTuple):
    """Rayleigh quotients of scores, scalars in [0, 1]: along users, along items."""

    user: Tensor
    item: Tensor


@torch.no_grad()
def dirichlet_energy(
    user_x: Tensor,
    item_x: Tensor | None,
    graph: Interactions | Data,
    normalize: bool = False,
) -> Tensor:
    r"""Compute the Dirichlet energy of embeddings on the bipartite graph.

    .. math::
        E(\mathbf{X}) = \sum_{(u, i) \in \mathcal{E}} \left\lVert
        \frac{\mathbf{x}_u}{\sqrt{d_u}} - \frac{\mathbf{x}_i}{\sqrt{d_i}}
        \right\rVert^2 = \operatorname{tr}(\mathbf{X}^\top \mathbf{L} \mathbf{X})

    with :math:`\mathbf{L} = \mathbf{I} - \hat{\mathbf{A}}`, as in the `"A Note on
    Over-Smoothing for Graph Neural Networks" <https://arxiv.org/abs/2006.13318>`_
    paper but without its self-loops; its factor 1/2 is for sums that meet each edge
    twice. Nodes without an edge take no part. The sum is taken edge by edge, so a small
    energy is not lost to cancellation.

    Args:
        user_x: User embeddings, of shape ``[num_users, channels]``.
        item_x: Item embeddings, of shape ``[num_items, channels]``; ``None`` with a
            homogeneous graph, whose nodes are all in ``user_x``.
        graph: Interactions, or a homogeneous graph as a ``Data``; values are ignored.
        normalize: Divide by :math:`\lVert \mathbf{X} \rVert^2` over the nodes that
            take part: the Rayleigh quotient, in [0, 2]. (default: ``False``)

    Returns:
        A scalar; the quotient of a signal that is zero is ``nan``.

    Raises:
        ValueError: If a shape does not fit, or the graph cannot be read.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> dirichlet_energy(torch.ones(1, 1), -torch.ones(1, 1), pairs).item()
        4.0
    """
    user_x, item_x, user_rows = both_sides(user_x, item_x, graph)
    scaled = [
        x * rows.degree().clamp(min=1).to(x.dtype).rsqrt().unsqueeze(1)
        for x, rows in ((user_x, user_rows), (item_x, user_rows.transpose()))
    ]
    energy = _squared_distances(user_rows, *scaled).sum(dtype=torch.float64)
    if normalize:
        energy = energy / sum(
            (x * connected(rows)).square().sum(dtype=torch.float64)
            for x, rows in ((user_x, user_rows), (item_x, user_rows.transpose()))
        )
    elif isinstance(graph, Data):
        energy = energy / 2  # Each edge is there both ways.
    return energy.to(user_x.dtype)


@torch.no_grad()
def mean_average_distance(
    user_x: Tensor, item_x: Tensor | None, graph: Interactions | Data
) -> Tensor:
    r"""Compute the mean average distance (MAD) to neighbours of the `"Measuring and
    Relieving the Over-smoothing Problem for Graph Neural Networks from the Topological
    View" <https://arxiv.org/abs/1909.03211>`_ paper.

    .. math::
        \mathrm{MAD} = \frac{1}{|\mathcal{V}^+|} \sum_{v \in \mathcal{V}^+}
        \frac{1}{d_v} \sum_{w \in \mathcal{N}(v)} (1 - \cos(\mathbf{x}_v, \mathbf{x}_w))

    over the nodes :math:`\mathcal{V}^+` of both sides that have a neighbour. The paper
    leaves distances of zero out of both means; here they count, so that a graph which
    is smooth in part has a smaller value than one which is rough all over.

    Args:
        user_x: User embeddings, of shape ``[num_users, channels]``.
        item_x: Item embeddings, of shape ``[num_items, channels]``; ``None`` with a
            homogeneous graph, whose nodes are all in ``user_x``.
        graph: Interactions, or a homogeneous graph as a ``Data``; values are ignored.

    Returns:
        A scalar in [0, 2]; ``nan`` without edges. Two vectors of which one is zero
        have the distance 1.

    Raises:
        ValueError: If a shape does not fit, or the graph cannot be read.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> mean_average_distance(torch.ones(1, 1), -torch.ones(1, 1), pairs).item()
        2.0
    """
    user_x, item_x, user_rows = both_sides(user_x, item_x, graph)
    user, item = user_rows.row(), user_rows.col
    # 1 - cos is half the squared distance of unit vectors: exact where it is small.
    unit = unit_rows(user_x), unit_rows(item_x)
    zero = [(x == 0).all(dim=1).to(x.dtype) for x in unit]
    distance = _squared_distances(user_rows, *unit) + zero[0][user] + zero[1][item]
    distance = distance.double() / 2
    mean = [
        scatter(distance, index, dim_size=x.size(0), reduce="mean")
        for index, x in ((user, user_x), (item, item_x))
    ]
    takes_part = connected(user_rows), connected(user_rows.transpose())
    return torch.cat(mean)[torch.cat(takes_part).view(-1)].mean().to(user_x.dtype)


@torch.no_grad()
def score_smoothness(
    user_factor: Tensor, item_factor: Tensor, graph: Interactions
) -> ScoreSmoothness:
    r"""Compute how smooth scores are along the user graph and along the item graph.

    With scores :math:`\mathbf{S} = \mathbf{U} \mathbf{V}^\top`, the Rayleigh quotients

    .. math::
        \frac{\operatorname{tr}(\mathbf{S}^\top (\mathbf{I} - \bar{\mathbf{R}}
        \bar{\mathbf{R}}^\top) \mathbf{S})}{\lVert \mathbf{S} \rVert^2}
        &= 1 - \frac{\langle G(\bar{\mathbf{R}}^\top \mathbf{U}), G(\mathbf{V})
        \rangle}{\langle G(\mathbf{U}), G(\mathbf{V}) \rangle} \\
        \frac{\operatorname{tr}(\mathbf{S} (\mathbf{I} - \bar{\mathbf{R}}^\top
        \bar{\mathbf{R}}) \mathbf{S}^\top)}{\lVert \mathbf{S} \rVert^2}
        &= 1 - \frac{\langle G(\mathbf{U}), G(\bar{\mathbf{R}} \mathbf{V})
        \rangle}{\langle G(\mathbf{U}), G(\mathbf{V}) \rangle}

    where :math:`G(\mathbf{X}) = \mathbf{X}^\top \mathbf{X}`, so no score is formed. 0
    is as smooth as can be: all rows (or columns) are in proportion to the square roots
    of the degrees. Users without an item take no part in the first quotient, items
    without a user none in the second.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        graph: Interactions; values are ignored.

    Returns:
        Two scalars, ``nan`` where scores are all zero. In single precision they are
        exact to about 1e-6.

    Raises:
        ValueError: If a shape does not fit, or the graph cannot be read.

    Example:
        >>> pairs = torch.tensor([[0, 0], [0, 1]])
        >>> scores = score_smoothness(torch.ones(1, 1), torch.eye(2)[:, :1], pairs)
        >>> [round(value.item(), 4) for value in scores]
        [0.0, 0.5]
    """
    user_rows = rows_of(graph, user_factor, item_factor)
    check_pair(("user_factor", "item_factor"), user_factor, item_factor, user_rows)
    rows, columns = symmetric_rows(user_rows, user_factor.dtype)
    user = _quotient(user_factor * connected(rows), columns, gram(item_factor))
    item = _quotient(item_factor * connected(columns), rows, gram(user_factor))
    return ScoreSmoothness(user, item)


def _quotient(factor: Tensor, across: CSR, other_gram: Tensor) -> Tensor:
    """Return the quotient of one side; ``across`` carries it to the other one."""
    other = other_gram.double()
    carried = (gram(spmm(across, factor)).double() * other).sum()
    return (1 - carried / (gram(factor).double() * other).sum()).to(factor.dtype)


def _squared_distances(user_rows: CSR, user_x: Tensor, item_x: Tensor) -> Tensor:
    """Return the squared distance along each edge, of shape ``[nnz]``."""
    width = max(EDGE_VALUES_AT_ONCE // max(user_x.size(1), 1), 1)
    blocks = zip(user_rows.row().split(width), user_rows.col.split(width), strict=True)
    return torch.cat(
        [(user_x[user] - item_x[item]).square().sum(dim=1) for user, item in blocks]
    )

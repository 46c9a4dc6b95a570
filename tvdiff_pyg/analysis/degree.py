"""How embeddings depend on the degree: anisotropy along popularity."""

from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from tvdiff_pyg.analysis.graph import check_rows, rows_of, unit_rows
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import Interactions


@dataclass(frozen=True, eq=False)
class DegreeAlignment:
    """How embeddings of one side go along with the degree.

    Args:
        pearson: Correlation of norm and log degree, a scalar.
        spearman: Their rank correlation, a scalar.
        count: Nodes in each degree quantile, ``[num_quantiles]``.
        degree: Their mean degree, ``[num_quantiles]``.
        norm: Their mean norm, ``[num_quantiles]``.
        cosine: Their mean cosine to the mean direction of all, ``[num_quantiles]``.
    """

    pearson: Tensor
    spearman: Tensor
    count: Tensor
    degree: Tensor
    norm: Tensor
    cosine: Tensor


class DegreeAnisotropy(NamedTuple):
    """The alignment with the degree of both sides."""

    user: DegreeAlignment
    item: DegreeAlignment


@torch.no_grad()
def degree_alignment(
    x: Tensor, degree: Tensor, num_quantiles: int = 4
) -> DegreeAlignment:
    r"""Measure how the length and the direction of embeddings depend on the degree.

    .. math::
        \rho \big( \lVert \mathbf{x}_v \rVert, \log d_v \big), \qquad
        \cos \Big( \mathbf{x}_v, \, \sum_w
        \frac{\mathbf{x}_w}{\lVert \mathbf{x}_w \rVert} \Big)

    Norms that grow with the degree are popularity built into the scores. The mean
    cosine over all nodes is the length of the mean unit vector; its square is the mean
    cosine of all pairs, a node with itself included, which is the anisotropy of the
    `"How Contextual are Contextualized Word Representations?"
    <https://arxiv.org/abs/1909.00512>`_ paper up to those pairs.

    Args:
        x: Embeddings of one side, of shape ``[num_nodes, channels]``.
        degree: Their degrees, of shape ``[num_nodes]``; nodes of degree 0 are left out.
        num_quantiles: Number of degree quantiles, at least 1. Nodes of one degree stay
            together, in the lowest quantile that they reach. (default: ``4``)

    Returns:
        Correlations, and means in each quantile from the lowest degrees to the highest.
        Means of an empty quantile and correlations of constants are ``nan``.

    Raises:
        ValueError: If ``num_quantiles`` is below 1 or a shape does not fit.

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [2.0, 0.0], [3.0, 0.0]])
        >>> found = degree_alignment(x, torch.tensor([1, 2, 9]), num_quantiles=3)
        >>> round(found.spearman.item(), 4), found.norm.tolist()
        (1.0, [1.0, 2.0, 3.0])
    """
    check_integer("num_quantiles", num_quantiles, low=1)
    check_rows("x", x, degree.numel())
    x, degree = x[degree > 0], degree[degree > 0]
    norm = torch.linalg.vector_norm(x, dim=1, dtype=torch.float64)
    log_degree = degree.double().log()
    constant = _is_constant(norm, x) | _is_constant(log_degree, x)
    pearson = _correlation(norm, log_degree).masked_fill(constant, torch.nan)
    ranks = _ranks(norm), _ranks(log_degree)
    spearman = _correlation(*ranks).masked_fill(constant, torch.nan)

    unit = unit_rows(x)
    cosine = (unit @ unit_rows(unit.sum(dim=0, keepdim=True)).t()).view(-1)
    group = _lowest_rank(degree) * num_quantiles // max(degree.numel(), 1)
    count = group.bincount(minlength=num_quantiles)
    means = [
        (group.bincount(value.double(), num_quantiles) / count).to(x.dtype)
        for value in (degree, norm, cosine)
    ]
    return DegreeAlignment(pearson.to(x.dtype), spearman.to(x.dtype), count, *means)


@torch.no_grad()
def degree_anisotropy(
    user_x: Tensor, item_x: Tensor, graph: Interactions, num_quantiles: int = 4
) -> DegreeAnisotropy:
    """Measure :func:`degree_alignment` on both sides of a graph.

    A homogeneous graph has one side: it takes :func:`degree_alignment` and the degrees.

    Args:
        user_x: User embeddings, of shape ``[num_users, channels]``.
        item_x: Item embeddings, of shape ``[num_items, channels]``.
        graph: Interactions; values are ignored.
        num_quantiles: Number of degree quantiles, at least 1. (default: ``4``)

    Returns:
        The alignment of the users and of the items.

    Raises:
        ValueError: If ``num_quantiles`` is below 1 or a shape does not fit.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> x = torch.tensor([[1.0], [2.0]])
        >>> found = degree_anisotropy(x, x, pairs)
        >>> round(found.user.pearson.item(), 4), round(found.item.pearson.item(), 4)
        (-1.0, 1.0)
    """
    user_rows = rows_of(graph, user_x, item_x)
    check_rows("user_x", user_x, user_rows.num_rows)
    check_rows("item_x", item_x, user_rows.num_cols)
    return DegreeAnisotropy(
        degree_alignment(user_x, user_rows.degree(), num_quantiles),
        degree_alignment(item_x, user_rows.transpose().degree(), num_quantiles),
    )


def _correlation(left: Tensor, right: Tensor) -> Tensor:
    left, right = left - left.mean(), right - right.mean()
    return (left @ right / (left.norm() * right.norm())).clamp(-1, 1)


def _is_constant(value: Tensor, x: Tensor) -> Tensor:
    """Whether values differ by no more than the rounding of the embeddings."""
    if value.numel() == 0:
        return torch.ones((), dtype=torch.bool, device=value.device)
    tolerance = 16 * torch.finfo(x.dtype).eps * value.abs().max()
    return value.max() - value.min() <= tolerance


def _lowest_rank(value: Tensor) -> Tensor:
    """Count the smaller values of each one."""
    return torch.searchsorted(value.sort().values, value)


def _ranks(value: Tensor) -> Tensor:
    """Rank from 0, double; equal values share their mean rank."""
    _, place, count = value.unique(return_inverse=True, return_counts=True)
    return (count.cumsum(0) - (count + 1).double() / 2)[place]

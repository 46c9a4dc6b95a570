"""A small matrix with the leading singular values of a large one."""

import torch
from torch import Tensor

_OVERSAMPLING = 16
_NUM_PASSES = 6


@torch.no_grad()
def reduced_matrix(
    index: Tensor, num_users: int, num_items: int, size: tuple[int, int]
) -> Tensor:
    r"""Reduce interactions to a matrix of a few rows and columns, in [0, 1].

    With the leading singular vectors of :math:`R \approx U \Sigma V^{\top}`, averaged
    over groups of users and of items and made orthonormal again (algorithm 2 of
    `Belletti et al., 2019 <https://arxiv.org/abs/1901.08910>`_),

    .. math::
        \hat{R} = \frac{|\tilde{U} \Sigma \tilde{V}^{\top}|}
        {\max |\tilde{U} \Sigma \tilde{V}^{\top}|}

    Groups are equal in size, of users and items with degrees alike, so that they do not
    depend on how nodes are numbered.

    Args:
        index: Distinct pairs (user, item), of shape ``[2, num_pairs]``.
        num_users: Users.
        num_items: Items.
        size: Rows and columns of the reduced matrix, at most as many as there are users
            and items.

    Returns:
        The matrix, double, of shape ``size``; its largest entry is 1.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 0]])
        >>> reduced_matrix(pairs, 2, 2, (1, 1))
        tensor([[1.]], dtype=torch.float64)
    """
    user, value, item = singular_vectors(index, (num_users, num_items), min(size))
    left = _orthonormal(_averaged(user, index[0], size[0]))
    right = _orthonormal(_averaged(item, index[1], size[1]))
    reduced = (left * value @ right.t()).abs()
    return reduced / reduced.max()


def singular_vectors(
    index: Tensor, size: tuple[int, int], rank: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Compute the leading singular vectors of interactions, and their values.

    Args:
        index: Distinct pairs (user, item), sorted, of shape ``[2, num_pairs]``.
        size: ``(num_users, num_items)``.
        rank: How many, at most as many as there are users or items.

    Returns:
        Of users ``[num_users, rank]``, values ``[rank]``, falling, and of items
        ``[num_items, rank]``; double.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 2]])
        >>> singular_vectors(pairs, (2, 3), 2)[1]
        tensor([1.4142, 1.0000], dtype=torch.float64)
    """
    ones = torch.ones(index.size(1), dtype=torch.double)
    matrix = torch.sparse_coo_tensor(
        index, ones, size, is_coalesced=True, check_invariants=False
    )
    num_directions = min(rank + _OVERSAMPLING, *size)
    # The reduced matrix belongs to the graph: it is the same with any seed.
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        user, value, item = torch.svd_lowrank(matrix, num_directions, _NUM_PASSES)
    return user[:, :rank], value[:rank], item[:, :rank]


def _averaged(vectors: Tensor, node: Tensor, num_groups: int) -> Tensor:
    """Average over groups of nodes, from those of highest degree on."""
    degree = node.bincount(minlength=vectors.size(0))
    ordered = vectors[degree.argsort(descending=True, stable=True)]
    groups = ordered.tensor_split(num_groups)
    return torch.stack([group.mean(dim=0) for group in groups])


def _orthonormal(matrix: Tensor) -> Tensor:
    """Return the closest matrix with orthonormal columns."""
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    return left @ right

"""Edge weights of the bipartite graph: how much each user says about an item."""

from typing import Literal, get_args

import torch
from torch import Tensor

from tvdiff_pyg.sparse.checks import check_pairs, check_vector
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.order import id_counts

Normalization = Literal["symmetric", "left", "linkprop", "none"]
Rows = CSR | Edges
Sides = tuple[Tensor, Tensor]

_EXPONENTS: dict[str, tuple[float, float]] = {
    "symmetric": (-0.5, -0.5),
    "left": (-1.0, 0.0),
    "linkprop": (-0.25, -0.5),
}


def bipartite_norm(
    edge_index: Tensor,
    size: tuple[int, int],
    normalization: Normalization = "symmetric",
    edge_weight: Tensor | None = None,
    degree: tuple[Tensor, Tensor] | None = None,
) -> Tensor:
    r"""Weigh the edges of a bipartite graph by powers of the degrees.

    .. math::
        w_{ui} = d_u^{a} \, r_{ui} \, d_i^{b}

    with :math:`(a, b)` of (-1/2, -1/2) for ``"symmetric"``, (-1, 0) for ``"left"``
    and (-1/4, -1/2) for ``"linkprop"``, the normalisations compared in the
    `TV-Diff paper <https://arxiv.org/abs/2511.20122>`_.

    Args:
        edge_index: (user, item) pairs, long, of shape ``[2, num_edges]``.
        size: ``(num_users, num_items)``.
        normalization: One of the three above. (default: ``"symmetric"``)
        edge_weight: :math:`r_{ui}`, of shape ``[num_edges]``; ones if omitted.
            (default: ``None``)
        degree: Degrees of the users and of the items, where ``edge_index`` is but a
            sample of the graph; counted in ``edge_index`` if omitted.
            (default: ``None``)

    Returns:
        One weight per edge, of shape ``[num_edges]``.

    Raises:
        ValueError: If ``normalization`` is not one of the three, a pair is no two
            integers in range, or there is not one weight, or degree, for each.

    Example:
        >>> edge_index = torch.tensor([[0, 0], [0, 1]])
        >>> bipartite_norm(edge_index, (1, 2), "left").tolist()
        [0.5, 0.5]
    """
    if normalization not in _EXPONENTS:
        raise ValueError(
            f"'normalization' needs to be one of {sorted(_EXPONENTS)} here "
            f"(got {normalization!r})"
        )
    pairs = check_pairs(edge_index, size)
    if edge_weight is None:
        edge_weight = torch.ones(edge_index.size(1), device=edge_index.device)
    check_vector("edge_weight", edge_weight, edge_index.size(1), edge_index)
    if degree is None:
        degree = id_counts(pairs[0], size[0]), id_counts(pairs[1], size[1])
    _check_degrees(degree, size, edge_index)
    return _weigh(edge_weight, pairs, degree, normalization)


def _check_degrees(degree: Sides, size: tuple[int, int], like: Tensor) -> None:
    if not isinstance(degree, tuple | list) or len(degree) != 2:
        raise ValueError(
            f"'degree' needs to be a pair of tensors (got {type(degree).__name__})"
        )
    for side, (count, length) in enumerate(zip(degree, size, strict=True)):
        check_vector(f"degree[{side}]", count, length, like)


def normalize_rows(
    rows: Rows, normalization: Normalization, dtype: torch.dtype
) -> Rows:
    """Weigh the entries of rows as :func:`bipartite_norm` weighs edges.

    Args:
        rows: Rows of items, whose columns are users.
        normalization: One of the three.
        dtype: Precision of the weights where none are stored; at least single.

    Returns:
        The same rows with normalised values.
    """
    value = rows.value
    if value is None:
        dtype = torch.promote_types(dtype, torch.float)
        value = torch.ones(rows.nnz, dtype=dtype, device=rows.col.device)
    pairs = rows.col, rows.row()
    degree = rows.col_degree(), rows.degree()
    return rows.with_value(_weigh(value, pairs, degree, normalization), normalized=True)


def _weigh(
    weight: Tensor, pairs: Sides, degree: Sides, normalization: Normalization
) -> Tensor:
    if not weight.is_floating_point():
        weight = weight.float()
    for index, count, power in zip(
        pairs, degree, _EXPONENTS[normalization], strict=True
    ):
        # A node without an edge weighs none, so its power is never read.
        factor = count.to(weight.dtype).clamp(min=1).pow(power)
        weight = weight * factor.index_select(0, index)
    return weight


def check_normalization(normalization: str) -> None:
    """Raise a ``ValueError`` unless the name is a known normalisation."""
    if normalization not in get_args(Normalization):
        raise ValueError(
            f"'normalization' needs to be one of {list(get_args(Normalization))} "
            f"(got {normalization!r})"
        )

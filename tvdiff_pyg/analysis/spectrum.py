"""Singular values of embeddings and of scores, without forming the scores."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse.matrices import check_channels, check_matrix

# Rows enter a QR decomposition in blocks: the more rows, the less is done twice.
QR_ROWS, QR_ROWS_PER_CHANNEL = 4096, 4


@torch.no_grad()
def triangular_factor(x: Tensor) -> Tensor:
    r"""Compute the factor :math:`\mathbf{R}` of :math:`\mathbf{X} = \mathbf{Q}
    \mathbf{R}` alone, block by block of rows, in double precision.

    It stands for :math:`\mathbf{X}` wherever only lengths and angles of columns count:
    :math:`\mathbf{R}^\top \mathbf{R} = \mathbf{X}^\top \mathbf{X}`, without the squared
    condition number of that Gram matrix.

    Args:
        x: A matrix of shape ``[num_rows, channels]``.

    Returns:
        A matrix of shape ``[min(num_rows, channels), channels]``, double.

    Example:
        >>> triangular_factor(torch.ones(4, 1)).abs().tolist()
        [[2.0...]]
    """
    factor = x.new_zeros(0, x.size(1), dtype=torch.float64)
    for block in x.split(max(QR_ROWS, QR_ROWS_PER_CHANNEL * x.size(1))):
        rows = torch.cat([factor, block.double()])
        factor = torch.linalg.qr(rows, mode="r").R
    return factor


@torch.no_grad()
def singular_values(x: Tensor, other: Tensor | None = None) -> Tensor:
    r"""Compute the singular values of a tall matrix, or of a product of two.

    With the triangular factors of both, :math:`\mathbf{U} \mathbf{V}^\top =
    \mathbf{Q}_u (\mathbf{R}_u \mathbf{R}_v^\top) \mathbf{Q}_v^\top`: a decomposition of
    ``[channels, channels]`` is enough.

    Args:
        x: A matrix :math:`\mathbf{U}` of shape ``[num_rows, channels]``.
        other: If given, the values are those of :math:`\mathbf{U} \mathbf{V}^\top` with
            this :math:`\mathbf{V}` of shape ``[num_cols, channels]``.
            (default: ``None``)

    Returns:
        The ``min(num_rows, channels)`` largest values, falling; at most ``num_cols``
        of a product. All others are zero. Of what is not finite, they are ``nan``.

    Raises:
        ValueError: If ``other`` is not as wide as ``x``.

    Example:
        >>> singular_values(torch.tensor([[3.0, 0.0], [0.0, 4.0], [0.0, 0.0]])).tolist()
        [4.0, 3.0]
    """
    check_matrix("x", x)
    core = triangular_factor(x)
    if other is not None:
        check_channels("other", other, x)
        core = core @ triangular_factor(other).t()
    if not bool(core.isfinite().all()):
        return core.new_full((min(core.shape),), torch.nan).to(x.dtype)
    return torch.linalg.svdvals(core).to(x.dtype)


@torch.no_grad()
def effective_rank(x: Tensor, other: Tensor | None = None) -> Tensor:
    r"""Compute the effective rank of a matrix, or of a product of two.

    .. math::
        \mathrm{erank}(\mathbf{X}) = \exp \Big( - \sum_k p_k \log p_k \Big), \qquad
        p_k = \frac{\sigma_k}{\sum_l \sigma_l}

    of Roy and Vetterli, "The effective rank: A measure of effective dimensionality",
    EUSIPCO 2007. It is 1 for a matrix of rank 1, and the rank where all singular values
    that are not zero are equal.

    Args:
        x: A matrix :math:`\mathbf{U}` of shape ``[num_rows, channels]``.
        other: If given, the rank is that of :math:`\mathbf{U} \mathbf{V}^\top` with
            this :math:`\mathbf{V}` of shape ``[num_cols, channels]``.
            (default: ``None``)

    Returns:
        A scalar between 1 and the rank; ``nan`` for a matrix of zeros.

    Raises:
        ValueError: If ``other`` is not as wide as ``x``.

    Example:
        >>> round(effective_rank(torch.eye(5)).item(), 4)
        5.0
        >>> round(effective_rank(torch.ones(4, 2), torch.ones(3, 2)).item(), 4)
        1.0
    """
    value = singular_values(x, other)
    return torch.special.entr(value / value.sum()).sum().exp()

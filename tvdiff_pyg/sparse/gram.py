"""Gram matrices of factors, computed by half, and their gradient by one product."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.sparse.checks import traced
from tvdiff_pyg.sparse.matrices import check_matrix
from tvdiff_pyg.sparse.precision import autocast_dtype

# A Gram matrix is computed in that many blocks of columns, none narrower than this.
GRAM_BLOCKS, GRAM_BLOCK_WIDTH = 4, 128


class _Gram(torch.autograd.Function):
    """``x.T @ x``; both terms of its gradient are one symmetric product."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.dtype = x.dtype
        x = x.to(_product_dtype(x))
        ctx.save_for_backward(x)
        return _symmetric_product(x).to(ctx.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        both = grad_outputs[0] + grad_outputs[0].t()
        return (x @ both.to(x.dtype)).to(ctx.dtype)


def _product_dtype(x: Tensor) -> torch.dtype:
    """What autocast says, but float16: sums over all rows leave its range."""
    asked = autocast_dtype(x.device)
    return x.dtype if asked in (None, torch.half) else asked


def gram_share(channels: int) -> float:
    """Return the share of the multiplications that a Gram matrix takes here.

    Example:
        >>> gram_share(1000), gram_share(64)
        (0.625, 1.0)
    """
    width = min(_gram_width(channels), channels)
    starts = range(0, channels, width)
    done = sum(min(width, channels - start) * (channels - start) for start in starts)
    return done / channels**2


def _gram_width(channels: int) -> int:
    # Narrower blocks multiply less, but too slowly to be worth it.
    return max(-(-channels // GRAM_BLOCKS), GRAM_BLOCK_WIDTH)


def _symmetric_product(x: Tensor) -> Tensor:
    """Multiply only the blocks on and above the diagonal."""
    channels = x.size(1)
    width = _gram_width(channels)
    out = x.new_empty(channels, channels)
    for start in range(0, channels, width):
        block = slice(start, start + width)
        product = x[:, block].t() @ x[:, start:]
        out[block, start:], out[start:, block] = product, product.t()
    return out


def gram(x: Tensor) -> Tensor:
    r"""Compute ``x.T @ x`` of shape ``[channels, channels]``.

    Args:
        x: A matrix of shape ``[num_rows, channels]``.

    Returns:
        The Gram matrix, differentiable at the cost of one product. Under autocast to
        bfloat16 both products are computed in it.

    Example:
        >>> gram(torch.ones(4, 2)).tolist()
        [[4.0, 4.0], [4.0, 4.0]]
    """
    check_matrix("x", x)
    if traced():
        kind = _product_dtype(x)
        with torch.autocast(x.device.type, enabled=False):
            return (x.to(kind).t() @ x.to(kind)).to(x.dtype)
    out: Tensor = _Gram.apply(x)
    return out


def weighted_gram(x: Tensor, weight: OptTensor) -> Tensor:
    r"""Compute :math:`x^\top \operatorname{diag}(w) \, x`.

    Args:
        x: A matrix of shape ``[num_rows, channels]``.
        weight: Weights of the rows, at least 0, ``[num_rows]``; ones if ``None``.

    Example:
        >>> weighted_gram(torch.ones(4, 1), torch.arange(4.0)).tolist()
        [[6.0]]
    """
    if weight is None:
        return gram(x)
    return gram(x * weight.sqrt().to(x.dtype).unsqueeze(1))


def leading_rows(x: Tensor, num_rows: int | None) -> Tensor:
    """Return the first rows of a matrix.

    All of them are the matrix itself: the gradient of a slice would be one more copy.

    Args:
        x: A matrix.
        num_rows: How many rows; all if ``None``.

    Example:
        >>> leading_rows(torch.eye(3), 2).shape
        torch.Size([2, 3])
    """
    return x if num_rows in (None, x.size(0)) else x[:num_rows]

"""Gram matrices of factors, computed by half, and their gradient by one product."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.sparse.checks import check_vector, traced
from tvdiff_pyg.sparse.matrices import check_matrix
from tvdiff_pyg.sparse.precision import autocast_dtype

# A Gram matrix is computed in that many blocks of columns, none narrower than this.
GRAM_BLOCKS, GRAM_BLOCK_WIDTH = 4, 128


class _Gram(torch.autograd.Function):
    """``x.T @ diag(weight) @ x``; its gradient is one symmetric product, of x alone."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: OptTensor) -> Tensor:
        ctx.dtype = x.dtype
        x = x.to(_product_dtype(x))
        ctx.save_for_backward(x, weight)
        return _symmetric_product(_by_root(x, weight)).to(ctx.dtype)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor, None]:
        x, weight = ctx.saved_tensors
        both = grad_outputs[0] + grad_outputs[0].t()
        grad = x @ both.to(x.dtype)
        if weight is not None:
            grad.mul_(weight.unsqueeze(1))
        return grad.to(ctx.dtype), None


def _by_root(x: Tensor, weight: OptTensor) -> Tensor:
    return x if weight is None else x * weight.sqrt().to(x.dtype).unsqueeze(1)


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


def gram(x: Tensor, weight: OptTensor = None) -> Tensor:
    r"""Compute ``x.T @ diag(weight) @ x`` of shape ``[channels, channels]``.

    Args:
        x: A matrix of shape ``[num_rows, channels]``.
        weight: Weights of the rows, at least 0, ``[num_rows]``, which get no gradient;
            ones if ``None``. (default: ``None``)

    Returns:
        The Gram matrix, differentiable at the cost of one product. Under autocast to
        bfloat16 both products are computed in it.

    Example:
        >>> gram(torch.ones(4, 2)).tolist()
        [[4.0, 4.0], [4.0, 4.0]]
        >>> gram(torch.ones(4, 1), torch.arange(4.0)).tolist()
        [[6.0]]
    """
    check_matrix("x", x)
    if weight is not None:
        check_vector("weight", weight, x.size(0), x)
    if traced():
        kind = _product_dtype(x)
        with torch.autocast(x.device.type, enabled=False):
            root = _by_root(x.to(kind), weight)
            return (root.t() @ root).to(x.dtype)
    out: Tensor = _Gram.apply(x, weight)
    return out


def leading_rows(x: Tensor, num_rows: int) -> Tensor:
    """Return the first rows of a matrix.

    All of them are the matrix itself: the gradient of a slice would be one more copy.

    Args:
        x: A matrix.
        num_rows: How many rows.

    Example:
        >>> leading_rows(torch.eye(3), 2).shape
        torch.Size([2, 3])
    """
    return x if num_rows == x.size(0) else x[:num_rows]

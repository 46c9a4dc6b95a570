"""Products of sparse patterns and factors, and their gradients.

Each is one fused pass in both directions; nothing of the size of all scores or of all
messages is formed.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.formats import to_torch_csr

# A sparse product adds up that many terms at once: about 300 MiB of them.
STEPS_AT_ONCE = 2**23


class _SpMM(torch.autograd.Function):
    """``csr @ x`` both ways by ``embedding_bag``: it reads rows once, writes none."""

    @staticmethod
    def forward(ctx: Any, csr: CSR, x: Tensor, transposed: CSR | None) -> Tensor:
        ctx.csr, ctx.transposed = csr, transposed
        return _bag(csr, x)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[None, Tensor, None]:
        transposed = ctx.transposed or ctx.csr.transpose()
        return None, _bag(transposed, grad_outputs[0].contiguous()), None


def _bag(csr: CSR, x: Tensor) -> Tensor:
    value = None if csr.value is None else csr.value.to(x.dtype)
    return F.embedding_bag(
        csr.col,
        x,
        csr.rowptr,
        mode="sum",
        per_sample_weights=value,
        include_last_offset=True,
    )


def spmm(csr: CSR, x: Tensor, transposed: CSR | None = None) -> Tensor:
    r"""Multiply a sparse by a dense matrix, differentiable in the dense one.

    Args:
        csr: The sparse matrix, of shape ``[num_rows, num_cols]``.
        x: The dense matrix, of shape ``[num_cols, channels]``.
        transposed: The transpose of ``csr``, for the gradient, where it is at hand.
            (default: ``None``)

    Returns:
        A dense ``[num_rows, channels]`` matrix.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 0], [0, 1]]), (1, 2))
        >>> spmm(csr, torch.tensor([[1.0], [2.0]])).tolist()
        [[3.0]]
    """
    out: Tensor = _SpMM.apply(csr, x, transposed)
    return out


def sparse_product(left: CSR, right: CSR) -> Tensor:
    r"""Multiply two sparse matrices into a dense one, at the cost of what is stored.

    Args:
        left: The left matrix, of shape ``[num_rows, channels]``.
        right: The right matrix, of shape ``[channels, num_cols]``.

    Returns:
        A dense ``[num_rows, num_cols]`` matrix.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
        >>> sparse_product(csr, csr.transpose()).tolist()
        [[2.0, 1.0], [1.0, 1.0]]
    """
    if left.col.device.type == "cpu" and _cpu_has_sparse_product():
        # Added to something dense, the product is written as dense right away.
        zero = left.values().new_zeros(()).expand(left.num_rows, right.num_cols)
        with torch.autocast("cpu", enabled=False):  # MKL has none in half precision
            return torch.addmm(zero, to_torch_csr(left), to_torch_csr(right), beta=0)
    return product_by_steps(left, right)


@cache
def _cpu_has_sparse_product() -> bool:
    """Whether PyTorch was built with what multiplies sparse matrices, MKL."""
    one = to_torch_csr(CSR.from_edge_index(torch.zeros(2, 1).long(), (1, 1)))
    try:
        torch.addmm(torch.zeros(1, 1), one, one, beta=0)
    except RuntimeError:
        return False
    return True


def product_by_steps(left: CSR, right: CSR) -> Tensor:
    """Multiply two sparse matrices by adding up all products of entries."""
    value = left.values()
    row = left.row() * right.num_cols
    out = value.new_zeros(left.num_rows * right.num_cols)
    # The entries of the right one that the left one's entries lead to, so far.
    steps = right.degree()[left.col].cumsum(0)
    sizes = torch.bincount(steps // STEPS_AT_ONCE).tolist()
    for entry in torch.arange(left.nnz, device=row.device).split(sizes):
        met = right.select(left.col[entry])
        repeats = met.degree()
        cell = row[entry].repeat_interleave(repeats) + met.col
        weight = value[entry].repeat_interleave(repeats) * met.values()
        out.index_add_(0, cell, weight)
    return out.view(left.num_rows, right.num_cols)


class _SDDMM(torch.autograd.Function):
    """Inner products at the entries of a pattern, without gathering factors."""

    @staticmethod
    def forward(ctx: Any, pattern: CSR, left: Tensor, right: Tensor) -> Tensor:
        ctx.pattern = pattern
        ctx.save_for_backward(left, right)
        sparse = to_torch_csr(pattern.with_value(left.new_zeros(pattern.nnz)))
        return torch.sparse.sampled_addmm(sparse, left, right.t(), beta=0.0).values()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[None, Tensor, Tensor]:
        left, right = ctx.saved_tensors
        weighted = ctx.pattern.with_value(grad_outputs[0])
        return None, _bag(weighted, right), _bag(weighted.transpose(), left)


def pair_scores(pattern: CSR, left: Tensor, right: Tensor) -> Tensor:
    r"""Compute ``left[row] . right[col]`` at each entry of a pattern.

    Args:
        pattern: Which pairs, of shape ``[num_rows, num_cols]``; values are ignored.
        left: Row factors, of shape ``[num_rows, channels]``.
        right: Column factors, of shape ``[num_cols, channels]``.

    Returns:
        One score per entry, of shape ``[nnz]``, differentiable in both factors.

    Example:
        >>> pattern = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> pair_scores(pattern, torch.ones(1, 3), torch.ones(2, 3)).tolist()
        [3.0]
    """
    out: Tensor = _SDDMM.apply(pattern, left, right)
    return out

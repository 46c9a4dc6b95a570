"""Products of sparse patterns and factors, and their gradients.

Each is one fused pass in both directions; nothing of the size of all scores or of all
messages is formed. While PyTorch traces or transforms functions they are plain ones,
which it can read.
"""

from functools import cache
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.sparse.checks import traced
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.formats import to_torch_csr
from tvdiff_pyg.sparse.matrices import check_channels, check_num_rows

# A sparse product adds up that many terms at once: about 300 MiB of them.
STEPS_AT_ONCE = 2**23


class _SpMM(torch.autograd.Function):
    """``csr @ x`` both ways by ``embedding_bag``: it reads rows once, writes none."""

    @staticmethod
    def forward(
        csr: CSR, transposed: CSR | None, weight: Tensor | None, x: Tensor
    ) -> Tensor:
        if x.size(1) == 0:  # The kernel, with several threads, refuses indices then.
            return x.new_empty(csr.num_rows, 0)
        return F.embedding_bag(
            csr.col,
            x.contiguous(),
            csr.rowptr,
            mode="sum",
            per_sample_weights=None if weight is None else weight.to(x.dtype),
            include_last_offset=True,
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.csr, ctx.transposed, weight, x = inputs
        # The other factor is kept only where a gradient reads it.
        ctx.save_for_backward(weight, x if ctx.needs_input_grad[2] else None)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[Tensor | None, ...]:
        (grad,), (weight, x) = grad_outputs, ctx.saved_tensors
        of_weight, of_x = ctx.needs_input_grad[2:]
        grad_weight = grad_x = None
        if of_weight:
            grad_weight = pair_scores(ctx.csr, grad, x).to(weight.dtype)
        if of_x:
            # One that is remembered has the weights, but not their gradient.
            transposed = None if of_weight else ctx.transposed
            transposed = transposed or ctx.csr.with_value(weight).transpose()
            grad_x = spmm(transposed, grad)
        return None, None, grad_weight, grad_x


def spmm(csr: CSR, x: Tensor) -> Tensor:
    r"""Multiply a sparse by a dense matrix, differentiable in both.

    Args:
        csr: The sparse matrix, of shape ``[num_rows, num_cols]``.
        x: The dense matrix, of shape ``[num_cols, channels]``.

    Returns:
        A dense ``[num_rows, channels]`` matrix. The gradient of the values is that of
        :func:`pair_scores`: no message is formed for it, either.

    Raises:
        ValueError: If a shape or a device does not fit.

    Example:
        >>> csr = CSR.from_edge_index(torch.tensor([[0, 0], [0, 1]]), (1, 2))
        >>> spmm(csr, torch.tensor([[1.0], [2.0]])).tolist()
        [[3.0]]
    """
    check_num_rows("x", x, csr.num_cols, csr.col)
    if traced():
        message = x[csr.col]
        if csr.value is not None:
            message = csr.value.to(x.dtype).unsqueeze(-1) * message
        return x.new_zeros(csr.num_rows, x.size(1)).index_add(0, csr.row(), message)
    out: Tensor = _SpMM.apply(csr, csr.origin, csr.value, x)
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
    def forward(pattern: CSR, left: Tensor, right: Tensor) -> Tensor:
        # There is no such kernel for half precision.
        kind = torch.double if left.dtype == torch.double else torch.float
        zero = torch.zeros(pattern.nnz, dtype=kind, device=left.device)
        sparse = to_torch_csr(pattern.with_value(zero))
        sides = left.to(kind), right.to(kind).t()
        score = torch.sparse.sampled_addmm(sparse, *sides, beta=0.0).values()
        return score.to(left.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.pattern, left, right = inputs
        ctx.save_for_backward(left, right)

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> tuple[None, Tensor, Tensor]:
        left, right = ctx.saved_tensors
        weighted = ctx.pattern.with_value(grad_outputs[0])
        return None, spmm(weighted, right), spmm(weighted.transpose(), left)


def gather(x: Tensor, index: Tensor) -> Tensor:
    """Return rows of a matrix, whose gradients add up in one order.

    Those of indexing do not, if several threads share them: no run would repeat itself.

    Args:
        x: The matrix, of shape ``[num_rows, channels]``.
        index: Rows in range, long, of shape ``[num_read]``; may repeat.

    Example:
        >>> gather(torch.tensor([[1.0], [2.0]]), torch.tensor([1, 1, 0])).tolist()
        [[2.0], [2.0], [1.0]]
    """
    return F.embedding(index, x)


def pair_scores(pattern: CSR, left: Tensor, right: Tensor) -> Tensor:
    r"""Compute ``left[row] . right[col]`` at each entry of a pattern.

    Args:
        pattern: Which pairs, of shape ``[num_rows, num_cols]``; values are ignored.
        left: Row factors, of shape ``[num_rows, channels]``.
        right: Column factors, of shape ``[num_cols, channels]``.

    Returns:
        One score per entry, of shape ``[nnz]``, differentiable in both factors.

    Raises:
        ValueError: If a shape or a device does not fit.

    Example:
        >>> pattern = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 2))
        >>> pair_scores(pattern, torch.ones(1, 3), torch.ones(2, 3)).tolist()
        [3.0]
    """
    check_num_rows("left", left, pattern.num_rows, pattern.col)
    check_num_rows("right", right, pattern.num_cols, pattern.col)
    check_channels("right", right, left)
    if traced():
        return (left[pattern.row()] * right[pattern.col]).sum(dim=-1)
    # The kernel takes no more entries than a matrix has cells.
    if pattern.nnz > pattern.num_rows * pattern.num_cols:
        one, other = gather(left, pattern.row()), gather(right, pattern.col)
        return (one * other).sum(dim=-1)
    out: Tensor = _SDDMM.apply(pattern, left, right)
    return out

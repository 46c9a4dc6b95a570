"""Features of nodes in one of two forms: a dense matrix, or one of sparse rows."""

from typing import Any, TypeAlias

import torch
from torch import Tensor
from torch_geometric.typing import SparseTensor
from torch_geometric.utils import is_torch_sparse_tensor

from tvdiff_pyg.sparse.formats import to_torch_csr
from tvdiff_pyg.sparse.read_rows import csr_rows

#: Features of nodes, a row for each: a dense tensor, or a sparse one in the layout COO,
#: CSR or CSC, or of ``torch_sparse``.
Features: TypeAlias = Tensor | SparseTensor


def check_features(name: str, x: Any, num_nodes: int) -> Tensor:
    """Return features in single precision, dense or in the layout CSR.

    Args:
        name: Name of the argument, for the error.
        x: Features of any kind of real number, of shape ``[num_nodes, num_features]``;
            a dense vector is one feature of each node.
        num_nodes: Number of nodes.

    Returns:
        The same tensor where it is of that form already.

    Raises:
        ValueError: If there is not a row for each node, or a number is not finite in
            single precision.

    Example:
        >>> check_features("x", torch.tensor([[0, 1], [2, 3]]), 2).dtype
        torch.float32
        >>> check_features("x", torch.eye(2).to_sparse_coo(), 2).layout
        torch.sparse_csr
    """
    is_sparse = isinstance(x, SparseTensor) or is_torch_sparse_tensor(x)
    if not is_sparse and not isinstance(x, Tensor):
        raise ValueError(
            f"'{name}' needs to be a tensor, dense or sparse (got {type(x).__name__})"
        )
    if not is_sparse and x.dim() == 1:
        x = x.unsqueeze(-1)
    shape = list(x.sizes() if isinstance(x, SparseTensor) else x.shape)
    if len(shape) != 2 or shape[0] != num_nodes or shape[1] == 0:
        raise ValueError(
            f"'{name}' needs to be of shape [{num_nodes}, num_features], with at least "
            f"one feature (got {shape})"
        )
    if isinstance(x, Tensor) and x.is_complex():
        raise ValueError(f"'{name}' needs real numbers (got {x.dtype})")
    if isinstance(x, Tensor) and x.requires_grad:
        x = x.detach()
    x = _single_csr(x) if is_sparse else x.float()
    stored = x.values() if is_sparse else x
    is_wrong = ~stored.isfinite()
    if bool(is_wrong.any()):
        raise ValueError(
            f"'{name}' needs to be finite, in single precision "
            f"(got {stored[is_wrong][0].item()})"
        )
    return x


def num_stored(x: Tensor) -> int:
    """Return how many numbers are stored of features.

    Args:
        x: Features as :func:`check_features` returns them.

    Example:
        >>> num_stored(torch.eye(3)), num_stored(torch.eye(3).to_sparse_csr())
        (9, 3)
    """
    return x.numel() if x.layout == torch.strided else x.values().numel()


def select_features(x: Tensor, index: Tensor) -> Tensor:
    """Return the features of some nodes, in the same form.

    Args:
        x: Features as :func:`check_features` returns them.
        index: Nodes, long, of shape ``[num_selected]``.

    Example:
        >>> x = torch.eye(3).to_sparse_csr()
        >>> select_features(x, torch.tensor([2, 0])).to_dense().argmax(dim=1)
        tensor([2, 0])
    """
    if x.layout == torch.strided:
        return x[index]
    return to_torch_csr(csr_rows(x).select(index))


def _single_csr(x: Any) -> Tensor:
    if isinstance(x, Tensor):
        if x.layout == torch.sparse_csr and x.dtype == torch.float:
            return x
        # One entry in each place, as in a file.
        x = x.coalesce() if x.layout == torch.sparse_coo else x
    rows = csr_rows(x)
    return to_torch_csr(rows.with_value(rows.values().float()))

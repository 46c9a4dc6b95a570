"""From our rows to PyTorch's sparse formats."""

import warnings
from functools import cache

import torch
from torch import Tensor

from tvdiff_pyg.sparse.csr import CSR

# What rows are called on the tensor that they travel in through PyG's propagation.
_REMEMBERED = "tvdiff_pyg_rows"


def to_sparse(csr: CSR) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse`` tensor."""
    _hear_of_beta()  # products of such tensors make CSR ones on their way
    return torch.sparse_coo_tensor(
        torch.stack([csr.row(), csr.col]),
        csr.values(),
        (csr.num_rows, csr.num_cols),
        is_coalesced=True,
        check_invariants=False,
    )


def to_torch_csr(csr: CSR) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse_csr`` tensor."""
    _hear_of_beta()
    size = csr.num_rows, csr.num_cols
    return torch.sparse_csr_tensor(
        csr.rowptr, csr.col, csr.values(), size, check_invariants=False
    )


def carry_rows(csr: CSR, with_values: bool) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse_csr`` tensor that remembers it.

    Args:
        csr: The rows.
        with_values: Whether the tensor has the entries of the rows, rather than ones.
    """
    _hear_of_beta()
    size = csr.num_rows, csr.num_cols
    one = torch.ones((), device=csr.col.device).expand(csr.nnz)
    value = one if csr.value is None or not with_values else csr.value
    adj_t = torch.sparse_csr_tensor(
        csr.rowptr, csr.col, value, size, check_invariants=False
    )
    setattr(adj_t, _REMEMBERED, csr)
    return adj_t


def carried_rows(adj_t: Tensor) -> CSR | None:
    """Return the rows that a tensor of :func:`carry_rows` remembers."""
    return getattr(adj_t, _REMEMBERED, None)


@cache
def _hear_of_beta() -> None:
    """Take, unheard, what PyTorch says at a process's first sparse CSR tensor: that
    they are in beta. We use but a few of their kernels.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.eye(1).to_sparse_csr()

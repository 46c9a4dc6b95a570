"""What indices and shapes need to be, before any kernel that trusts them reads them."""

import numpy as np
import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse.shapes import check_size, check_tensor

MAX_INT = 2**63 - 1
# What is not sorted mostly shows in that many.
SORTED_HEAD = 1024


def check_ids(name: str, index: Tensor, size: int) -> Tensor:
    """Return indices as 64-bit integers, all of them in range.

    Args:
        name: Name of the argument, for the error.
        index: Indices, of any integer type.
        size: How many there are to point at.

    Raises:
        ValueError: If they are no integers, or one is not in [0, size).

    Example:
        >>> check_ids("user", torch.tensor([0, 2], dtype=torch.int32), 3).dtype
        torch.int64
    """
    index = check_integers(name, index)
    if torch.compiler.is_compiling() or index.is_meta:
        return index  # There is nothing to look at yet.
    if index.numel() > 0 and _highest(index) >= size:
        lowest, highest = (int(value) for value in index.aminmax())
        wrong = lowest if lowest < 0 else highest
        raise ValueError(f"'{name}' needs to be in [0, {size}) (got {wrong})")
    return index


def _highest(index: Tensor) -> int:
    """Return the highest of integers, where negative ones are higher than all."""
    if not numpy_reads(index):
        lowest, highest = (int(value) for value in index.aminmax())
        return MAX_INT if lowest < 0 else highest
    # One pass of NumPy, with vector instructions: a quarter of PyTorch's time.
    return int(index.numpy().view(np.uint64).max())


def transforming() -> bool:
    """Whether ``torch.func`` is at work: neither NumPy nor sparse tensors are then."""
    return torch._C._are_functorch_transforms_active()


def traced() -> bool:
    """Whether PyTorch traces or transforms functions: only its own can be read then."""
    return torch.compiler.is_compiling() or transforming()


def numpy_reads(x: Tensor) -> bool:
    """Whether NumPy can read a tensor: on the CPU, and as itself."""
    return x.device.type == "cpu" and not traced()


def ascends(index: Tensor) -> bool:
    """Whether no id is smaller than the one before; never, of a meta tensor."""
    if index.is_meta:
        return False
    if not numpy_reads(index):
        return bool((index[1:] >= index[:-1]).all())
    ids = index.numpy()
    return all(bool((x[1:] >= x[:-1]).all()) for x in (ids[:SORTED_HEAD], ids))


def check_pairs(
    edge_index: Tensor, size: tuple[int, int], name: str = "edge_index"
) -> tuple[Tensor, Tensor]:
    """Return both sides of pairs as 64-bit integers, all of them in range.

    Args:
        edge_index: Pairs, of shape ``[2, num_pairs]``.
        size: How many there are of each side.
        name: Name of the argument, for the error. (default: ``"edge_index"``)

    Raises:
        ValueError: If they are of another shape, no integers or out of range.
    """
    check_two_sides(edge_index, name)
    check_size(size)
    names = f"{name}[0]", f"{name}[1]"
    first, second = (
        check_ids(name, side, count)
        for name, side, count in zip(names, edge_index, size, strict=True)
    )
    return first, second


def check_two_sides(edge_index: Tensor, name: str = "edge_index") -> None:
    """Raise a ``ValueError`` unless pairs are a tensor of shape ``[2, num_pairs]``."""
    check_tensor(name, edge_index)
    if edge_index.dim() != 2 or edge_index.size(0) != 2:
        raise ValueError(
            f"'{name}' needs to be of shape [2, num_edges] "
            f"(got {list(edge_index.shape)})"
        )


def check_rows(rowptr: Tensor, col: Tensor, num_cols: int) -> tuple[Tensor, Tensor]:
    """Return offsets and columns of sparse rows as 64-bit integers, all in range.

    Args:
        rowptr: Row offsets, of shape ``[num_rows + 1]``.
        col: Column indices, of shape ``[nnz]``.
        num_cols: Number of columns, at least 0.

    Raises:
        ValueError: If an index is no integer or out of range, or columns of a row do
            not ascend.
    """
    if not traced():
        check_integer("num_cols", num_cols, 0, MAX_INT)
    rowptr, col = check_integers("rowptr", rowptr), check_integers("col", col)
    for name, index in (("rowptr", rowptr), ("col", col)):
        if index.dim() != 1 or (name == "rowptr" and index.numel() == 0):
            raise ValueError(
                f"'{name}' needs to be a vector (got one of shape {list(index.shape)})"
            )
    check_device("rowptr", rowptr, col)
    check_offsets("rowptr", rowptr, col.numel())
    col = check_ids("col", col, num_cols)
    if not _rows_ascend(rowptr, col):
        raise ValueError(
            "'col' needs to ascend in each row, as 'CSR.from_edge_index' sorts them "
            "(got a row that does not)"
        )
    return rowptr, col


def _rows_ascend(rowptr: Tensor, col: Tensor) -> bool:
    """Whether columns descend at most from the end of a row to the next one."""
    if col.is_meta or traced():
        return True
    start = (col[1:] < col[:-1]).nonzero().view(-1) + 1
    return bool((rowptr[torch.searchsorted(rowptr, start)] == start).all())


def check_offsets(name: str, offsets: Tensor, nnz: int) -> None:
    """Raise a ``ValueError`` unless row offsets ascend from 0 to the end of all rows.

    Args:
        name: Name of the argument, for the error.
        offsets: Offsets, of shape ``[num_rows + 1]``.
        nnz: The end: how many entries there are.
    """
    ends = check_ascending(name, offsets)
    if ends != (0, nnz) and not offsets.is_meta:
        raise ValueError(
            f"'{name}' needs to go from 0 to the number of entries, {nnz} (got {ends})"
        )


def check_ascending(name: str, index: Tensor) -> tuple[int, int]:
    """Return the first and the last one of indices, or raise unless they ascend.

    Args:
        name: Name of the argument, for the error.
        index: What needs to ascend, of shape ``[num_indices]``; equal ones may follow
            each other.

    Raises:
        ValueError: If one is smaller than the one before.
    """
    if index.numel() == 0 or index.is_meta:
        return 0, 0
    if not ascends(index):
        raise ValueError(f"'{name}' needs to ascend (got one that does not)")
    return int(index[0]), int(index[-1])


def check_integers(name: str, value: Tensor) -> Tensor:
    """Return integers of any width as 64-bit ones, or raise a ``ValueError``.

    Args:
        name: Name of the argument, for the error.
        value: What needs to be integers.
    """
    check_tensor(name, value)
    kind = value.dtype
    if kind.is_floating_point or kind.is_complex or kind == torch.bool:
        raise ValueError(f"'{name}' needs to hold integers (got {kind})")
    return value.long()


def check_vector(name: str, value: Tensor, length: int, like: Tensor) -> None:
    """Raise a ``ValueError`` unless there is a number for each of something.

    Args:
        name: Name of the argument, for the error.
        value: What needs to be of shape ``[length]``.
        length: How many.
        like: On the device of this.
    """
    check_tensor(name, value)
    if value.shape != (length,):
        raise ValueError(
            f"'{name}' needs to be of shape [{length}] (got {list(value.shape)})"
        )
    if value.is_complex():
        raise ValueError(f"'{name}' needs to hold real numbers (got {value.dtype})")
    check_device(name, value, like)


def check_device(name: str, value: Tensor, like: Tensor) -> None:
    """Raise a ``ValueError`` unless a tensor is where another one is."""
    if value.device != like.device:
        raise ValueError(f"'{name}' needs to be on {like.device} (got {value.device})")


def check_same_shape(name: str, x: OptTensor, like: Tensor) -> None:
    """Raise a ``ValueError`` if a tensor is given that does not stand beside another.

    Args:
        name: Name of the argument, for the error.
        x: What needs to be of the same shape; nothing is broadcast.
        like: The other one, whose device it needs to be on, too.
    """
    if x is None:
        return
    check_tensor(name, x)
    if x.shape != like.shape:
        raise ValueError(
            f"'{name}' needs to be of shape {list(like.shape)} (got {list(x.shape)})"
        )
    check_device(name, x, like)

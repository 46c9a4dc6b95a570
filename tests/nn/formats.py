"""One bipartite graph in each of PyG's formats, and the order each has its edges in."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.typing import SparseTensor

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.sparse import CSR

SIZE = (5, 7)
MATRIX = random_matrix(*SIZE, density=0.5)
PAIRS = pairs_of(MATRIX)[
    :, torch.randperm(int(MATRIX.sum()), generator=torch.manual_seed(1))
]

# Formats that name a row or a column order; one weight per edge follows it.
BY_USER = (PAIRS[0] * SIZE[1] + PAIRS[1]).argsort()
BY_ITEM = (PAIRS[1] * SIZE[0] + PAIRS[0]).argsort()
AS_GIVEN = torch.arange(PAIRS.size(1))
# Given values in the order of PAIRS, edges, and the order that they are in.
Format = Callable[[Tensor], tuple[object, Tensor]]


def plain(order: Tensor, dtype: torch.dtype = torch.long) -> Format:
    return lambda _: (PAIRS[:, order].to(dtype), order)


def edge_index(
    sort_order: str | None,
    size: tuple[int, int] | None = None,
    dtype: torch.dtype = torch.long,
    filled: bool = False,
) -> Format:
    def make(_: Tensor) -> tuple[EdgeIndex, Tensor]:
        order = {"row": BY_USER, "col": BY_ITEM, None: AS_GIVEN}[sort_order]
        pairs = PAIRS[:, order].to(dtype)
        out = EdgeIndex(pairs, sparse_size=size, sort_order=sort_order)
        return (out.fill_cache_() if filled else out), order

    return make


def coo(coalesced: bool) -> Format:
    def make(value: Tensor) -> tuple[Tensor, Tensor]:
        order = BY_ITEM if coalesced else AS_GIVEN
        index = PAIRS[:, order].flip(0)
        adj_t = torch.sparse_coo_tensor(
            index,
            value[order],
            SIZE[::-1],
            is_coalesced=coalesced,
            check_invariants=True,
        )
        return adj_t, order

    return make


def compressed(layout: torch.layout, dtype: torch.dtype = torch.long) -> Format:
    def make(value: Tensor) -> tuple[Tensor, Tensor]:
        rows = layout == torch.sparse_csr
        order = BY_ITEM if rows else BY_USER
        by_row = CSR.from_edge_index(
            PAIRS.flip(0) if rows else PAIRS, SIZE[::-1] if rows else SIZE
        )
        build = torch.sparse_csr_tensor if rows else torch.sparse_csc_tensor
        pointers = by_row.rowptr.to(dtype), by_row.col.to(dtype)
        return build(*pointers, value[order], SIZE[::-1], check_invariants=True), order

    return make


def sparse_tensor(with_value: bool) -> Format:
    def make(value: Tensor) -> tuple[SparseTensor, Tensor]:
        pytest.importorskip("torch_sparse")
        adj_t = SparseTensor(
            row=PAIRS[1][BY_ITEM],
            col=PAIRS[0][BY_ITEM],
            value=value[BY_ITEM] if with_value else None,
            sparse_sizes=SIZE[::-1],
        )
        return adj_t, BY_ITEM

    return make


def csr(value: Tensor) -> tuple[CSR, Tensor]:
    return CSR.from_edge_index(PAIRS.flip(0), SIZE[::-1], value), BY_ITEM


#: Those that hold values.
VALUED = {
    "torch csr": compressed(torch.sparse_csr),
    "torch csr, int32": compressed(torch.sparse_csr, torch.int32),
    "torch coo": coo(coalesced=True),
    "torch coo, uncoalesced": coo(coalesced=False),
    "torch csc": compressed(torch.sparse_csc),
    "torch csc, int32": compressed(torch.sparse_csc, torch.int32),
    "torch_sparse": sparse_tensor(with_value=True),
    "CSR": csr,
}
FORMATS = {
    "edge_index": plain(AS_GIVEN),
    "edge_index, int32": plain(AS_GIVEN, torch.int32),
    "edge_index by user": plain(BY_USER),
    "edge_index by item": plain(BY_ITEM),
    "EdgeIndex": edge_index(None),
    "EdgeIndex, sized": edge_index(None, SIZE),
    "EdgeIndex by row": edge_index("row"),
    "EdgeIndex by row, sized": edge_index("row", SIZE),
    "EdgeIndex by row, filled": edge_index("row", SIZE, filled=True),
    "EdgeIndex by row, half sized": edge_index("row", (SIZE[0], None)),
    "EdgeIndex by col": edge_index("col"),
    "EdgeIndex by col, sized": edge_index("col", SIZE),
    "EdgeIndex by col, filled": edge_index("col", SIZE, filled=True),
    "EdgeIndex by col, int32": edge_index("col", SIZE, torch.int32),
    "torch_sparse, no values": sparse_tensor(with_value=False),
    **VALUED,
}

"""Rows and graphs as containers of tensors, which PyTorch's tools open."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from torch.utils import _pytree

from tvdiff_pyg.sparse.adjacency import BipartiteAdjacency
from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.edges import Edges
from tvdiff_pyg.sparse.order import Transposed

# What of each is a tensor, or a container of them; and what is a number.
_PARTS: dict[type[Any], tuple[tuple[str, ...], tuple[str, ...]]] = {
    CSR: (("rowptr", "col", "value"), ("num_cols", "normalized")),
    Edges: (("edge_index", "value"), ("num_rows", "num_cols", "normalized")),
    BipartiteAdjacency: (("user_rows", "item_rows"), ()),
}


def register_containers() -> None:
    """Tell PyTorch what is in rows and graphs: ``torch.export`` takes them, then."""
    for kind in _PARTS:
        _pytree.register_pytree_node(
            kind,
            _flatten,
            partial(_unflatten, kind),
            serialized_type_name=f"{kind.__module__}.{kind.__name__}",
            flatten_with_keys_fn=_flatten_with_keys,
        )


def _flatten(rows: Any) -> tuple[list[Any], list[Any]]:
    tensors, numbers = _PARTS[type(rows)]
    return [getattr(rows, name) for name in tensors], [
        getattr(rows, name) for name in numbers
    ]


def _flatten_with_keys(rows: Any) -> tuple[list[Any], list[Any]]:
    parts, numbers = _flatten(rows)
    keys = map(_pytree.GetAttrKey, _PARTS[type(rows)][0])
    return list(zip(keys, parts, strict=True)), numbers


def _unflatten(kind: type[Any], tensors: Iterable[Any], numbers: list[Any]) -> Any:
    """Put parts together unchecked: they may be anything but tensors, too."""
    names = sum(_PARTS[kind], ())
    rows = object.__new__(kind)
    for name, part in zip(names, (*tensors, *numbers), strict=True):
        object.__setattr__(rows, name, part)
    if kind is CSR:
        object.__setattr__(rows, "_transposed", Transposed())
    return rows

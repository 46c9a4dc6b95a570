"""The interactions and held-out pairs of a ``HeteroData`` of any type names."""

import logging
from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import EdgeStorage
from torch_geometric.typing import EdgeType

from tvdiff_pyg.data.hetero_labels import (
    has_labels,
    is_split_anew,
    is_zero_negative,
    positive_pairs,
)
from tvdiff_pyg.data.hetero_nodes import (
    count_nodes,
    is_loaded,
    node_attributes,
    node_store,
    original_ids,
)
from tvdiff_pyg.data.pairs import is_in, pair_keys
from tvdiff_pyg.sparse.hetero import (
    EdgeTypeName,
    edge_pairs,
    has_edges,
    interaction_type,
    known_size,
    stored_edges,
)

logger = logging.getLogger(__name__)

Parts = dict[str, Tensor]


def read_hetero(
    data: HeteroData,
    edge_type: EdgeTypeName = None,
    validation: HeteroData | None = None,
    test: HeteroData | None = None,
    weight: str | None = None,
    zero_is_negative: bool | None = None,
) -> tuple[dict[str, Any], dict[str, dict[str, Tensor]]]:
    """Reads what ``BipartiteGraph.from_hetero_data`` builds a graph from.

    Args:
        data (HeteroData): The training graph.
        edge_type (tuple or str, optional): The type of its interactions.
        validation (HeteroData, optional): Its labels are the validation part.
        test (HeteroData, optional): Its labels are the test part; if omitted, they are
            those of ``data``.
        weight (str, optional): The attribute of edges that weighs them.
        zero_is_negative (bool, optional): What the label 0 means; see
            :func:`~tvdiff_pyg.data.hetero_labels.is_zero_negative`.

    Returns:
        The arguments of ``from_edge_index``, and the attributes of each side's nodes.

    Raises:
        ValueError: If parts do not fit together.
    """
    _check_types(data=data, validation=validation, test=test)
    edges = interaction_type(data, edge_type)
    if zero_is_negative is None:
        parts = [part for part in (data, validation, test) if part is not None]
        stores = [part[edges] for part in parts if edges in part.edge_types]
        zero_is_negative = is_zero_negative(stores)
    own = _own_labels(data, edges, zero_is_negative)
    given = {
        f"{name}_index": _labels_of(name, part, edges, zero_is_negative)
        for name, part in (("validation", validation), ("test", test))
        if part is not None
    }
    stored = edge_pairs(stored_edges(data, edges))
    if stored.is_meta:
        raise ValueError("'edge_index' needs ids that are there (got a meta tensor)")
    _check_masks(data[edges])
    train = stored.cpu()
    size = [
        count_nodes(known, [train, *own.values(), *given.values()], side)
        for side, known in enumerate(known_size(data, edges))
    ]
    if test is not None:
        supervised = _supervised(own, [validation, test], edges, size)
        train, own = torch.cat([train, supervised], dim=1), {}
    # Of a graph of ours; anybody else's may be called so, too.
    dropped = data._global_store.get("dropped")
    pairs = {"edge_index": train, **own, **given}
    _check_new(pairs, size)
    arguments = {
        **pairs,
        "edge_weight": _weights(data[edges], weight, pairs),
        "num_users": size[0],
        "num_items": size[1],
        "user_ids": original_ids(data, edges[0], "user"),
        "item_ids": original_ids(data, edges[2], "item"),
        "item_titles": data._global_store.get("item_titles"),
        "dropped": dropped if isinstance(dropped, int) else None,
    }
    attributes = {
        side: node_attributes(node_store(data, node), count, side)
        for side, node, count in zip(
            ("user", "item"), (edges[0], edges[2]), size, strict=True
        )
    }
    return arguments, attributes


def _check_masks(store: EdgeStorage) -> None:
    """Raise a ``ValueError`` if masks say which edges are of which part.

    To read past them would train on what is held out.
    """
    for name, value in store.items():
        # Older data has masks of bytes; what an explainer leaves is no mask of parts.
        is_mask = isinstance(value, Tensor) and not value.is_floating_point()
        if name.endswith("_mask") and is_mask:
            raise ValueError(
                f"'data' needs the edges of training alone, and others as labels, "
                f"such as 'edge_label_index' (got a mask of edges, {name!r})"
            )


def _weights(store: EdgeStorage, name: str | None, pairs: Parts) -> Tensor | None:
    """Read what edges weigh; what is held out has no weight that could go with it."""
    if name is None:
        _say_left(store)
        return None
    held_out = sum(part.size(1) for part in pairs.values()) - pairs["edge_index"].size(
        1
    )
    if held_out > 0:
        raise ValueError(
            f"'weight' needs a graph without held-out pairs, which have none (got "
            f"{held_out}; hold_out draws them with their weights)"
        )
    weight = store.get(name)
    real = isinstance(weight, Tensor) and not (weight.is_complex() or weight.is_meta)
    if "edge_index" not in store or not real:
        raise ValueError(
            f"'weight' needs to name real numbers of edges beside 'edge_index' "
            f"(got {name!r} of {list(store.keys())})"
        )
    return weight.cpu().float()


def _say_left(store: EdgeStorage) -> None:
    """Warn of weights that nobody has named; they may be meant to count."""
    weight = store.get("edge_weight")
    if isinstance(weight, Tensor) and not weight.is_meta and bool((weight != 1).any()):
        logger.warning(
            "'edge_weight' is left behind: each interaction counts as one, unless "
            "'BipartiteGraph.from_hetero_data' is given weight='edge_weight'"
        )


def _check_types(**parts: Any) -> None:
    for name, part in parts.items():
        if not isinstance(part, HeteroData) and (part is not None or name == "data"):
            raise ValueError(
                f"'{name}' needs to be a HeteroData (got {type(part).__name__})"
            )


def _own_labels(data: HeteroData, edge_type: EdgeType, zero: bool) -> Parts:
    """Read the labels of the training graph, which are the test part by default."""
    store = data[edge_type]
    if not has_labels(store):
        return {}
    if is_loaded(node_store(data, edge_type[0])):
        raise ValueError(
            "'data' needs to be a whole graph where it has held-out pairs (got a "
            "loader's batch, with 'n_id')"
        )
    pairs = positive_pairs(store, zero)
    split = store.get("edge_label_split")
    if split is None or split.numel() == 0:
        return {"test_index": pairs}
    if is_split_anew(store):
        raise ValueError(
            "'data' needs an 'edge_label_split' for each pair of 'edge_label_index' "
            "(got other pairs: a graph that RandomLinkSplit is to split needs to be "
            "without held-out pairs, see BipartiteGraph.without_held_out)"
        )
    split = split.cpu()
    return {
        "validation_index": pairs[:, split == 0],
        "test_index": pairs[:, split == 1],
    }


def _labels_of(name: str, part: HeteroData, edge_type: EdgeType, zero: bool) -> Tensor:
    if edge_type not in part.edge_types or not has_labels(part[edge_type]):
        raise ValueError(
            f"'{name}' needs 'edge_label_index' of {edge_type}, as RandomLinkSplit "
            "leaves it (got none)"
        )
    return positive_pairs(part[edge_type], zero)


def _supervised(
    own: Parts,
    others: list[HeteroData | None],
    edge_type: EdgeType,
    size: list[int],
) -> Tensor:
    """Return what a training part is to learn: it is among the edges of later parts."""
    none = torch.empty(2, 0, dtype=torch.long)
    labels = torch.cat([none, *own.values()], dim=1)
    later = [
        edge_pairs(stored_edges(part, edge_type)).cpu()
        for part in others
        if part is not None and has_edges(part, edge_type)
    ]
    known = torch.cat([none, *later], dim=1)
    keys = pair_keys(labels, "edge_label_index", *size)
    if not bool(is_in(keys, pair_keys(known, "edge_index", *size)).all()):
        raise ValueError(
            "'data' needs no held-out pairs of its own beside 'test' (got some in "
            "'edge_label_index' that are no edges of later parts)"
        )
    return labels


def _check_new(parts: Parts, size: list[int]) -> None:
    """Raise if all held-out pairs of a part are trained on: they are none."""
    train = pair_keys(parts["edge_index"], "edge_index", *size)
    for name in parts.keys() - {"edge_index"}:
        keys = pair_keys(parts[name], name, *size)
        if keys.numel() > 0 and bool(is_in(keys, train).all()):
            raise ValueError(
                f"'{name.removesuffix('_index')}' needs a pair that is no training "
                f"edge (got none among {keys.numel()}: labels of a training part are "
                "no held-out pairs)"
            )

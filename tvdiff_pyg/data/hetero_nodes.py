"""The nodes of a ``HeteroData``: how many, which ids, and what is known of each."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import NodeStorage

from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.sparse.node_features import check_features

# Where PyG's users keep original ids, and where its loaders keep positions.
_NODE_ID, _LOADED_ID = "node_id", "n_id"
_NO_ATTRIBUTES = {_NODE_ID, _LOADED_ID, "num_nodes", "batch", "ptr", "input_id"}
# Features, by the name that PyG has for them.
FEATURES = "x"


def node_store(data: HeteroData, node_type: str) -> NodeStorage:
    """Returns what is stored of a node type, without making it one."""
    found = node_type in data.node_types
    return data[node_type] if found else NodeStorage(_key=node_type)


def count_nodes(known: int | None, pairs: list[Tensor], side: int) -> int:
    """Returns how many nodes a side has: as known, or as the pairs need.

    Args:
        known (int, optional): What the graph says.
        pairs (list): All pairs, training and held-out ones.
        side (int): 0 for users, 1 for items.

    Example:
        >>> count_nodes(None, [torch.tensor([[0, 4], [1, 1]])], side=0)
        5
    """
    if known is not None:
        return known
    return max((int(p[side].max()) + 1 for p in pairs if p.size(1) > 0), default=0)


def original_ids(data: HeteroData, node_type: str, side: str) -> IdMap | None:
    """Returns a graph's own id map, or the ids in ``node_id`` or, a loader's, ``n_id``.

    Raises:
        ValueError: If two nodes have the same id.

    Example:
        >>> data = HeteroData()
        >>> data["movie"].node_id = torch.tensor([31, 7])
        >>> original_ids(data, "movie", "item").ids()
        [31, 7]
    """
    ids = data._global_store.get(f"{side}_ids")
    if isinstance(ids, IdMap):
        return ids
    store = node_store(data, node_type)
    for name in (_NODE_ID, _LOADED_ID):
        if name in store:
            ids = store[name]
            return IdMap(ids.cpu() if isinstance(ids, Tensor) else ids, side)
    return None


def is_loaded(store: NodeStorage) -> bool:
    """Whether nodes are those of a loader's batch."""
    return _LOADED_ID in store


def node_attributes(store: NodeStorage, num_nodes: int, side: str) -> dict[str, Any]:
    """Returns the tensors that have a row for each node, and the features.

    Args:
        store (NodeStorage): The nodes of one type.
        num_nodes (int): How many there are.
        side (str): What they are, for messages.

    Raises:
        ValueError: If there is not a row of finite features for each node.
    """
    found = {
        name: value.cpu()
        for name, value in store.items()
        if name not in _NO_ATTRIBUTES
        and isinstance(value, Tensor)
        and value.layout == torch.strided
        and value.dim() > 0
        and value.size(0) == num_nodes
    }
    x = features_of(store, num_nodes, side)
    return found if x is None else found | {FEATURES: x.cpu()}


def features_of(store: NodeStorage, num_nodes: int, side: str) -> Tensor | None:
    """Returns the features of nodes, dense or in the layout CSR, if there are any.

    Args:
        store (NodeStorage): The nodes of one type.
        num_nodes (int): How many there are.
        side (str): What they are, for messages.

    Raises:
        ValueError: If there is not a row of finite numbers for each.

    Example:
        >>> data = HeteroData()
        >>> data["movie"].x = torch.eye(2).bool()
        >>> features_of(data["movie"], 2, "item").dtype
        torch.float32
    """
    x = store.get(FEATURES)
    return None if x is None else check_features(f"x of {side}s", x, num_nodes)

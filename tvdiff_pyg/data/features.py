"""Features of users and items, in ``x`` of their nodes, as PyG keeps them."""

import copy
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.data.hetero_nodes import FEATURES, features_of, node_store
from tvdiff_pyg.sparse.node_features import select_features

SIDES = "user", "item"

Graph = TypeVar("Graph", bound=HeteroData)


class NodeFeatures(NamedTuple):
    """Features of both sides.

    Attributes:
        user: Of users, ``[num_users, num_features]``, dense or in the layout CSR;
            ``None`` if there are none.
        item: Of items, likewise.
    """

    user: Tensor | None = None
    item: Tensor | None = None

    @staticmethod
    def of(graph: HeteroData) -> "NodeFeatures":
        """Returns the features of a graph of ours, checked.

        Raises:
            ValueError: If there is not a row of finite numbers for each node.
        """
        stores = {side: node_store(graph, side) for side in SIDES}
        return NodeFeatures(
            **{
                side: features_of(store, int(store.num_nodes or 0), side)
                for side, store in stores.items()
            }
        )

    def put(self, graph: Graph) -> Graph:
        """Returns a graph with these features: the same one if it has them."""
        given = {side: x for side, x in zip(SIDES, self, strict=True) if x is not None}
        if all(graph[side].get(FEATURES) is x for side, x in given.items()):
            return graph
        other = copy.copy(graph)
        for side, x in given.items():
            other[side][FEATURES] = x
        return other

    def select(self, kept: Sequence[Tensor]) -> "NodeFeatures":
        """Returns the features of some nodes.

        Args:
            kept (list): Which users, and which items.
        """
        return NodeFeatures(
            *(
                None if x is None else select_features(x, nodes)
                for x, nodes in zip(self, kept, strict=True)
            )
        )


def without_features(graph: Graph) -> Graph:
    """Returns a graph without features."""
    other = copy.copy(graph)
    for side in SIDES:
        other[side].pop(FEATURES, None)
    return other

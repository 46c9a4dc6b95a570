"""Training pairs as edges and held-out pairs as labels, in PyG's ``HeteroData``."""

import copy
from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch_geometric.data import Batch, HeteroData
from torch_geometric.data.storage import EdgeStorage
from typing_extensions import Self

from tvdiff_pyg.data.edge_weights import carry_weights
from tvdiff_pyg.data.features import SIDES, NodeFeatures, without_features
from tvdiff_pyg.data.hetero_labels import is_split_anew
from tvdiff_pyg.data.hetero_nodes import is_loaded, node_store
from tvdiff_pyg.data.pairs import key_pairs, pair_keys
from tvdiff_pyg.data.subgraph import all_kept, relabel_held_out, select_ids

HeldOutPart = Literal["validation", "test"]

RATES = ("user", "rates", "item")
RATED_BY = ("item", "rated_by", "user")
VALIDATION_LABEL, TEST_LABEL = 0, 1


class _InteractionStorage(EdgeStorage):
    # PyG takes a tensor for an edge attribute when its length happens to be the number
    # of edges, and its loaders would then filter the held-out pairs as if they were.
    def is_edge_attr(self, key: str) -> bool:
        return not key.startswith("edge_label") and bool(super().is_edge_attr(key))


class InteractionData(HeteroData):
    """A :class:`~torch_geometric.data.HeteroData` of pairs in three parts.

    Training pairs are the edges of ``("user", "rates", "item")``;
    ``("item", "rated_by", "user")`` holds them flipped. Held-out pairs are no edges:
    they stand in ``edge_label_index`` of the ``rates`` store, and ``edge_label_split``
    says which are validation (0) and which test (1).

    Where pairs have weights, ``edge_weight`` of both stores says how much each training
    pair counts in messages, and ``edge_label_weight`` how much a held-out pair will.
    """

    @property
    def train_index(self) -> Tensor:
        """Training pairs, shape ``[2, num_train]``, sorted by user, then item."""
        check_whole(self)
        return self[RATES].edge_index

    @property
    def train_weight(self) -> Tensor | None:
        """What each training pair weighs, shape ``[num_train]``, if pairs do."""
        check_whole(self)
        return self[RATES].get("edge_weight")

    @property
    def is_weighed(self) -> bool:
        """Whether pairs have weights."""
        return self.train_weight is not None

    @property
    def validation_index(self) -> Tensor:
        """Validation pairs, shape ``[2, num_validation]``."""
        return self._held_out(VALIDATION_LABEL)

    @property
    def test_index(self) -> Tensor:
        """Test pairs, shape ``[2, num_test]``."""
        return self._held_out(TEST_LABEL)

    def seen_index(self, before: HeldOutPart = "test") -> Tensor:
        """Returns the pairs that are known before a part that is held out.

        Args:
            before: ``"validation"``: training pairs; ``"test"``: validation pairs too.
                (default: ``"test"``)

        Returns:
            The pairs, shape ``[2, num_seen]``.

        Raises:
            ValueError: If there is no such part.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> train, validation = torch.tensor([[0], [0]]), torch.tensor([[0], [1]])
            >>> graph = BipartiteGraph.from_edge_index(
            ...     train, 1, 2, validation_index=validation
            ... )
            >>> graph.seen_index("validation").size(1), graph.seen_index().size(1)
            (1, 2)
        """
        if before not in get_args(HeldOutPart):
            raise ValueError(
                f"'before' needs to be one of {list(get_args(HeldOutPart))} "
                f"(got {before!r})"
            )
        if before == "validation":
            return self.train_index
        return torch.cat([self.train_index, self.validation_index], dim=1)

    @property
    def known_index(self) -> Tensor:
        """All pairs, held out or not, shape ``[2, num_known]``."""
        return torch.cat([self.seen_index("test"), self.test_index], dim=1)

    def without_validation(self) -> Self:
        """Returns a copy whose validation pairs are training pairs again.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> train, validation = torch.tensor([[0], [0]]), torch.tensor([[0], [1]])
            >>> graph = BipartiteGraph.from_edge_index(
            ...     train, 1, 2, validation_index=validation
            ... )
            >>> graph.without_validation().train_index
            tensor([[0, 0],
                    [0, 1]])
        """
        return self._trained_on(self.seen_index("test"), self.test_index)

    def without_held_out(self) -> Self:
        """Returns a copy whose held-out pairs, all of them, are training pairs again.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> train, test = torch.tensor([[0], [1]]), torch.tensor([[0], [0]])
            >>> graph = BipartiteGraph.from_edge_index(train, 1, 2, test_index=test)
            >>> graph.without_held_out().train_index
            tensor([[0, 0],
                    [0, 1]])
        """
        return self._trained_on(self.known_index, self.test_index[:, :0])

    def subgraph(self, subset_dict: dict[str, Tensor]) -> Self:
        """Returns the graph of some users and items, with their held-out pairs and ids.

        Args:
            subset_dict (dict): The nodes to keep of a type, ascending, or a boolean
                for each; all of those that are not named.

        Raises:
            ValueError: If nodes are of no such type, out of range or do not ascend.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> pairs, test = torch.tensor([[0, 1], [0, 2]]), torch.tensor([[1], [1]])
            >>> graph = BipartiteGraph.from_edge_index(pairs, 2, 3, test_index=test)
            >>> part = graph.subgraph({"user": torch.tensor([1])})
            >>> part.user_ids.ids(), part.test_index.tolist()
            ([1], [[0], [1]])
        """
        check_whole(self)
        size = [int(self[side].num_nodes) for side in SIDES]
        kept = all_kept(subset_dict, dict(zip(SIDES, size, strict=True)))
        features = NodeFeatures.of(self).select(kept)
        # PyG selects no rows of sparse ones.
        graph: Self = HeteroData.subgraph(without_features(self), subset_dict)
        relabel_held_out(graph[RATES], kept, size)
        for side, nodes in zip(SIDES, kept, strict=True):
            select_ids(graph._global_store, side, nodes)
        return features.put(graph)

    def with_parts(self, train: Tensor, validation: Tensor, test: Tensor) -> Self:
        """Returns a copy with other parts of the same pairs, and of their weights.

        Args:
            train (Tensor): Training pairs, distinct and sorted, ``[2, num_train]``.
            validation (Tensor): Validation pairs, shape ``[2, num_validation]``.
            test (Tensor): Test pairs, shape ``[2, num_test]``.
        """
        graph = copy.copy(self)
        graph._set_pairs(torch.cat([train, train[:1]]), validation, test)
        own, new = ((one[RATES], one[RATED_BY]) for one in (self, graph))
        carry_weights(own, new, int(self["item"].num_nodes))
        return graph

    def _trained_on(self, pairs: Tensor, test: Tensor) -> Self:
        num_users, num_items = self["user"].num_nodes, self["item"].num_nodes
        keys = pair_keys(pairs, "edge_index", num_users, num_items)
        return self.with_parts(key_pairs(keys, num_items), self.test_index[:, :0], test)

    # PyG creates stores in these two places.
    def get_edge_store(self, src: str, rel: str, dst: str) -> EdgeStorage:
        """Returns the store of an edge type, a new one where there is none."""
        key = (src, rel, dst)
        if key not in self._edge_store_dict:
            self._check_type_name(rel)
            self._edge_store_dict[key] = _InteractionStorage(_parent=self, _key=key)
        return self._edge_store_dict[key]

    @classmethod
    def from_dict(cls, mapping: dict[Any, Any]) -> Self:
        """Rebuilds a graph from what ``to_dict`` returned."""
        graph = cls()
        for key, values in mapping.items():
            store = graph._global_store if key == "_global_store" else graph[key]
            for name, value in values.items():
                store[name] = value
        return graph

    def _set_pairs(self, edges: Tensor, validation: Tensor, test: Tensor) -> None:
        # Both ways share the memory of the items.
        rates = self[RATES]
        rates.edge_index, self[RATED_BY].edge_index = edges[:2], edges[1:]
        rates.edge_label_index = torch.cat([validation, test], dim=1)
        split = torch.full((rates.edge_label_index.size(1),), TEST_LABEL)
        split[: validation.size(1)] = VALIDATION_LABEL
        rates.edge_label_split = split

    def _held_out(self, label: int) -> Tensor:
        check_whole(self)
        rates = self[RATES]
        return rates.edge_label_index[:, rates.edge_label_split == label]


def check_whole(graph: InteractionData) -> None:
    """Raises if a transform or a loader has left pairs and nodes that do not fit.

    Args:
        graph (InteractionData): The graph.

    Raises:
        ValueError: If it is a loader's batch, a part of ``RandomLinkSplit``, without
            ``edge_index``, or of other nodes than its id maps.
    """
    sides = {side: node_store(graph, side) for side in SIDES}
    if isinstance(graph, Batch) or any(map(is_loaded, sides.values())):
        raise ValueError("the graph needs to be one, and whole (got a loader's batch)")
    for side, store in sides.items():
        ids, count = graph._global_store.get(f"{side}_ids"), store.get("num_nodes")
        if ids is not None and len(ids) != count:
            raise ValueError(
                f"the graph needs the {len(ids)} {side}s of its '{side}_ids' "
                f"(got {count}, from a transform that leaves ids and held-out pairs "
                "behind; 'subgraph' does not)"
            )
    rates = graph[RATES] if RATES in graph.edge_types else EdgeStorage()
    if "edge_index" not in rates:
        raise ValueError(
            "the graph needs 'edge_index' (got none, as after ToSparseTensor; "
            "BipartiteGraph.from_hetero_data reads 'adj_t')"
        )
    if is_split_anew(rates):
        raise ValueError(
            "the graph needs its own held-out pairs (got others in their place, as "
            "after RandomLinkSplit; BipartiteGraph.from_hetero_data(train, "
            "validation=..., test=...) reads them)"
        )

"""The validated user-item graph that every other part of the library works on."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from typing_extensions import Self

from tvdiff_pyg.data.edge_weights import is_weighed, set_weights
from tvdiff_pyg.data.from_hetero import read_hetero
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES, InteractionData
from tvdiff_pyg.data.named_graph import checked_ids, checked_titles
from tvdiff_pyg.data.pairs import is_in, key_edges
from tvdiff_pyg.data.saved_graph import SavedGraph
from tvdiff_pyg.data.weighted_pairs import WeightedPairs, read_held_out
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse.hetero import EdgeTypeName


class BipartiteGraph(SavedGraph):
    """A :class:`~torch_geometric.data.HeteroData` of users, items and their
    interactions.

    Node types are ``"user"`` and ``"item"``. Training pairs are the edges, distinct and
    sorted by user, then item; held-out pairs are none: see
    :class:`~tvdiff_pyg.data.interaction_data.InteractionData`. Ids and titles: see
    :class:`~tvdiff_pyg.data.named_graph.NamedGraph`; files of graphs: see
    :class:`~tvdiff_pyg.data.saved_graph.SavedGraph`.

    Build one with :meth:`from_edge_index` or :meth:`from_hetero_data`, or from files,
    frames and arrays with the functions of :mod:`tvdiff_pyg.data`.

    Example:
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> graph = BipartiteGraph.from_edge_index(pairs, num_users=2, num_items=2)
        >>> graph.counts()["train"]
        3
    """

    @classmethod
    def from_edge_index(
        cls,
        edge_index: Tensor,
        num_users: int,
        num_items: int,
        *,
        validation_index: Tensor | None = None,
        test_index: Tensor | None = None,
        edge_weight: Tensor | None = None,
        validation_weight: Tensor | None = None,
        test_weight: Tensor | None = None,
        user_ids: IdMap | None = None,
        item_ids: IdMap | None = None,
        item_titles: Sequence[str] | None = None,
        dropped: int | None = None,
    ) -> Self:
        """Builds a graph from user-item index pairs.

        Duplicates collapse, and their weights are summed. A held-out pair that is also
        in training, a validation pair that is also in test, and a repeated held-out
        pair are removed and counted.

        Args:
            edge_index (Tensor): Training pairs (user, item), integers, shape
                ``[2, num_train]``, at least one.
            num_users (int): The number of users.
            num_items (int): The number of items.
            validation_index (Tensor, optional): Validation pairs, shape
                ``[2, num_validation]``. (default: none)
            test_index (Tensor, optional): Test pairs, shape ``[2, num_test]``.
                (default: none)
            edge_weight (Tensor, optional): What each training pair counts in the
                messages, finite and positive, shape ``[num_train]``. (default: all
                count alike)
            validation_weight (Tensor, optional): Likewise of validation pairs, for
                when they are trained on; given where ``edge_weight`` is.
                (default: none)
            test_weight (Tensor, optional): Likewise of test pairs. (default: none)
            user_ids (IdMap, optional): Original user ids. (default: the indices)
            item_ids (IdMap, optional): Original item ids. (default: the indices)
            item_titles (list, optional): One title an item, shape ``[num_items]``.
                (default: none)
            dropped (int, optional): Held-out pairs the caller already left out.
                (default: 0)

        Returns:
            The graph.

        Raises:
            ValueError: If a shape, a dtype, an index or a length is wrong, or if there
                is no training pair.
        """
        check_integer("num_users", num_users, low=0)
        check_integer("num_items", num_items, low=0)
        size = (num_users, num_items)
        train = WeightedPairs.read(edge_index, edge_weight, "edge", size)
        if train.keys.numel() == 0:
            raise ValueError("'edge_index' needs at least one interaction (got none)")
        test = read_held_out(test_index, test_weight, "test", train, size)
        validation = read_held_out(
            validation_index, validation_weight, "validation", train, size
        )
        validation = validation.only(~is_in(validation.keys, test.keys))
        num_held_out = validation.keys.numel() + test.keys.numel()
        num_given = sum(
            i.size(1) for i in (validation_index, test_index) if i is not None
        )

        graph = cls.from_edges(
            key_edges(train.keys, num_items),
            validation.pairs(num_items),
            test.pairs(num_items),
            *size,
        )
        parts = train, validation, test
        weights = [part.weight for part in parts if part.weight is not None]
        if weights:
            set_weights(
                graph[RATES], graph[RATED_BY], weights[0], torch.cat(weights[1:])
            )
        graph._set_global(
            user_ids=checked_ids(user_ids, "user", num_users),
            item_ids=checked_ids(item_ids, "item", num_items),
            item_titles=checked_titles(item_titles, num_items),
            dropped=(dropped or 0) + num_given - num_held_out,
        )
        return graph

    @classmethod
    def from_edges(
        cls,
        edges: Tensor,
        validation_index: Tensor,
        test_index: Tensor,
        num_users: int,
        num_items: int,
    ) -> Self:
        """Builds a graph from pairs that are known to be as it keeps them, unchecked.

        Args:
            edges (Tensor): Training pairs, distinct and sorted by user, then item, as
                their users, their items and their users again, which both directions
                are views of; ``int64``, shape ``[3, num_train]``.
            validation_index (Tensor): Validation pairs, in no other part, shape
                ``[2, num_validation]``.
            test_index (Tensor): Test pairs, likewise.
            num_users (int): The number of users.
            num_items (int): The number of items.

        Returns:
            The graph.
        """
        graph = cls()
        graph["user"].num_nodes, graph["item"].num_nodes = num_users, num_items
        graph._set_pairs(edges, validation_index, test_index)
        graph._set_global(
            user_ids=checked_ids(None, "user", num_users),
            item_ids=checked_ids(None, "item", num_items),
            item_titles=None,
            dropped=0,
        )
        return graph

    @classmethod
    def from_hetero_data(
        cls,
        data: HeteroData,
        edge_type: EdgeTypeName = None,
        *,
        validation: HeteroData | None = None,
        test: HeteroData | None = None,
        weight: str | None = None,
        zero_is_negative: bool | None = None,
        item_titles: Sequence[str] | None = None,
    ) -> Self:
        """Builds a graph from a ``HeteroData`` of any type names.

        Edges are in ``edge_index``, or transposed in ``adj_t``. Held-out pairs are in
        ``edge_label_index``, and those whose ``edge_label`` says that they are none
        are left out. Nodes keep their order; ``node_id`` (or ``n_id``) holds their
        original ids, and tensors with a row for each node come along. Those of edges do
        not, but for ``weight``.

        Args:
            data (HeteroData): The graph. Without ``test``, its labelled pairs are the
                test part, as in PyG's ``MovieLens100K`` and ``AmazonBook``.
            edge_type (tuple or str, optional): The type whose sources are users and
                whose destinations are items. (default: see
                :func:`~tvdiff_pyg.sparse.interaction_type`)
            validation (HeteroData, optional): The second part that ``RandomLinkSplit``
                returned; its labels are the validation part. (default: none)
            test (HeteroData, optional): The third one. (default: none)
            weight (str, optional): What edges weigh, an attribute beside
                ``edge_index``, where no pair is held out. (default: all weigh alike)
            zero_is_negative (bool, optional): Whether 0 in ``edge_label`` marks a
                pair that is none. (default: it does among 0 and 1; beside other
                labels, it has to be said)
            item_titles (list, optional): One title an item, shape ``[num_items]``.
                (default: none)

        Returns:
            The graph.

        Raises:
            ValueError: If there are several edge types, an id is out of range, parts do
                not fit together, or anything that :meth:`from_edge_index` refuses.

        Example:
            >>> data = HeteroData()
            >>> data["reader"].num_nodes, data["book"].num_nodes = 2, 3
            >>> data["reader", "has", "book"].edge_index = torch.tensor([[0], [2]])
            >>> BipartiteGraph.from_hetero_data(data).counts()["items"]
            3
        """
        if isinstance(data, InteractionData):
            edge_type = RATES if edge_type is None else edge_type
            if RATES in data.edge_types and is_weighed(data[RATES]):
                raise ValueError(
                    "'data' needs to be without 'edge_weight', as a graph keeps its "
                    "weights only while its pairs are as they were (got some)"
                )
        arguments, attributes = read_hetero(
            data, edge_type, validation, test, weight, zero_is_negative
        )
        if item_titles is not None:
            arguments["item_titles"] = item_titles
        graph = cls.from_edge_index(**arguments)
        for side, values in attributes.items():
            graph[side].update(values)
        return graph


torch.serialization.add_safe_globals([BipartiteGraph])

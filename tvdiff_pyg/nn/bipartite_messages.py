"""The messages of both towers, in any of PyG's formats."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Embedding
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.bipartite_conv import BipartiteConv
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import BipartiteAdjacency, Normalization
from tvdiff_pyg.sparse.checks import (
    check_device,
    check_ids,
)
from tvdiff_pyg.sparse.matrices import check_matrix
from tvdiff_pyg.sparse.read_edges import Rows
from tvdiff_pyg.sparse.read_rows import weigh
from tvdiff_pyg.sparse.sharded import check_gathered, check_held


class BipartiteMessages(BipartiteConv):
    """Passes interactions to the users and normalised messages to the items: twice the
    operator, each way.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        dropout: Probability of dropping an interaction, in [0, 1).
        normalization: How messages to the items are weighed; ``"none"`` if there are
            none.
        sparse: Give tables row-sparse gradients where only some rows are read.

    Raises:
        ValueError: If a number is below 1.
    """

    #: Layers; those before the last read both directions by the degrees.
    num_layers: int = 1

    def __init__(
        self,
        num_users: int,
        num_items: int,
        dropout: float,
        normalization: Normalization,
        sparse: bool,
    ) -> None:
        super().__init__(normalization)
        check_sizes(num_users=num_users, num_items=num_items)
        self.num_users = num_users
        self.num_items = num_items
        self.dropout = dropout
        self.sparse = sparse

    @property
    def reads_graph(self) -> bool:
        """Whether anything is passed to the items."""
        return self.normalization != "none"

    def look_up(self, n_id: NodeIds | None = None) -> tuple[Tensor, Tensor]:
        """Look up the embeddings before any layer, where these are tables.

        Args:
            n_id: Global ids of the batch's users and items. (default: ``None``)

        Returns:
            What is passed to the items, and what is passed to the users.

        Raises:
            ValueError: If they are no tables, and need to be given.
        """
        raise ValueError(
            f"'embedding' needs to be given to {self.__class__.__name__} (got None)"
        )

    def given(self, embedding: OptTensor, n_id: NodeIds | None, side: int) -> Tensor:
        """Return what is given, or else a side of what :meth:`look_up` finds."""
        if embedding is None:
            return self.look_up(n_id)[side]
        check_matrix("embedding", embedding)
        check_held("embedding", embedding)
        return embedding

    def rows(self, table: Embedding, index: OptTensor) -> Tensor:
        """Return rows of a table, or all of it.

        Args:
            table: A table of ``num_rows`` vectors.
            index: Rows, integers, of shape ``[num_read]``; all if ``None``.

        Raises:
            ValueError: If a row is no integer or out of range.
        """
        check_gathered(table.weight)
        if index is None:
            return table.weight
        check_device("n_id", index, table.weight)
        out: Tensor = table(check_ids("n_id", index, table.num_embeddings))
        return out

    def table(self, num_rows: int, channels: int) -> Embedding:
        """Return a new table, whose rows nobody has drawn yet."""
        empty = torch.empty(num_rows, channels)
        return Embedding.from_pretrained(empty, freeze=False, sparse=self.sparse)

    def project(
        self,
        edge_index: Adj | Rows,
        edge_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        r"""Sum the item embeddings of each user's (corrupted) interactions,
        ``dropout(x_t) @ embedding``: the messages item -> user.

        Args:
            edge_index: Item -> user edges, or a
                :class:`~tvdiff_pyg.sparse.CSR` of user rows.
            edge_weight: One interaction per edge; ones if omitted.
                (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)
            embedding: Item embeddings, of shape ``[num_items, channels]``; looked up
                if omitted. (default: ``None``)

        Returns:
            Projected interactions, of shape ``[num_users, channels]``.
        """
        x = self.given(embedding, n_id, 1)
        size = self._size(n_id)[0], x.size(0)
        rows = weigh(*self.read(edge_index, size), edge_weight)
        if self.training and self.dropout > 0:
            value = x.new_ones(rows.nnz) if rows.value is None else rows.value
            rows = rows.with_value(F.dropout(value, self.dropout))
        return self.send((x, None), rows)

    def gather(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        """Sum the embeddings of each item's users by the normalised edges: the
        messages user -> item.

        Args:
            edge_index: User -> item edges, or a
                :class:`~tvdiff_pyg.sparse.CSR` of item rows.
            norm_weight: Normalised weights, in the order of ``edge_index``; computed
                from it if omitted. (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)
            embedding: User embeddings, of shape ``[num_users, channels]``; looked up
                if omitted. (default: ``None``)

        Returns:
            Sums, of shape ``[num_items, channels]``.
        """
        x = self.given(embedding, n_id, 0)
        read = self.read(edge_index, self._size(n_id)[::-1])
        return self.send((x, None), self._weigh(*read, norm_weight, x.dtype))

    def _both_ways(
        self,
        edges: tuple[Adj | Rows | BipartiteAdjacency, Adj | Rows | None],
        edge_weight: OptTensor,
        norm_weight: tuple[OptTensor, OptTensor],
        n_id: NodeIds | None,
    ) -> tuple[Rows, Rows, Rows | None]:
        """Read user -> item edges, and those back or else their transpose, into rows of
        users, weighed by interactions, of items, weighed by the degrees, and, from the
        edges back, of users by the degrees.
        """
        size, dtype = self._size(n_id), next(self.parameters(), torch.empty(0)).dtype
        self._check_both(edges[1], *norm_weight)
        rows, order = self.read(edges[0], size[::-1])
        if edges[1] is None:
            # Turned first, they know the degrees of both sides.
            user_rows = weigh(_interactions(rows), order, edge_weight).transpose()
            return user_rows, self._weigh(rows, order, norm_weight[0], dtype), None
        item_rows = self._weigh(rows, order, norm_weight[0], dtype)
        rows, order = self.read(edges[1], size)
        user_rows = weigh(_interactions(rows), order, edge_weight)
        if self.num_layers == 1:
            return user_rows, item_rows, None
        if norm_weight[1] is None:
            by_degree = self.normalize(rows.transpose(), dtype).transpose()
        else:
            by_degree = weigh(rows, order, norm_weight[1], "rev_norm_weight")
        return user_rows, item_rows, by_degree

    def _check_both(
        self, rev_edge_index: object, norm_weight: OptTensor, rev_norm_weight: OptTensor
    ) -> None:
        """Refuse weights of one direction where both are read by the degrees."""
        if rev_edge_index is None and rev_norm_weight is not None:
            raise ValueError("'rev_edge_index' needs to be given (got None)")
        one_way = (norm_weight is None) != (rev_norm_weight is None)
        if one_way and rev_edge_index is not None and self.num_layers > 1:
            lacking = "norm_weight" if norm_weight is None else "rev_norm_weight"
            raise ValueError(
                f"'{lacking}' needs to be given: {self.num_layers} layers read both "
                "directions, and the other one is weighed (got None)"
            )

    def _weigh(
        self, rows: Rows, order: OptTensor, norm_weight: OptTensor, dtype: torch.dtype
    ) -> Rows:
        """Weigh item rows by the weights that are given, or else by the degrees."""
        if norm_weight is None:
            return self.normalize(rows, dtype)
        return weigh(rows, order, norm_weight, "norm_weight")

    def _size(self, n_id: NodeIds | None) -> tuple[int, int]:
        if n_id is None:
            return self.num_users, self.num_items
        return n_id[0].numel(), n_id[1].numel()


def _interactions(rows: Rows) -> Rows:
    """Leave normalised weights out: they say nothing of the interactions."""
    return rows.with_value(None) if rows.normalized else rows


def check_sizes(**sizes: int) -> None:
    """Raise unless all sizes are positive, naming the first that is not."""
    for name, size in sizes.items():
        check_integer(name, size, low=1)

"""The messages of a bipartite graph, both ways and in any of PyG's formats."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch_geometric.nn import MessagePassing
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.sparse import CSR, Normalization, bipartite_norm, spmm, to_csr

NodeIds = tuple[Tensor, Tensor]


class BipartiteMessages(MessagePassing):
    """Passes interactions to the users and normalised messages to the items.

    Plain edges are propagated as PyG does, so that gradients pass to their weights;
    every sparse format is fused into one product, and passes none.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        dropout: Probability of dropping an interaction, in [0, 1).
        normalization: How messages to the items are weighed; ``"none"`` if there are
            none.
        sparse_grad: Give tables row-sparse gradients where only some rows are read.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        dropout: float,
        normalization: Normalization,
        sparse_grad: bool,
    ) -> None:
        super().__init__(aggr="add")
        check_sizes(num_users=num_users, num_items=num_items)
        self.num_users = num_users
        self.num_items = num_items
        self.dropout = dropout
        self.normalization = normalization
        self.sparse_grad = sparse_grad

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

    def rows(self, table: Tensor, index: OptTensor) -> Tensor:
        """Return rows of a table, or all of it.

        Args:
            table: A table, of shape ``[num_rows, channels]``.
            index: Rows, long, of shape ``[num_read]``; all if ``None``.
        """
        if index is None:
            return table
        return F.embedding(index, table, sparse=self.sparse_grad)

    def project(
        self,
        edge_index: Adj | CSR,
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
        size = self._size(n_id)
        x = self.look_up(n_id)[1] if embedding is None else embedding
        adj = to_csr(edge_index, size, edge_weight)
        if isinstance(adj, CSR):
            edge_weight = adj.value
        if self.training and self.dropout > 0:
            if edge_weight is None:
                num_edges = adj.nnz if isinstance(adj, CSR) else adj.size(1)
                edge_weight = x.new_ones(num_edges)
            edge_weight = F.dropout(edge_weight, self.dropout)
        return self._sum(adj, x, edge_weight, size[0])

    def gather(
        self,
        edge_index: Adj | CSR,
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
        x = self.look_up(n_id)[0] if embedding is None else embedding
        size = self._size(n_id)
        adj = to_csr(edge_index, size[::-1], norm_weight)
        if isinstance(adj, CSR):
            norm_weight = adj.value if norm_weight is not None else self._norm(adj)
        elif norm_weight is None:
            ones = x.new_ones(adj.size(1))
            norm_weight = bipartite_norm(adj, size, self.normalization, ones)
        return self._sum(adj, x, norm_weight, size[1])

    def message(self, x_j: Tensor, weight: OptTensor) -> Tensor:
        """Weigh the message of each edge."""
        return x_j if weight is None else weight.view(-1, 1) * x_j

    def _sum(
        self, adj: Tensor | CSR, x: Tensor, weight: OptTensor, num_dst: int
    ) -> Tensor:
        if isinstance(adj, CSR):
            return spmm(adj.with_value(weight), x)
        size = (x.size(0), num_dst)
        out: Tensor = self.propagate(adj, x=(x, None), weight=weight, size=size)
        return out

    def _reverse(
        self, edge_index: Adj, edge_weight: OptTensor, n_id: NodeIds | None
    ) -> tuple[Adj | CSR, OptTensor]:
        """Turn user -> item edges into item -> user edges."""
        adj = to_csr(edge_index, self._size(n_id)[::-1], edge_weight)
        if isinstance(adj, CSR):
            return adj.transpose(), None
        return adj.flip(0), edge_weight

    def _item_rows(
        self, edge_index: Adj, norm_weight: OptTensor, n_id: NodeIds | None
    ) -> CSR:
        """Sort user -> item edges by item, with their normalised weights."""
        size = self._size(n_id)[::-1]
        rows = to_csr(edge_index, size, norm_weight)
        if not isinstance(rows, CSR):
            rows = CSR.from_edge_index(rows.flip(0), size, norm_weight)
        if norm_weight is None and self.reads_graph:
            return rows.with_value(self._norm(rows))
        return rows

    def _size(self, n_id: NodeIds | None) -> tuple[int, int]:
        if n_id is None:
            return self.num_users, self.num_items
        return n_id[0].numel(), n_id[1].numel()

    def _norm(self, rows: CSR) -> Tensor:
        """Compute the normalised weights of item rows."""
        pairs = torch.stack([rows.col, rows.row()])
        size = rows.num_cols, rows.num_rows
        return bipartite_norm(pairs, size, self.normalization, rows.value)


def check_sizes(**sizes: int) -> None:
    """Raise unless all sizes are positive, naming the first that is not."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"'{name}' needs to be at least 1 (got {size})")

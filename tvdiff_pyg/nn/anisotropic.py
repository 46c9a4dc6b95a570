"""View II: the anisotropic denoiser, one hop on each side and their correlation."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Linear, Parameter
from torch_geometric.nn import MessagePassing
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.sparse import CSR, Normalization, bipartite_norm, spmm, to_csr
from tvdiff_pyg.sparse.normalization import check_normalization

NodeIds = tuple[Tensor, Tensor]


class AnisotropicDenoiser(MessagePassing):
    r"""The single-layer cross-correlation denoiser of the `"Towards A Tri-View
    Diffusion Framework for Recommendation" <https://arxiv.org/abs/2511.20122>`_
    paper.

    .. math::
        \hat{\mathbf{u}} &= \tanh \Big( \sum_{i} x_{t,i} \, \mathbf{W}_I[i]
        + \mathrm{Linear}(\mathrm{sin}(t)) \, \mathbf{W}_T \Big) \\
        \mathbf{v}_i &= \tanh \Big( \sum_{u \in \mathcal{N}(i)}
        \bar{r}_{ui} \, \mathbf{W}_U[u] \Big) \\
        \hat{x}_{0,i} &= \hat{\mathbf{u}}^{\top} \mathbf{v}_i

    The user tower passes messages item -> user, weighted by the corrupted
    interactions; the item tower passes messages user -> item, weighted by the
    normalised edges, and depends on neither the timestep nor the noise.

    Args:
        num_users: Number of users.
        num_items: Number of items.
        hidden_channels: Width of both towers. (default: ``64``)
        time_channels: Width of the timestep embedding. (default: ``64``)
        dropout: Probability of dropping an interaction in the user tower, in
            [0, 1). (default: ``0.5``)
        normalization: ``"symmetric"``, ``"left"``, ``"linkprop"`` or ``"none"``;
            the last learns the item factors freely, without a graph.
            (default: ``"symmetric"``)
        sparse_grad: Give the embeddings row-sparse gradients where only the rows of
            a batch (``n_id``) are read; an optimiser such as
            :class:`~tvdiff_pyg.training.LazyAdam` then leaves the others alone.
            (default: ``False``)

    Raises:
        ValueError: If a size is not positive, ``dropout`` is outside [0, 1) or
            ``normalization`` is unknown.

    Shapes:
        - **edge_index:** (user, item) pairs :math:`(2, |\mathcal{E}|)`, or the
          transposed adjacency :math:`(|\mathcal{I}|, |\mathcal{U}|)` as a
          ``torch.sparse`` or ``torch_sparse`` tensor
        - **timestep:** :math:`(|\mathcal{U}|)`
        - **output:** user factors :math:`(|\mathcal{U}|, H)` and item factors
          :math:`(|\mathcal{I}|, H)`

    Example:
        >>> denoiser = AnisotropicDenoiser(num_users=3, num_items=4)
        >>> edge_index = torch.tensor([[0, 1, 2, 2], [0, 1, 2, 3]])
        >>> timestep = torch.zeros(3, dtype=torch.long)
        >>> user_factor, item_factor = denoiser(edge_index, timestep)
        >>> denoiser.decode(user_factor, item_factor).shape
        torch.Size([3, 4])
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        time_channels: int = 64,
        dropout: float = 0.5,
        normalization: Normalization = "symmetric",
        sparse_grad: bool = False,
    ) -> None:
        super().__init__(aggr="add")
        check_sizes(
            num_users=num_users, num_items=num_items, hidden_channels=hidden_channels
        )
        if time_channels < 2:
            raise ValueError(
                f"'time_channels' needs to be at least 2 (got {time_channels})"
            )
        check_normalization(normalization)
        if not 0 <= dropout < 1:
            raise ValueError(f"'dropout' needs to be in [0, 1) (got {dropout})")
        self.num_users = num_users
        self.num_items = num_items
        self.hidden_channels = hidden_channels
        self.time_channels = time_channels
        self.dropout = dropout
        self.normalization = normalization
        self.sparse_grad = sparse_grad

        self.item_embedding = Parameter(torch.empty(num_items, hidden_channels))
        # Without a graph the item factors are a free table of their own.
        num_sources = num_items if normalization == "none" else num_users
        self.user_embedding = Parameter(torch.empty(num_sources, hidden_channels))
        self.time_lin = Linear(time_channels, time_channels)
        self.time_projection = Linear(time_channels, hidden_channels, bias=False)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias)."""
        super().reset_parameters()
        for weight in (
            self.item_embedding,
            self.user_embedding,
            self.time_lin.weight,
            self.time_projection.weight,
        ):
            torch.nn.init.xavier_uniform_(weight)
        torch.nn.init.zeros_(self.time_lin.bias)

    def forward(
        self,
        edge_index: Adj,
        timestep: Tensor,
        edge_weight: OptTensor = None,
        noise: OptTensor = None,
        n_id: NodeIds | None = None,
        rev_edge_index: Adj | None = None,
        norm_weight: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        r"""Denoise every user of a graph or of a sampled batch.

        Args:
            edge_index: User -> item edges. Plain pairs pass gradients on to their
                weights; sparse formats are fused and do not.
            timestep: One timestep per user, long, of shape ``[num_users]``.
            edge_weight: Corrupted interaction of each edge, in the order of
                ``rev_edge_index`` if that is given, else of ``edge_index``; ones
                (or the stored values) if omitted. (default: ``None``)
            noise: Projected noise :math:`\sqrt{1-\bar\alpha_t}\,\epsilon
                \mathbf{W}_I` to add, of shape ``[num_users, hidden_channels]``.
                (default: ``None``)
            n_id: Global ids of the batch's users and items, as PyG's loaders
                return them; the whole graph if omitted. (default: ``None``)
            rev_edge_index: Item -> user edges of the user tower; ``edge_index``
                reversed if omitted. PyG's loaders sample the two directions
                separately. (default: ``None``)
            norm_weight: Normalised weights of ``edge_index``, from
                :func:`~tvdiff_pyg.sparse.bipartite_norm` on the whole graph; computed
                from ``edge_index`` itself if omitted. (default: ``None``)

        Returns:
            User factors and item factors.
        """
        if rev_edge_index is None:
            rev_edge_index, edge_weight = self._reverse(edge_index, edge_weight, n_id)
        source, embedding = self._embed_edges(edge_index, norm_weight, n_id)
        hidden = self.project(rev_edge_index, edge_weight, n_id, embedding)
        hidden = hidden if noise is None else hidden + noise
        user_factor = self.user_factor(hidden, timestep)
        return user_factor, self.item_factor(edge_index, norm_weight, n_id, source)

    def embed(
        self,
        item_rows: CSR,
        user_rows: CSR | None = None,
        n_id: NodeIds | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Compute the embeddings that the messages of the last layer carry.

        This layer is the first as well, so they are looked up and no edge is read;
        deeper denoisers propagate.

        Args:
            item_rows: Users of each item, weighted, of shape
                ``[num_items, num_users]``.
            user_rows: Items of each user, weighted, of shape
                ``[num_users, num_items]``; those of ``item_rows`` if omitted.
                (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)

        Returns:
            What the item tower sums (user embeddings; without a graph, item
            embeddings of its own) and what the user tower sums (item embeddings), of
            shape ``[num_nodes, hidden_channels]``.
        """
        return self._look_up(n_id)

    def project(
        self,
        edge_index: Adj | CSR,
        edge_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        r"""Sum the item embeddings of each user's (corrupted) interactions,
        ``dropout(x_t) @ item_embedding``: the messages item -> user.

        Args:
            edge_index: Item -> user edges, or a
                :class:`~tvdiff_pyg.sparse.CSR` of user rows.
            edge_weight: One interaction per edge; ones if omitted.
                (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)
            embedding: Item embeddings of :meth:`embed`; looked up if omitted.
                (default: ``None``)

        Returns:
            Projected interactions, of shape ``[num_users, hidden_channels]``.
        """
        size = self._size(n_id)
        x = self._look_up(n_id)[1] if embedding is None else embedding
        adj = to_csr(edge_index, size, edge_weight)
        if isinstance(adj, CSR):
            edge_weight = adj.value
        if self.training and self.dropout > 0:
            if edge_weight is None:
                num_edges = adj.nnz if isinstance(adj, CSR) else adj.size(1)
                edge_weight = x.new_ones(num_edges)
            edge_weight = F.dropout(edge_weight, self.dropout)
        return self._aggregate(adj, x, edge_weight, size[0])

    def user_factor(self, hidden: Tensor, timestep: Tensor) -> Tensor:
        """Add the time embedding to projected interactions and squash.

        Args:
            hidden: Projected (noisy) interactions, ``[batch_size, hidden_channels]``.
            timestep: Timesteps, long, of shape ``[batch_size]``, or a single one.

        Returns:
            User factors, of shape ``[batch_size, hidden_channels]``.
        """
        time = sinusoidal_embedding(timestep, self.time_channels).to(hidden.dtype)
        return (hidden + self.time_projection(self.time_lin(time))).tanh_()

    def item_factor(
        self,
        edge_index: Adj | CSR,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        """Pass the normalised messages user -> item and squash.

        Args:
            edge_index: User -> item edges, or a
                :class:`~tvdiff_pyg.sparse.CSR` of item rows.
            norm_weight: Normalised weights, in the order of ``edge_index``; computed
                from it if omitted. (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)
            embedding: User embeddings of :meth:`embed`; looked up if omitted.
                (default: ``None``)

        Returns:
            Item factors, of shape ``[num_items, hidden_channels]``.
        """
        x = self._look_up(n_id)[0] if embedding is None else embedding
        if self.normalization == "none":
            return x.tanh()
        size = self._size(n_id)
        adj = to_csr(edge_index, size[::-1], norm_weight)
        if isinstance(adj, CSR):
            norm_weight = adj.value if norm_weight is not None else self._norm(adj)
        elif norm_weight is None:
            ones = x.new_ones(adj.size(1))
            norm_weight = bipartite_norm(adj, size, self.normalization, ones)
        return self._aggregate(adj, x, norm_weight, size[1]).tanh_()

    def decode(
        self,
        user_factor: Tensor,
        item_factor: Tensor,
        edge_label_index: OptTensor = None,
    ) -> Tensor:
        """Correlate the two sides.

        Args:
            user_factor: User factors, of shape ``[num_users, hidden_channels]``.
            item_factor: Item factors, of shape ``[num_items, hidden_channels]``.
            edge_label_index: (user, item) pairs to score, ``[2, num_pairs]``; the
                whole block if omitted. (default: ``None``)

        Returns:
            Scores of the pairs, ``[num_pairs]``, or of the block,
            ``[num_users, num_items]``.
        """
        if edge_label_index is None:
            return user_factor @ item_factor.t()
        user, item = edge_label_index
        return (user_factor[user] * item_factor[item]).sum(dim=-1)

    def _reverse(
        self, edge_index: Adj, edge_weight: OptTensor, n_id: NodeIds | None
    ) -> tuple[Adj | CSR, OptTensor]:
        adj = to_csr(edge_index, self._size(n_id)[::-1], edge_weight)
        if isinstance(adj, CSR):
            return adj.transpose(), None
        return adj.flip(0), edge_weight

    def _embed_edges(
        self, edge_index: Adj, norm_weight: OptTensor, n_id: NodeIds | None
    ) -> tuple[Tensor, Tensor]:
        """Compute :meth:`embed` from the edges that :meth:`forward` got."""
        return self._look_up(n_id)

    def _look_up(self, n_id: NodeIds | None) -> tuple[Tensor, Tensor]:
        user, item = (None, None) if n_id is None else n_id
        source = item if self.normalization == "none" else user
        tables = self.user_embedding, self.item_embedding
        return self._rows(tables[0], source), self._rows(tables[1], item)

    def _rows(self, table: Tensor, index: OptTensor) -> Tensor:
        if index is None:
            return table
        return F.embedding(index, table, sparse=self.sparse_grad)

    def _size(self, n_id: NodeIds | None) -> tuple[int, int]:
        if n_id is None:
            return self.num_users, self.num_items
        return n_id[0].numel(), n_id[1].numel()

    def _norm(self, adj: CSR) -> Tensor:
        pairs, size = torch.stack([adj.col, adj.row()]), (adj.num_cols, adj.num_rows)
        return bipartite_norm(pairs, size, self.normalization, adj.value)

    def _aggregate(
        self, adj: Tensor | CSR, x: Tensor, weight: OptTensor, num_dst: int
    ) -> Tensor:
        """Propagate plain edges as PyG does; every sparse format is fused."""
        if isinstance(adj, CSR):
            return spmm(adj.with_value(weight), x)
        size = (x.size(0), num_dst)
        out: Tensor = self.propagate(adj, x=(x, None), weight=weight, size=size)
        return out

    def message(self, x_j: Tensor, weight: OptTensor) -> Tensor:
        """Weigh the message of each edge."""
        return x_j if weight is None else weight.view(-1, 1) * x_j

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, "
            f"normalization={self.normalization!r})"
        )


def check_sizes(**sizes: int) -> None:
    """Raise unless all sizes are positive, naming the first that is not."""
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"'{name}' needs to be at least 1 (got {size})")

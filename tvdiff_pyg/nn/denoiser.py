"""What every denoiser offers: two towers, whose product predicts the interactions."""

from abc import ABC, abstractmethod

from torch import Tensor
from torch_geometric.typing import Adj, OptTensor
from typing_extensions import Self

from tvdiff_pyg.contract import Contract
from tvdiff_pyg.nn.denoiser_config import DenoiserConfig
from tvdiff_pyg.nn.feature_reader import FeatureReader
from tvdiff_pyg.nn.node_ids import NodeIds, NodeIdsByType, node_ids
from tvdiff_pyg.nn.spectral import SPECTRAL_SCALE
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.sparse.checks import check_pairs, check_same_shape
from tvdiff_pyg.sparse.matrices import as_factors
from tvdiff_pyg.sparse.read_edges import Rows

#: Every denoiser by its name.
DENOISERS: "Registry[type[Denoiser]]" = Registry(
    "denoiser", lambda: Contract(Denoiser, DenoiserConfig)
)
register_denoiser = DENOISERS.register


class Denoiser(FeatureReader, ABC):
    r"""Predicts clean interactions by the product of two towers.

    .. math::
        \hat{x}_{0,i} = f \Big( \sum_j x_{t,j} \, \mathbf{e}_j, \, t \Big)^{\top}
        \mathbf{v}_i

    The corrupted interactions are read through the sum of item embeddings
    :math:`\mathbf{e}_j` alone (:meth:`~BipartiteMessages.project`), so that the
    diffusion can be carried out on sums instead of on whole interaction vectors. The
    item factors :math:`\mathbf{v}_i` depend on neither :math:`x_t` nor :math:`t`.

    A denoiser of your own defines :meth:`embed`, :meth:`user_factor` and
    :meth:`item_factor`, and is registered by ``@register_denoiser(name, config)``.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        config: The settings.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int, config: DenoiserConfig) -> None:
        super().__init__(num_users, num_items, config)
        self.num_layers = config.num_layers

    @classmethod
    def from_config(
        cls, config: DenoiserConfig, num_users: int, num_items: int
    ) -> Self:
        """Build from a config, by default with its ``arguments``.

        Args:
            config: The settings.
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.
        """
        return cls(num_users, num_items, **config.arguments())

    @abstractmethod
    def embed(
        self,
        item_rows: Rows,
        user_rows: Rows | None = None,
        n_id: NodeIds | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Compute the embeddings that the messages of the last layer carry.

        Args:
            item_rows: Users of each item, weighted, of shape
                ``[num_items, num_users]``.
            user_rows: Items of each user, weighted, of shape
                ``[num_users, num_items]``; those of ``item_rows`` if omitted.
                (default: ``None``)
            n_id: Global ids of the batch's users and items; the whole graph if
                omitted. (default: ``None``)

        Returns:
            What :meth:`item_factor` reads, and what :meth:`~BipartiteMessages.project`
            sums: item embeddings, of shape ``[num_items, hidden_channels]``.
        """

    @abstractmethod
    def user_factor(self, hidden: Tensor, timestep: Tensor | int) -> Tensor:
        """Turn projected interactions into user factors.

        Args:
            hidden: Projected (noisy) interactions, ``[batch_size, hidden_channels]``.
            timestep: Timesteps in [0, 10000), ``[batch_size]``, or a single one.

        Returns:
            User factors, of shape ``[batch_size, channels]``.
        """

    @abstractmethod
    def item_factor(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
        x: OptTensor = None,
    ) -> Tensor:
        """Compute the item factors.

        Args:
            edge_index: User -> item edges, or a
                :class:`~tvdiff_pyg.sparse.CSR` of item rows.
            norm_weight: Normalised weights, in the order of ``edge_index``; computed
                from it if omitted. (default: ``None``)
            n_id: Global ids of the batch's users and items. (default: ``None``)
            embedding: The first of what :meth:`embed` returns; looked up if omitted.
                (default: ``None``)
            x: Features of other items than the graph's. (default: ``None``)

        Returns:
            Item factors, of shape ``[num_items, channels]``.
        """

    def item_tower(self, item_rows: CSR) -> tuple[Tensor, Tensor]:
        """Compute what all users share of the items of a whole graph.

        Args:
            item_rows: Users of each item, weighted, ``[num_items, num_users]``.

        Returns:
            Item factors ``[num_items, channels]``, and the item embeddings that
            ``project`` sums, ``[num_items, hidden_channels]``.
        """
        source, embedding = self.embed(item_rows)
        return self.item_factor(item_rows, item_rows.value, None, source), embedding

    def forward(  # type: ignore[override]
        self,
        edge_index: Adj | Rows | BipartiteAdjacency,
        timestep: Tensor | int,
        edge_weight: OptTensor = None,
        noise: OptTensor = None,
        n_id: NodeIdsByType | None = None,
        rev_edge_index: Adj | Rows | None = None,
        norm_weight: OptTensor = None,
        rev_norm_weight: OptTensor = None,
    ) -> tuple[Tensor, Tensor]:
        r"""Denoise every user of a graph or of a sampled batch.

        In every format, stored values are the interactions :math:`r_{ui}`: they weigh
        both towers. ``edge_weight`` replaces them in the user tower, ``norm_weight``
        replaces them, and the degrees, in the item tower. Gradients reach all three.

        PyG's loaders sample each direction by itself: ``rev_edge_index`` is then what
        the user tower reads, in its last layer as interactions, in those before it
        weighed by the degrees. Degrees within a sample are not those of the graph.

        Args:
            edge_index: User -> item edges: (user, item) pairs, plain or an
                ``EdgeIndex``, or the transposed adjacency, ``[num_items, num_users]``,
                as a ``torch.sparse`` or ``torch_sparse`` tensor; or an adjacency that
                is weighed already.
            timestep: One timestep per user, integers in [0, 10000), of shape
                ``[num_users]``, or one for all.
            edge_weight: Corrupted interaction of each edge, in the order of
                ``rev_edge_index`` if that is given, else of ``edge_index``; ones
                (or the stored values) if omitted. (default: ``None``)
            noise: Projected noise :math:`\sqrt{1-\bar\alpha_t}\,\epsilon
                \mathbf{W}_I` to add, of shape ``[num_users, hidden_channels]``.
                (default: ``None``)
            n_id: Global ids of the batch's users and items, a pair or by node type
                (``batch.n_id_dict``); the whole graph if omitted. (default: ``None``)
            rev_edge_index: Item -> user edges of the user tower; ``edge_index``
                reversed if omitted. (default: ``None``)
            norm_weight: Normalised weights of ``edge_index``, from
                :func:`~tvdiff_pyg.sparse.bipartite_norm` on the whole graph; computed
                from ``edge_index`` itself if omitted. (default: ``None``)
            rev_norm_weight: The same for ``rev_edge_index``; several layers need either
                both or none. (default: ``None``)

        Returns:
            User factors and item factors.

        Raises:
            ValueError: If an index or a timestep is out of range, a shape does not fit,
                or one of two weights is missing.
        """
        n_id = node_ids(n_id)
        edges, norms = (edge_index, rev_edge_index), (norm_weight, rev_norm_weight)
        user_rows, item_rows, hidden_rows = self._both_ways(
            edges, edge_weight, norms, n_id
        )
        source, embedding = self.embed(item_rows, hidden_rows, n_id)
        hidden = self.project(user_rows, None, n_id, embedding)
        hidden = self.add_user_features(hidden, None if n_id is None else n_id[0])
        check_same_shape("noise", noise, hidden)
        hidden = hidden if noise is None else hidden + noise
        user_factor = self.user_factor(hidden, timestep)
        item_factor = self.item_factor(item_rows, item_rows.value, n_id, source)
        return user_factor, item_factor

    def decode(
        self,
        user_factor: Tensor,
        item_factor: Tensor,
        edge_label_index: OptTensor = None,
    ) -> Tensor:
        """Correlate the two sides.

        Args:
            user_factor: User factors, of shape ``[num_users, channels]``.
            item_factor: Item factors, of shape ``[num_items, channels]``.
            edge_label_index: (user, item) pairs to score, ``[2, num_pairs]``; the
                whole block if omitted. (default: ``None``)

        Returns:
            Scores of the pairs, ``[num_pairs]``, or ``[num_users, num_items]``.

        Raises:
            ValueError: If a pair is out of range, or the sides differ in width.
        """
        user_factor, item_factor = as_factors(user_factor, item_factor)
        if edge_label_index is None:
            return user_factor @ item_factor.t()
        size = user_factor.size(0), item_factor.size(0)
        user, item = check_pairs(edge_label_index, size, "edge_label_index")
        return (user_factor[user] * item_factor[item]).sum(dim=-1)

    def reset_spectral(self, user_rows: CSR, scale: float = SPECTRAL_SCALE) -> None:
        """Begin at the spectrum of a graph, where a denoiser can.

        Args:
            user_rows: Each user's items, of shape ``[num_users, num_items]``.
            scale: Factor on the embeddings, positive. (default: ``4.0``)

        Raises:
            ValueError: If it cannot.
        """
        name = self.__class__.__name__
        raise ValueError(f"'denoiser' needs to offer a spectral start (got {name})")

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels})"
        )

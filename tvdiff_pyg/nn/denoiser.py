"""What every denoiser offers: two towers, whose product predicts the interactions."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from torch import Tensor
from torch_geometric.typing import Adj, OptTensor
from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.nn.bipartite import BipartiteMessages, NodeIds
from tvdiff_pyg.nn.spectral import SPECTRAL_SCALE
from tvdiff_pyg.registry import Registry
from tvdiff_pyg.sparse import CSR, Normalization

#: Every denoiser by its name.
DENOISERS: "Registry[type[Denoiser]]" = Registry("denoiser")
register_denoiser = DENOISERS.register


@dataclass(frozen=True)
class DenoiserConfig(Config):
    """Settings that every denoiser has; its subclass stands beside the denoiser.

    Args:
        hidden_channels: Width of both towers, at least 1.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients of the embeddings where only the rows of a
            batch are read; lazy Adam then leaves the others alone.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_channels: int = 64
    dropout: float = 0.5
    sparse_grad: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels")
        self.check("dropout", 0 <= self.dropout < 1, "in [0, 1)")

    @property
    def num_layers(self) -> int:
        """Hops of messages, each of whose results a training step keeps."""
        return 1

    @property
    def normalization(self) -> Normalization:
        """How messages to the items are weighed; ``"none"`` if no graph is read."""
        return "none"


class Denoiser(BipartiteMessages, ABC):
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

    #: The settings that rebuild it.
    config: DenoiserConfig

    def __init__(self, num_users: int, num_items: int, config: DenoiserConfig) -> None:
        weighing = config.dropout, config.normalization
        super().__init__(num_users, num_items, *weighing, config.sparse_grad)
        self.config = config
        self.hidden_channels = config.hidden_channels
        self.num_layers = config.num_layers

    @classmethod
    def from_config(
        cls, config: DenoiserConfig, num_users: int, num_items: int
    ) -> Self:
        """Build from a config, by default with its fields as arguments.

        Args:
            config: The settings.
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.
        """
        return cls(num_users, num_items, **vars(config))

    @abstractmethod
    def embed(
        self,
        item_rows: CSR,
        user_rows: CSR | None = None,
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
    def user_factor(self, hidden: Tensor, timestep: Tensor) -> Tensor:
        """Turn projected interactions into user factors.

        Args:
            hidden: Projected (noisy) interactions, ``[batch_size, hidden_channels]``.
            timestep: Timesteps, long, of shape ``[batch_size]``, or a single one.

        Returns:
            User factors, of shape ``[batch_size, channels]``.
        """

    @abstractmethod
    def item_factor(
        self,
        edge_index: Adj | CSR,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
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

        Returns:
            Item factors, of shape ``[num_items, channels]``.
        """

    def item_tower(self, item_rows: CSR) -> tuple[Tensor, Tensor]:
        """Compute what all users share of the items of a whole graph.

        Args:
            item_rows: Users of each item, weighted, of shape
                ``[num_items, num_users]``.

        Returns:
            Item factors ``[num_items, channels]``, and the item embeddings that
            ``project`` sums, ``[num_items, hidden_channels]``.
        """
        source, embedding = self.embed(item_rows)
        return self.item_factor(item_rows, item_rows.value, None, source), embedding

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
            Scores of the pairs, ``[num_pairs]``, or of the block,
            ``[num_users, num_items]``.
        """
        if edge_label_index is None:
            return user_factor @ item_factor.t()
        user, item = edge_label_index
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

    def _embed_edges(
        self, edge_index: Adj, norm_weight: OptTensor, n_id: NodeIds | None
    ) -> tuple[Tensor, Tensor]:
        """Compute :meth:`embed` from the edges that :meth:`forward` got."""
        return self.embed(self._item_rows(edge_index, norm_weight, n_id), None, n_id)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels})"
        )

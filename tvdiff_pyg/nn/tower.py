"""What our denoisers share: two tables of embeddings, and a user tower that knows t."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Embedding, Linear
from torch_geometric.nn.inits import reset
from torch_geometric.typing import Adj, OptTensor
from typing_extensions import Self

from tvdiff_pyg.config import part
from tvdiff_pyg.nn.denoiser import Denoiser
from tvdiff_pyg.nn.denoiser_config import DenoiserConfig
from tvdiff_pyg.nn.feature_use import FEATURE_USES, FeatureUse
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.spectral import SPECTRAL_SCALE, spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.matrices import check_width
from tvdiff_pyg.sparse.node_features import Features
from tvdiff_pyg.sparse.read_edges import Rows
from tvdiff_pyg.sparse.sharded import check_gathered
from tvdiff_pyg.sparse.timesteps import as_timesteps

#: Sums the embeddings of users and items over each one's neighbours: those of items to
#: the users, and those of users to the items.
Messages = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]

#: A table of this width is small beside the embeddings; a wider one says nothing more.
MAX_TIME_CHANNELS = 2**16


@dataclass(frozen=True)
class TowerConfig(DenoiserConfig):
    """Settings that every :class:`TowerDenoiser` has.

    Args:
        time_channels: Width of the timestep embedding, at least 2.
        features: What is made of features of users and items, where the graph has any.

    Raises:
        ValueError: If a setting is outside its range.
    """

    time_channels: int = 64
    features: FeatureUse = part(FEATURE_USES, "none")

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(2, "time_channels", high=MAX_TIME_CHANNELS)

    @property
    def feature_use(self) -> FeatureUse:
        """What the settings say."""
        return self.features


class TowerDenoiser(Denoiser):
    r"""A denoiser whose user tower adds the time embedding to the sum of item
    embeddings, and squashes; abstract.

    .. math::
        \hat{\mathbf{u}} = \tanh \Big( \sum_{i} x_{t,i} \, \mathbf{W}_I[i]
        + \mathrm{Linear}(\mathrm{sin}(t)) \, \mathbf{W}_T \Big)

    Beside :math:`\mathbf{W}_I`, ``item_embedding``, it has a second table for the item
    tower, ``user_embedding``: of users where it reads a graph, else of items.

    With features (:meth:`set_features`), an item sends :math:`\mathbf{W}_I[i] +
    \mathbf{x}_i \mathbf{A}`, or the second term alone, and adds :math:`\mathbf{x}_i
    \mathbf{B}` to the sum that its factor squashes; so do users.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        config: The settings.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int, config: TowerConfig) -> None:
        super().__init__(num_users, num_items, config)
        channels, time_channels = config.hidden_channels, config.time_channels
        self.time_channels = time_channels
        self.item_embedding: Embedding | None = self.table(num_items, channels)
        num_sources = num_users if self.reads_graph else num_items
        self.user_embedding: Embedding | None = self.table(num_sources, channels)
        self.time_lin = Linear(time_channels, time_channels)
        self.time_projection = Linear(time_channels, channels, bias=False)
        # Not a subclass's, whose parameters are not there yet.
        TowerDenoiser.reset_parameters(self)

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias)."""
        super().reset_parameters()
        for table in (self.item_embedding, self.user_embedding):
            if table is not None:
                self.draw_table(table)
        for linear in (self.time_lin, self.time_projection):
            torch.nn.init.xavier_uniform_(linear.weight)
        torch.nn.init.zeros_(self.time_lin.bias)
        reset(self.user_encoder)
        reset(self.item_encoder)

    def draw_table(self, table: Embedding) -> None:
        """Draw all rows of a table anew (Xavier uniform).

        Args:
            table: One of both.
        """
        torch.nn.init.xavier_uniform_(table.weight)

    def set_features(
        self, user: Features | None = None, item: Features | None = None
    ) -> Self:
        """Read features from now on; see :meth:`FeatureReader.set_features`."""
        super().set_features(user, item)
        if not self.config.feature_use.keeps_tables:
            source = user if self.reads_graph else item
            self.user_embedding = None if source is not None else self.user_embedding
            self.item_embedding = None if item is not None else self.item_embedding
        return self

    @torch.no_grad()
    def reset_spectral(self, user_rows: CSR, scale: float = SPECTRAL_SCALE) -> None:
        """Begin at the spectrum of a graph: see
        :func:`~tvdiff_pyg.nn.spectral_embedding`.

        The timestep starts without a say, for it would drown out the interactions.

        Args:
            user_rows: Each user's items, of shape ``[num_users, num_items]``.
            scale: Factor on both embeddings, positive. (default: ``4.0``)

        Raises:
            ValueError: If no graph is read, or ``scale`` is not positive.
        """
        if not self.reads_graph:
            raise ValueError(
                "'normalization' needs to read the graph for a spectral start "
                f"(got {self.normalization!r})"
            )
        check_number("scale", scale, 0, above=True)
        if self.user_embedding is None or self.item_embedding is None:
            raise ValueError(
                "'features' needs to leave the tables alone for a spectral start "
                f"(got {self.config.feature_use})"
            )
        user, item = spectral_embedding(user_rows, self.hidden_channels)
        self.user_embedding.weight.copy_(scale * user)
        self.item_embedding.weight.copy_(scale * item)
        self.time_projection.weight.zero_()

    def look_up(self, n_id: NodeIds | None = None) -> tuple[Tensor, Tensor]:
        """Look up both tables; see :meth:`BipartiteMessages.look_up`."""
        user, item = (None, None) if n_id is None else n_id
        embedding = self.sent(self.item_embedding, self.item_encoder, item)
        if self.reads_graph:
            return self.sent(self.user_embedding, self.user_encoder, user), embedding
        table = self.user_embedding
        own = None if table is None else self.rows(table, item)
        return self.add_kept(own, self.item_encoder, item), embedding

    def gather_items(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor,
        n_id: NodeIds | None,
        embedding: OptTensor,
        x: OptTensor,
    ) -> Tensor:
        """Sum the messages to items, and add what these keep of their features.

        The arguments are those of :meth:`Denoiser.item_factor`.
        """
        hidden = self.gather(edge_index, norm_weight, n_id, embedding)
        item = None if n_id is None else n_id[1]
        return self.add_kept(hidden, self.item_encoder, item, x)

    def squash_items(self, hidden: Tensor, index: OptTensor = None) -> Tensor:
        """Turn sums over users into item factors, with what these keep of features.

        Args:
            hidden: Sums of :meth:`~BipartiteMessages.gather`, of shape
                ``[num_read, hidden_channels]``.
            index: Which items they are; all if omitted. (default: ``None``)

        Returns:
            Item factors, of the same shape.
        """
        return self.add_kept(hidden, self.item_encoder, index).tanh()

    def embed(
        self,
        item_rows: Rows,
        user_rows: Rows | None = None,
        n_id: NodeIds | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Look up both tables, and pass messages both ways in all layers but the last.

        See :meth:`Denoiser.embed`.
        """
        user, item = self.look_up(n_id)
        if self.num_layers == 1:
            return user, item
        rows = item_rows.transpose() if user_rows is None else user_rows
        return self.through_layers(
            user,
            item,
            lambda user, item: (
                self.send((item, user), rows),
                self.send((user, item), item_rows),
            ),
        )

    def through_layers(
        self, user: Tensor, item: Tensor, messages: Messages
    ) -> tuple[Tensor, Tensor]:
        """Carry embeddings through all layers but the last: with one, as they are.

        Args:
            user: User embeddings, of shape ``[num_users, hidden_channels]``.
            item: Item embeddings, of shape ``[num_items, hidden_channels]``.
            messages: What passes the embeddings of a layer on, to users and to items;
                called once for each layer but the last, in their order.

        Returns:
            User and item embeddings, of the same shapes.
        """
        return user, item

    def user_factor(self, hidden: Tensor, timestep: Tensor | int) -> Tensor:
        """Add the time embedding and squash; see :meth:`Denoiser.user_factor`."""
        check_gathered(self.time_lin.weight)
        check_width("hidden", hidden, self.hidden_channels)
        timestep = as_timesteps(timestep, hidden)
        dtype = self.time_lin.weight.dtype
        time = sinusoidal_embedding(timestep, self.time_channels, dtype=dtype)
        time = self.time_lin(time)
        return (hidden + self.time_projection(time)).tanh_()

"""What our denoisers share: two tables of embeddings, and a user tower that knows t."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Linear, Parameter
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.bipartite import NodeIds
from tvdiff_pyg.nn.denoiser import Denoiser, DenoiserConfig
from tvdiff_pyg.nn.spectral import SPECTRAL_SCALE, spectral_embedding
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class TowerConfig(DenoiserConfig):
    """Settings that every :class:`TowerDenoiser` has.

    Args:
        time_channels: Width of the timestep embedding, at least 2.

    Raises:
        ValueError: If a setting is outside its range.
    """

    time_channels: int = 64

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(2, "time_channels")


class TowerDenoiser(Denoiser):
    r"""A denoiser whose user tower adds the time embedding to the sum of item
    embeddings, and squashes; abstract.

    .. math::
        \hat{\mathbf{u}} = \tanh \Big( \sum_{i} x_{t,i} \, \mathbf{W}_I[i]
        + \mathrm{Linear}(\mathrm{sin}(t)) \, \mathbf{W}_T \Big)

    Beside :math:`\mathbf{W}_I`, ``item_embedding``, it has a second table for the item
    tower, ``user_embedding``: of users where it reads a graph, else of items.

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
        self.item_embedding = Parameter(torch.empty(num_items, channels))
        num_sources = num_users if self.reads_graph else num_items
        self.user_embedding = Parameter(torch.empty(num_sources, channels))
        self.time_lin = Linear(time_channels, time_channels)
        self.time_projection = Linear(time_channels, channels, bias=False)
        # Not a subclass's, whose parameters are not there yet.
        TowerDenoiser.reset_parameters(self)

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
        if not scale > 0:
            raise ValueError(f"'scale' needs to be positive (got {scale})")
        user, item = spectral_embedding(user_rows, self.hidden_channels)
        self.user_embedding.copy_(scale * user)
        self.item_embedding.copy_(scale * item)
        self.time_projection.weight.zero_()

    def look_up(self, n_id: NodeIds | None = None) -> tuple[Tensor, Tensor]:
        """Look up both tables; see :meth:`BipartiteMessages.look_up`."""
        user, item = (None, None) if n_id is None else n_id
        source = self.rows(self.user_embedding, user if self.reads_graph else item)
        return source, self.rows(self.item_embedding, item)

    def embed(
        self,
        item_rows: CSR,
        user_rows: CSR | None = None,
        n_id: NodeIds | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Look up both tables: with one layer, no edge is read.

        See :meth:`Denoiser.embed`.
        """
        return self.look_up(n_id)

    def user_factor(self, hidden: Tensor, timestep: Tensor) -> Tensor:
        """Add the time embedding and squash; see :meth:`Denoiser.user_factor`."""
        time = sinusoidal_embedding(timestep, self.time_channels).to(hidden.dtype)
        return (hidden + self.time_projection(self.time_lin(time))).tanh_()

    def _embed_edges(
        self, edge_index: Adj, norm_weight: OptTensor, n_id: NodeIds | None
    ) -> tuple[Tensor, Tensor]:
        # Plain edges that a single layer does not read need no sorting.
        if self.num_layers == 1:
            return self.look_up(n_id)
        return super()._embed_edges(edge_index, norm_weight, n_id)

"""View II: the anisotropic denoiser, one hop on each side and their correlation."""

from dataclasses import dataclass

from torch import Tensor
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.denoiser import register_denoiser
from tvdiff_pyg.nn.feature_use import FeatureUse, NoFeatures
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.tower import TowerConfig, TowerDenoiser
from tvdiff_pyg.sparse import Normalization
from tvdiff_pyg.sparse.read_edges import Rows


@dataclass(frozen=True)
class AnisotropicConfig(TowerConfig):
    """Settings of :class:`AnisotropicDenoiser`.

    Args:
        hidden_channels: Width of both towers, at least 1.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients of the embeddings where only the rows of a
            batch are read; lazy Adam then leaves the others alone.
        time_channels: Width of the timestep embedding, at least 2.
        features: What is made of features of users and items, where the graph has any.
        normalization: Edge weights of the item tower; "none" learns the item factors
            freely, without a graph.

    Raises:
        ValueError: If a setting is outside its range.
    """

    normalization: Normalization = "symmetric"

    @property
    def has_item_sums(self) -> bool:
        """If a graph is read."""
        return self.normalization != "none"


@register_denoiser("anisotropic", AnisotropicConfig)
class AnisotropicDenoiser(TowerDenoiser):
    r"""One layer on each side, and their cross-correlation.

    The denoiser of `"Towards A Tri-View Diffusion Framework for Recommendation"
    <https://arxiv.org/abs/2511.20122>`_:

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
        sparse: Give the embeddings row-sparse gradients where only the rows of
            a batch (``n_id``) are read; an optimiser such as
            :class:`~tvdiff_pyg.training.LazyAdam` then leaves the others alone.
            (default: ``False``)
        features: What is made of features of nodes, once
            :meth:`~TowerDenoiser.set_features` gives them.
            (default: ``NoFeatures()``)

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
        >>> import torch
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
        sparse: bool = False,
        features: FeatureUse = NoFeatures(),
    ) -> None:
        config = AnisotropicConfig.from_arguments(
            hidden_channels=hidden_channels,
            time_channels=time_channels,
            dropout=dropout,
            normalization=normalization,
            sparse=sparse,
            features=features,
        )
        super().__init__(num_users, num_items, config)

    def item_factor(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
        x: OptTensor = None,
    ) -> Tensor:
        """Pass the normalised messages user -> item and squash.

        See :meth:`Denoiser.item_factor`.
        """
        if self.reads_graph:
            given = norm_weight, n_id, embedding, x
            return self.gather_items(edge_index, *given).tanh()
        return self.given(embedding, n_id, 0).tanh()

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, "
            f"normalization={self.normalization!r})"
        )

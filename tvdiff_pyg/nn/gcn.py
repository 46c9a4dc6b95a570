"""Denoisers of several layers: what one anisotropic layer is compared with."""

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn import Linear, ModuleList
from torch_geometric.nn.inits import reset
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.activation import Act, Activation, as_setting, resolve_act
from tvdiff_pyg.nn.denoiser import register_denoiser
from tvdiff_pyg.nn.feature_use import FeatureUse, NoFeatures
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.tower import Messages, TowerConfig, TowerDenoiser
from tvdiff_pyg.sparse import Normalization
from tvdiff_pyg.sparse.read_edges import Rows

Combine = Literal["last", "mean", "residual"]

#: Each layer is a product with the whole graph: more would not end.
MAX_LAYERS = 100


@dataclass(frozen=True)
class GCNConfig(TowerConfig):
    """Settings of :class:`GCNDenoiser`.

    Args:
        hidden_channels: Width of all layers, at least 1.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients of the embeddings where only the rows of a
            batch are read; lazy Adam then leaves the others alone.
        time_channels: Width of the timestep embedding, at least 2.
        features: What is made of features of users and items, where the graph has any.
        normalization: Edge weights of all layers but the user tower's last; "none" is
            not one of them here.
        num_layers: Number of layers, at least 1, at most 100.
        activation: Nonlinearity between the layers.
        combine: What the last layer reads: the last embeddings, the mean of all
            layers, or sums along the layers.
        layer_weights: Whether the layers before the last have weight matrices.

    Raises:
        ValueError: If a setting is outside its range.
    """

    argument_names: ClassVar[dict[str, str]] = {
        **TowerConfig.argument_names,
        "activation": "act",
        "combine": "jk",
    }

    normalization: Normalization = "symmetric"
    num_layers: int = 1
    activation: Activation = "tanh"
    combine: Combine = "last"
    layer_weights: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "num_layers", high=MAX_LAYERS)
        if self.normalization == "none":
            raise ValueError(
                "'normalization' needs a graph to propagate on (got 'none')"
            )

    @property
    def has_item_sums(self) -> bool:
        """Whatever the last layer reads, item factors are sums of it."""
        return True


@dataclass(frozen=True)
class _ActConfig(GCNConfig):
    """Settings with an activation that no setting says: nothing is built of them."""

    activation: Any = None


@register_denoiser("gcn", GCNConfig)
class GCNDenoiser(TowerDenoiser):
    r"""Several layers of bipartite propagation.

    .. math::
        \mathbf{u}^{(l)} &= \sigma \Big( \sum_i \bar{r}_{ui} \,
        \mathbf{v}^{(l-1)}_i \Big), \qquad
        \mathbf{v}^{(l)} = \sigma \Big( \sum_u \bar{r}_{ui} \,
        \mathbf{u}^{(l-1)}_u \Big), \qquad l < L \\
        \hat{\mathbf{u}} &= \tanh \Big( \sum_{i} x_{t,i} \,
        \mathbf{v}^{(L-1)}_i + \mathrm{time} \Big), \qquad
        \hat{\mathbf{v}} = \tanh \Big( \sum_u \bar{r}_{ui} \,
        \mathbf{u}^{(L-1)}_u \Big)

    with :math:`\mathbf{u}^{(0)} = \mathbf{W}_U` and :math:`\mathbf{v}^{(0)} =
    \mathbf{W}_I`. The last layer is that of :class:`AnisotropicDenoiser`, which one
    layer is the same as; a batch of sampled neighbours needs as many hops as layers.

    Args:
        num_users: Number of users.
        num_items: Number of items.
        hidden_channels: Width of all layers. (default: ``64``)
        time_channels: Width of the timestep embedding. (default: ``64``)
        dropout: Probability of dropping an interaction in the last layer of the user
            tower, in [0, 1). (default: ``0.5``)
        normalization: ``"symmetric"``, ``"left"`` or ``"linkprop"``.
            (default: ``"symmetric"``)
        sparse: As in :class:`AnisotropicDenoiser`. (default: ``False``)
        num_layers: :math:`L`, at least 1. (default: ``1``)
        act: :math:`\sigma` of the layers before the last: the name of an activation
            of PyTorch, a function, or ``None``. Settings can say ``"tanh"``,
            ``"relu"`` and ``None``. (default: ``"tanh"``)
        jk: What the last layer reads: the embeddings of the layer before it
            (``"last"`` or ``None``), the mean of all layers' (``"mean"``: without
            activation, that is `LightGCN <https://arxiv.org/abs/2002.02126>`_), or
            the last ones where each layer adds to the one before (``"residual"``).
            (default: ``"last"``)
        layer_weights: Multiply each layer before the last by a weight matrix of its
            own, as a plain `GCN <https://arxiv.org/abs/1609.02907>`_ does.
            (default: ``False``)
        features: As in :class:`AnisotropicDenoiser`. (default: ``NoFeatures()``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> denoiser = GCNDenoiser(num_users=3, num_items=4, num_layers=3)
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
        num_layers: int = 1,
        act: str | Act | None = "tanh",
        jk: Combine | None = "last",
        layer_weights: bool = False,
        features: FeatureUse = NoFeatures(),
    ) -> None:
        act = resolve_act(act)
        setting = as_setting(act)
        config = (_ActConfig if setting is None else GCNConfig).from_arguments(
            hidden_channels=hidden_channels,
            time_channels=time_channels,
            dropout=dropout,
            normalization=normalization,
            sparse=sparse,
            num_layers=num_layers,
            act=setting or act,
            jk="last" if jk is None else jk,
            layer_weights=layer_weights,
            features=features,
        )
        super().__init__(num_users, num_items, config)
        self.act = act
        self.jk = config.combine
        self.lins = ModuleList(
            Linear(hidden_channels, hidden_channels, bias=False)
            for _ in range(num_layers - 1 if layer_weights else 0)
        )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        super().reset_parameters()
        reset(self.lins)
        reset(self.act)

    def through_layers(
        self, user: Tensor, item: Tensor, messages: Messages
    ) -> tuple[Tensor, Tensor]:
        """Propagate through all layers but the last.

        See :meth:`TowerDenoiser.through_layers`.
        """
        users, items = [user], [item]
        for layer in range(self.num_layers - 1):
            to_user, to_item = messages(user, item)
            user = self._activate(to_user, layer, user)
            item = self._activate(to_item, layer, item)
            users.append(user)
            items.append(item)
        if self.jk == "mean":
            return torch.stack(users).mean(dim=0), torch.stack(items).mean(dim=0)
        return user, item

    def item_factor(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
        x: OptTensor = None,
    ) -> Tensor:
        """Pass the normalised messages of the last layer and squash.

        See :meth:`Denoiser.item_factor`.
        """
        given = norm_weight, n_id, embedding, x
        return self.gather_items(edge_index, *given).tanh()

    def _activate(self, message: Tensor, layer: int, before: Tensor) -> Tensor:
        out = self.lins[layer](message) if len(self.lins) > 0 else message
        if self.act is not None:
            out = self.act(out)
        return out + before if self.jk == "residual" else out

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, num_layers={self.num_layers})"
        )

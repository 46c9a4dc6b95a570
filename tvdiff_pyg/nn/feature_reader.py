"""How a denoiser reads features of its nodes, beside or instead of its tables."""

from torch import Tensor
from torch.nn import Embedding
from torch_geometric.typing import OptTensor
from typing_extensions import Self

from tvdiff_pyg.nn.bipartite_messages import BipartiteMessages
from tvdiff_pyg.nn.denoiser_config import DenoiserConfig
from tvdiff_pyg.nn.feature_encoder import FeatureEncoder
from tvdiff_pyg.nn.feature_use import FeaturesBeside
from tvdiff_pyg.sparse.node_features import Features, check_features


class FeatureReader(BipartiteMessages):
    """Messages of nodes that may have features: each side has an encoder, or none.

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
        self.user_encoder: FeatureEncoder | None = None
        self.item_encoder: FeatureEncoder | None = None

    def set_features(
        self, user: Features | None = None, item: Features | None = None
    ) -> Self:
        """Read features from now on: buffers that ``state_dict`` leaves out.

        Args:
            user: Features of users, dense or sparse, of shape ``[num_users,
                num_features]``. (default: ``None``)
            item: Features of items, likewise. (default: ``None``)

        Returns:
            The layer itself, with new weights for them.

        Raises:
            ValueError: If it is to make nothing of features, there are none, or they
                are not finite or of another shape.

        Example:
            >>> import torch
            >>> from tvdiff_pyg.nn import AnisotropicDenoiser, FeaturesBeside
            >>> denoiser = AnisotropicDenoiser(2, 3, features=FeaturesBeside())
            >>> denoiser.set_features(item=torch.eye(3)).item_encoder
            FeatureEncoder(3, 64, num_nodes=3)
        """
        use = self.config.feature_use
        if not isinstance(use, FeaturesBeside):
            raise ValueError(
                f"'features' needs to be 'beside' or 'instead' (got {use} in "
                f"{self.__class__.__name__})"
            )
        if user is None and item is None:
            raise ValueError(
                f"'features' needs 'x' of users or of items for {use} (got none)"
            )
        device = next(self.parameters())
        for side, x, count in (
            ("user", user, self.num_users),
            ("item", item, self.num_items),
        ):
            encoder = None
            if x is not None:
                x = check_features(f"x of {side}s", x, count)
                encoder = FeatureEncoder(x, self.hidden_channels, use.message_dropout)
                encoder = encoder.to(device).train(self.training)
            setattr(self, f"{side}_encoder", encoder)
        return self

    def add_user_features(self, hidden: Tensor, user: OptTensor = None) -> Tensor:
        """Add what users keep of their features to their projected interactions.

        Args:
            hidden: Projected interactions, of shape ``[batch_size, hidden_channels]``.
            user: Global ids of these users, long, of shape ``[batch_size]``; all of
                them if omitted. (default: ``None``)

        Returns:
            The same shape; without features of users, the same tensor.
        """
        return self.add_kept(hidden, self.user_encoder, user)

    def add_kept(
        self,
        hidden: OptTensor,
        encoder: FeatureEncoder | None,
        index: OptTensor,
        x: OptTensor = None,
    ) -> Tensor:
        """Add what nodes keep of their features to what has reached them.

        Args:
            hidden: Sums of messages, ``[num_read, hidden_channels]``, if there are any.
            encoder: Reads their features; there are none if ``None``.
            index: Global ids of the nodes; all if ``None``.
            x: Features of other nodes, in their place. (default: ``None``)
        """
        if encoder is not None:
            return encoder.keep(hidden, index, x)
        assert hidden is not None
        return hidden

    def sent(
        self,
        table: Embedding | None,
        encoder: FeatureEncoder | None,
        index: OptTensor,
    ) -> Tensor:
        """Return what nodes send: rows of a table, an image of features, or the sum.

        Args:
            table: Their table; ``None`` where features stand in its place.
            encoder: Reads their features; there are none if ``None``.
            index: Global ids of the nodes; all if ``None``.

        Raises:
            ValueError: If features were to be read, and have not been given.
        """
        if self.config.feature_use.reads and not (
            self.user_encoder or self.item_encoder
        ):
            raise ValueError(
                f"'features' needs 'set_features' before, for {self.config.feature_use}"
            )
        if table is None:
            assert encoder is not None
            return encoder.send(index)
        own = self.rows(table, index)
        return own if encoder is None else own + encoder.send(index)

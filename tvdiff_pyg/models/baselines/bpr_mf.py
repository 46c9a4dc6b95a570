"""Matrix factorisation, the plainest baseline that learns."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import Embedding

from tvdiff_pyg.models.baselines.embedding import EmbeddingConfig, EmbeddingModel
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.sparse import BipartiteAdjacency


@dataclass(frozen=True)
class BPRMFConfig(EmbeddingConfig):
    """Settings of :class:`BPRMF`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
    """


@register_model("bpr-mf", BPRMFConfig)
class BPRMF(EmbeddingModel):
    r"""Matrix factorisation of `"BPR: Bayesian Personalized Ranking from Implicit
    Feedback" <https://arxiv.org/abs/1205.2618>`_: scores are
    :math:`e_u^{\top} e_i` with free vectors.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)

    Raises:
        ValueError: If a number is below 1.

    Example:
        >>> model = BPRMF(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> user_factor, item_factor = model(adjacency)
        >>> (user_factor @ item_factor.t()).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, num_users: int, num_items: int, hidden_channels: int = 64
    ) -> None:
        super().__init__(num_users, num_items, BPRMFConfig(hidden_channels))
        self.user_embedding = Embedding(num_users, hidden_channels)
        self.item_embedding = Embedding(num_items, hidden_channels)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform)."""
        for table in (self.user_embedding, self.item_embedding):
            torch.nn.init.xavier_uniform_(table.weight)

    def forward(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Return the tables; the graph is not read."""
        return self.user_embedding.weight, self.item_embedding.weight

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels})"
        )

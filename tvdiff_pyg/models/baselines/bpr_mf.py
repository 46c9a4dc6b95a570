"""Matrix factorisation, the plainest baseline that learns."""

from dataclasses import dataclass

from tvdiff_pyg.models.baselines.embedding import EmbeddingConfig, TableModel
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import WIDTHS, Choice, Space, log


@dataclass(frozen=True)
class BPRMFConfig(EmbeddingConfig):
    """Settings of :class:`BPRMF`.

    Args:
        hidden_channels: Length of the vectors, at least 1.
    """

    @property
    def search_space(self) -> Space:
        """Width, Adam and batches."""
        return {
            "hidden_channels": WIDTHS,
            "learning_rate": log(3e-4, 3e-2),
            "weight_decay": log(1e-9, 1e-3),
            "batch_size": Choice(512, 2048, 8192),
        }


@register_model("bpr-mf", BPRMFConfig)
class BPRMF(TableModel):
    """Matrix factorisation of `"BPR: Bayesian Personalized Ranking from Implicit
    Feedback" <https://arxiv.org/abs/1205.2618>`_: scores are products of free vectors.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Length of the vectors, at least 1. (default: ``64``)

    Raises:
        ValueError: If a number is below 1.

    Example:
        >>> import torch
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

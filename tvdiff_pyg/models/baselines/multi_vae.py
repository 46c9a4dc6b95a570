"""MultiVAE: a variational autoencoder of whole histories, by its own equations."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Embedding, Linear, Parameter

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.autoencoder_scorer import AutoencoderScorer
from tvdiff_pyg.models.baselines.variational import annealed, divergence, draw, surprise
from tvdiff_pyg.models.baselines.whole_histories import whole_histories
from tvdiff_pyg.models.memory import FLOAT, Engine, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.scoring_mode import scoring_mode
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.search_space import Choice, Range, Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, spmm


@dataclass(frozen=True)
class MultiVAEConfig(ModelConfig):
    """Settings of :class:`MultiVAE`; the defaults are those of its paper.

    Args:
        hidden_channels: Width of the hidden layer on either side, at least 1.
        latent_channels: Length of the code, at least 1.
        dropout: Dropout on the histories, in [0, 1).
        beta: Weight of the code's divergence in the end, at least 0.
        anneal_steps: Steps until it has grown to that, from 0; at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_channels: int = 600
    latent_channels: int = 200
    dropout: float = 0.5
    beta: float = 0.2
    anneal_steps: int = 200_000

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels", "latent_channels", "anneal_steps")
        self.check("dropout", 0 <= self.dropout < 1, "in [0, 1)")
        self.check("beta", self.beta >= 0, "at least 0")

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The exact one, for the likelihood is of all items."""
        return ("exact",)

    @property
    def search_space(self) -> Space:
        """Width and code, dropout, divergence and Adam."""
        return {
            "hidden_channels": Choice(200, 400, 600),
            "latent_channels": Choice(64, 128, 200),
            "dropout": Range(0.1, 0.7),
            "beta": log(0.02, 1.0),
            "anneal_steps": log(500, 200_000),
            "learning_rate": log(3e-4, 3e-3),
            "batch_size": Choice(256, 512),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both layers of the items, and scores of a batch with their gradients."""
        table = 2 * FLOAT * size.num_items * self.hidden_channels
        scores = 4 * FLOAT * step.batch_size * size.num_items
        return {
            "parameters": table,
            "optimizer": 2 * table,
            "gradients": table,
            "activations": max(scores, factor_scoring(size, self.hidden_channels + 1)),
        }


@register_model("multi-vae", MultiVAEConfig)
class MultiVAE(TrainableModel):
    r"""`"Variational Autoencoders for Collaborative Filtering"
    <https://arxiv.org/abs/1802.05814>`_, with its multinomial likelihood.

    .. math::
        h_u &= \tanh \big( \mathrm{dropout}(r_u / \lVert r_u \rVert_2) W_1 + b_1 \big),
        \qquad (\mu_u, \log \sigma^2_u) = h_u W_2 + b_2, \\
        g_u &= \tanh (z_u W_3 + b_3), \qquad
        z_u \sim \mathcal{N}(\mu_u, \mathrm{diag}(\sigma^2_u)), \\
        L &= \mathrm{mean}_u \Big( - \sum_{i \in N(u)} \log \mathrm{softmax}_i
        (g_u W_4 + b_4) + \beta_s \, \mathrm{KL} \big( q(z_u) \,\Vert\,
        \mathcal{N}(0, I) \big) \Big)

    with :math:`\beta_s = \beta \min(s / S, 1)` at step :math:`s`. As a free energy, the
    likelihood is the energy and the divergence, negative, the entropy. Ranking is by
    the mean of the code, without dropout; new histories are encoded like any other.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        hidden_channels: Width of the hidden layers, at least 1. (default: ``600``)
        latent_channels: Length of the code, at least 1. (default: ``200``)
        dropout: Dropout on the histories, in [0, 1). (default: ``0.5``)
        beta: :math:`\beta`, at least 0. (default: ``0.2``)
        anneal_steps: :math:`S`, at least 1. (default: ``200000``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = MultiVAE(2, 3, hidden_channels=8, latent_channels=4)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> model.scorer(adjacency).item_factor.shape
        torch.Size([3, 9])
    """

    config: MultiVAEConfig
    num_steps: Tensor

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 600,
        latent_channels: int = 200,
        dropout: float = 0.5,
        beta: float = 0.2,
        anneal_steps: int = 200_000,
    ) -> None:
        super().__init__(num_users, num_items)
        sizes = hidden_channels, latent_channels
        self.config = MultiVAEConfig(*sizes, dropout, beta, anneal_steps)
        # The first layer, whose input is nearly all zeros: a row for each item.
        self.item_embedding = Embedding(num_items, hidden_channels)
        self.bias = Parameter(torch.empty(hidden_channels))
        self.to_code = Linear(hidden_channels, 2 * latent_channels)
        self.from_code = Linear(latent_channels, hidden_channels)
        self.decoder = Linear(hidden_channels, num_items)
        self.register_buffer("num_steps", torch.zeros((), dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias), and begin to anneal."""
        torch.nn.init.xavier_uniform_(self.item_embedding.weight)
        torch.nn.init.zeros_(self.bias)
        for layer in (self.to_code, self.from_code, self.decoder):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        self.num_steps.zero_()

    @property
    def beta(self) -> Tensor:
        r"""The weight :math:`\beta_s` of the next step, a scalar."""
        return annealed(self.config.beta, self.num_steps, self.config.anneal_steps)

    def encode(self, history: CSR) -> tuple[Tensor, Tensor]:
        """Compute the distributions of the codes.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            Means and log-variances, each of shape ``[batch_size, latent_channels]``.
        """
        norm = history.degree().clamp(min=1).sqrt()
        value = norm.reciprocal().repeat_interleave(history.degree())
        if self.training:
            value = F.dropout(value, self.config.dropout)
        rows = history.with_value(value)
        hidden = spmm(rows, self.item_embedding.weight) + self.bias
        mean, log_variance = self.to_code(hidden.tanh()).chunk(2, dim=1)
        return mean, log_variance

    def decode(self, code: Tensor) -> Tensor:
        """Compute what the last layer reads, ``[batch_size, hidden_channels]``.

        Args:
            code: Codes, of shape ``[batch_size, latent_channels]``.
        """
        hidden: Tensor = self.from_code(code).tanh()
        return hidden

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss, and count the step.

        See :meth:`~tvdiff_pyg.models.Learner.training_loss`.

        Raises:
            ValueError: If ``item`` is given: whole histories are read.
        """
        history = whole_histories(self, adjacency, user, item)
        mean, log_variance = self.encode(history)
        hidden = self.decode(draw(mean, log_variance, generator))
        num_users = max(user.numel(), 1)
        energy = surprise(history, hidden, self.decoder) / num_users
        gap = divergence(mean, log_variance) / num_users
        loss = energy + self.beta * gap
        if self.training:
            self.num_steps += 1
        return FreeEnergy(loss, energy.detach(), -gap.detach())

    @torch.no_grad()
    def scorer(self, graph: GraphLike) -> AutoencoderScorer:
        """Rank by the last layer.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        rows = self.adjacency_of(graph).user_rows
        return AutoencoderScorer(rows, self.decoder, self._mean_hidden)

    def _mean_hidden(self, history: CSR) -> Tensor:
        """Encode and decode without anything random."""
        with scoring_mode(self):
            mean, _ = self.encode(history)
            return self.decode(mean)

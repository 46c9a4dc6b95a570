"""L-DiffRec: diffusion of a code that compresses each cluster of items by itself."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Linear
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.diffusion import GaussianDiffusion, Schedule
from tvdiff_pyg.diffusion.schedules import LinearVarianceSchedule
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.autoencoder_scorer import AutoencoderScorer
from tvdiff_pyg.models.baselines.cluster_encoder import ClusterEncoder
from tvdiff_pyg.models.baselines.item_clusters import cluster_items
from tvdiff_pyg.models.baselines.l_diff_rec_config import LDiffRecConfig
from tvdiff_pyg.models.baselines.variational import annealed, divergence, draw, surprise
from tvdiff_pyg.models.baselines.whole_histories import whole_histories
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.scoring_mode import scoring_mode
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

# Width of the timestep's embedding in the published code.
TIME_CHANNELS = 10


@register_model("l-diffrec", LDiffRecConfig)
class LDiffRec(TrainableModel):
    r"""L-DiffRec of the `"Diffusion Recommender Model"
    <https://arxiv.org/abs/2304.04971>`_: codes are diffused rather than interactions.

    .. math::
        z_0 &\sim \mathcal{N}(\mu_u, \mathrm{diag}(\sigma^2_u)), \qquad
        z_t = \sqrt{\bar\alpha_t} z_0 + \sqrt{1 - \bar\alpha_t} \epsilon, \\
        \hat z_0 &= \tanh \big( [\mathrm{dropout}(z_t), \tau(t)] W_1 + b_1 \big) W_2
        + b_2, \\
        L &= \mathrm{mean}_u \Big( \mathrm{mean} (z_0 - \hat z_0)^2 - \lambda
        \sum_{i \in N(u)} \log \mathrm{softmax}_i (\hat z_0 W_3 + b_3)
        + \lambda \beta_s \, \mathrm{KL} \big( q(z_0) \,\Vert\, \mathcal{N}(0, I) \big)
        \Big)

    where an encoder of each cluster of items computes its part of :math:`\mu_u` and
    :math:`\sigma^2_u`
    (:class:`~tvdiff_pyg.models.baselines.cluster_encoder.ClusterEncoder`), and
    :math:`\beta_s = \beta \min(s / S, 1)` at step :math:`s`. Ranking is by what the
    reverse process makes of the mean of the code.

    As in the published code, one layer decodes the whole code. It clusters trained
    vectors of LightGCN; here :meth:`prepare` clusters the spectral vectors of the graph
    (:func:`~tvdiff_pyg.models.baselines.item_clusters.cluster_items`), which need no
    training; before it there is one cluster. The loss is that of the paper: the
    published code weighs timesteps, draws them by their losses, and takes the
    likelihood of what dropout leaves of a history. It has 5 timesteps; the noise here
    is that of the library by default.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        latent_channels: Length of the code, at least as many as there are clusters.
            (default: ``300``)
        hidden_channels: Width of the denoiser, at least 1. (default: ``300``)
        num_clusters: Clusters of items, at least 1. (default: ``2``)
        dropout: Dropout on the corrupted codes, in [0, 1). (default: ``0.5``)
        history_dropout: Dropout on the histories, in [0, 1). (default: ``0.1``)
        num_timesteps: :math:`T`, at least 1. (default: ``50``)
        schedule: Noise schedule. (default: ``LinearVarianceSchedule()``)
        vae_weight: :math:`\lambda`, above 0. (default: ``0.03``)
        beta: :math:`\beta`, at least 0. (default: ``0.3``)
        anneal_steps: :math:`S`, at least 1. (default: ``60``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> model = LDiffRec(2, 3, latent_channels=4, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.prepare(adjacency).encoder.cluster.unique()
        tensor([0, 1])
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> model.scorer(adjacency).item_factor.shape
        torch.Size([3, 5])
    """

    config: LDiffRecConfig
    num_steps: Tensor

    def __init__(
        self,
        num_users: int,
        num_items: int,
        latent_channels: int = 300,
        hidden_channels: int = 300,
        num_clusters: int = 2,
        dropout: float = 0.5,
        history_dropout: float = 0.1,
        num_timesteps: int = 50,
        schedule: Schedule = LinearVarianceSchedule(),
        vae_weight: float = 0.03,
        beta: float = 0.3,
        anneal_steps: int = 60,
    ) -> None:
        super().__init__(num_users, num_items)
        sizes = latent_channels, hidden_channels, num_clusters
        loss = vae_weight, beta, anneal_steps
        self.config = LDiffRecConfig(
            *sizes, dropout, history_dropout, num_timesteps, schedule, *loss
        )
        self.diffusion = GaussianDiffusion(num_timesteps, schedule)
        encoder = latent_channels, num_clusters, history_dropout
        self.encoder = ClusterEncoder(num_items, *encoder)
        self.to_time = Linear(TIME_CHANNELS, TIME_CHANNELS)
        self.inner = Linear(latent_channels + TIME_CHANNELS, hidden_channels)
        self.outer = Linear(hidden_channels, latent_channels)
        self.decoder = Linear(latent_channels, num_items)
        self.register_buffer("num_steps", torch.zeros((), dtype=torch.long))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias), and begin to anneal, with
        all items in one cluster.
        """
        self.encoder.reset_parameters()
        for layer in (self.to_time, self.inner, self.outer, self.decoder):
            torch.nn.init.xavier_uniform_(layer.weight)
            torch.nn.init.zeros_(layer.bias)
        self.diffusion.reset_parameters()
        self.num_steps.zero_()

    def prepare(self, graph: GraphLike, seed: int = 0) -> Self:
        """Cluster the items; see :meth:`~tvdiff_pyg.models.Model.prepare`."""
        rows = self.adjacency_of(graph).user_rows
        found = cluster_items(rows, self.config.num_clusters, seed)
        self.encoder.cluster.copy_(found)
        return self

    @property
    def beta(self) -> Tensor:
        r"""The weight :math:`\beta_s` of the next step, a scalar."""
        return annealed(self.config.beta, self.num_steps, self.config.anneal_steps)

    def denoise(self, state: Tensor, timestep: Tensor) -> Tensor:
        """Predict clean codes, of shape ``[batch_size, latent_channels]``.

        Args:
            state: Corrupted codes, of that shape.
            timestep: Timesteps, of shape ``[batch_size]``, or ``[1]`` for all.
        """
        state = F.dropout(state, self.config.dropout, self.training)
        wave = sinusoidal_embedding(timestep, TIME_CHANNELS, dtype=state.dtype)
        time = self.to_time(wave).expand(state.size(0), -1)
        found: Tensor = self.outer(self.inner(torch.cat([state, time], dim=1)).tanh())
        return found

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss, and count the step. Its energy is the diffusion's part.

        See :meth:`~tvdiff_pyg.models.Learner.training_loss`.

        Raises:
            ValueError: If ``item`` is given: whole histories are read.
        """
        history = whole_histories(self, adjacency, user, item)
        mean, log_variance = self.encoder(history)
        code = draw(mean, log_variance, generator)
        timestep = self.diffusion.sample_timestep(user.numel(), generator)
        noise = torch.empty_like(code).normal_(generator=generator)
        state = self.diffusion.q_sample(code, timestep, noise)
        found = self.denoise(state, timestep)
        num_users = max(user.numel(), 1)
        energy = (code - found).square().sum() / (num_users * code.size(1))
        likely = surprise(history, found, self.decoder) / num_users
        gap = divergence(mean, log_variance) / num_users
        of_code = likely + self.beta * gap
        loss = energy + self.config.vae_weight * of_code
        if self.training:
            self.num_steps += 1
        return FreeEnergy(loss, energy.detach(), -of_code.detach())

    @torch.no_grad()
    def scorer(self, graph: GraphLike) -> AutoencoderScorer:
        """Rank by the last layer.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        rows = self.adjacency_of(graph).user_rows
        return AutoencoderScorer(rows, self.decoder, self._clean_code)

    def _clean_code(self, history: CSR) -> Tensor:
        """Take the means of the codes back, without anything random."""
        with scoring_mode(self):
            mean, _ = self.encoder(history)
            state = self.diffusion.reverse(self.denoise, mean)
            return self.denoise(state, torch.zeros_like(self.num_steps)[None])

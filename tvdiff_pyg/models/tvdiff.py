"""TV-Diff, composed from its parts; nothing of the size of all scores is formed."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from typing_extensions import Self

from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise
from tvdiff_pyg.loss import FreeEnergy, HelmholtzFreeEnergyLoss
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.reference import DropoutScorer
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff_config import Initialization, TVDiffConfig
from tvdiff_pyg.models.tvdiff_scorer import TVDiffScorer
from tvdiff_pyg.negatives import SAMPLERS, NegativeSampler
from tvdiff_pyg.nn import DENOISERS, Denoiser
from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.sparse import BipartiteAdjacency, leading_rows


@register_model("tvdiff", TVDiffConfig)
class TVDiff(TrainableModel):
    r"""The tri-view diffusion recommender of the `"Towards A Tri-View Diffusion
    Framework for Recommendation" <https://arxiv.org/abs/2511.20122>`_ paper.

    Composes a denoiser (View II), the Gaussian diffusion, the Helmholtz free energy
    (View I) and a negative sampler (View III). Everything is computed on factors: no
    array of size ``num_users x num_items`` is ever formed.

    Args:
        denoiser: The network, for fixed users and items.
        diffusion: The forward and reverse process.
        loss: The free energy.
        sampler: Draws negatives for entropies that need them.
        num_noise_items: Draw the training noise from a random subset of that many
            items; exact if ``None``. (default: ``None``)
        initialization: ``"xavier"``, or ``"spectral"`` for :meth:`prepare` to begin at
            the spectrum of the graph. (default: ``"xavier"``)
        score_with_dropout: Leave dropout on while scoring. (default: ``False``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> from tvdiff_pyg.nn import AnisotropicDenoiser
        >>> from tvdiff_pyg.negatives import UniformNegativeSampler
        >>> denoiser = AnisotropicDenoiser(2, 3, hidden_channels=8)
        >>> parts = GaussianDiffusion(), HelmholtzFreeEnergyLoss()
        >>> model = TVDiff(denoiser, *parts, UniformNegativeSampler())
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> model.scorer(adjacency).rank(torch.tensor([0]), k=2)[1].shape
        torch.Size([1, 2])
    """

    config: TVDiffConfig

    def __init__(
        self,
        denoiser: Denoiser,
        diffusion: GaussianDiffusion,
        loss: HelmholtzFreeEnergyLoss,
        sampler: NegativeSampler,
        num_noise_items: int | None = None,
        initialization: Initialization = "xavier",
        score_with_dropout: bool = False,
    ) -> None:
        super().__init__(denoiser.num_users, denoiser.num_items)
        self.config = TVDiffConfig(
            denoiser.config,
            diffusion.num_timesteps,
            diffusion.schedule,
            loss.temperature,
            loss.entropy,
            sampler.config,
            num_noise_items,
            initialization,
            score_with_dropout,
        )
        self.num_noise_items = num_noise_items
        self.initialization = initialization
        self.score_with_dropout = score_with_dropout
        self.denoiser = denoiser
        self.normalization = denoiser.normalization
        self.diffusion = diffusion
        self.loss_fn = loss
        self.sampler = sampler

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build the parts that the settings name, and compose them.

        Args:
            config: The settings.
            num_users: Number of users, at least 1.
            num_items: Number of items, at least 1.

        Raises:
            ValueError: If a number is below 1.

        Example:
            >>> config = TVDiffConfig.of(denoiser="gcn", num_layers=2)
            >>> TVDiff.from_config(config, num_users=2, num_items=3).denoiser
            GCNDenoiser(2, 3, hidden_channels=64, num_layers=2)
        """
        denoiser = DENOISERS.of(config.denoiser).part
        sampler = SAMPLERS.of(config.negatives).part
        return cls(
            denoiser.from_config(config.denoiser, num_users, num_items),
            GaussianDiffusion(config.num_timesteps, config.schedule),
            HelmholtzFreeEnergyLoss(config.temperature, config.entropy_type),
            sampler.from_config(config.negatives, config.num_timesteps),
            config.num_noise_items,
            config.initialization,
            config.score_with_dropout,
        )

    def prepare(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Begin where ``initialization`` says; random weights are there already."""
        if self.initialization == "spectral":
            self.denoiser.reset_spectral(graph.user_rows)
        return self

    def forward(
        self, adjacency: BipartiteAdjacency, user: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Denoise users; their scores are the inner products with the item factors.

        Args:
            adjacency: The training graph.
            user: Users, long, of shape ``[batch_size]``; all if omitted.
                (default: ``None``)

        Returns:
            User factors ``[batch_size, hidden_channels]`` and item factors
            ``[num_items, hidden_channels]``.
        """
        scorer = self._factor_scorer(adjacency)
        rows = adjacency.user_rows
        history = rows if user is None else rows.select(user)
        return scorer.query(history), scorer.item_factor

    def scorer(self, graph: BipartiteAdjacency) -> Scorer[Any]:
        """Prepare the reverse process; see :meth:`~tvdiff_pyg.models.Model.scorer`."""
        self.check_size(graph)
        scorer = self._factor_scorer(graph)
        if not self.score_with_dropout:
            return scorer
        return DropoutScorer(scorer, self.denoiser, self.diffusion, scorer.embedding)

    def _factor_scorer(self, graph: BipartiteAdjacency) -> TVDiffScorer:
        return TVDiffScorer(self.denoiser, self.diffusion, graph, self.num_noise_items)

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the free energy of a batch at random timesteps.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``; may repeat.
            item: One positive item for each user (batches over interactions, BPR);
                if omitted, all items of each user are its positives (batches over
                users). (default: ``None``)
            generator: Source of timesteps, noise and negatives. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        batch = TrainingBatch.full(adjacency, user, item)
        return self._free_energy(batch, generator)

    def sampled_loss(
        self,
        adjacency: BipartiteAdjacency,
        batch: HeteroData,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Estimate the free energy of a batch of sampled neighbours.

        The first items of the batch are a uniform random set, the pool: the energy,
        the noise and the negatives come from them. With all items in the pool and
        all neighbours sampled, this is :meth:`training_loss`.

        Args:
            adjacency: The training graph.
            batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.
            generator: Source of timesteps, noise and negatives. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        sampled = TrainingBatch.sampled(adjacency, batch, self.normalization)
        return self._free_energy(sampled, generator)

    def _free_energy(
        self, batch: TrainingBatch, generator: torch.Generator | None
    ) -> FreeEnergy:
        denoiser, observed = self.denoiser, batch.observed
        timestep = self.diffusion.sample_timestep(observed.num_rows, generator)
        rows = batch.item_rows
        source, embedding = denoiser.embed(rows, batch.user_rows, batch.n_id)
        num_pool = batch.known.num_cols
        noise = self._noise(leading_rows(embedding, num_pool), generator)
        hidden = denoiser.project(observed, None, batch.n_id, embedding)
        hidden = self.diffusion.q_sample(
            hidden, timestep, noise.draw(observed.num_rows)
        )
        user_factor = denoiser.user_factor(hidden, timestep)
        item_factor = denoiser.item_factor(rows, rows.value, batch.n_id, source)

        positive, negative = batch.positive, None
        if self.loss_fn.needs_negatives:
            wanted = (observed if positive is None else positive).degree()
            negative = self.sampler(
                batch.known,
                wanted,
                user_factor,
                leading_rows(item_factor, num_pool),
                timestep,
                generator,
            )
            if self.loss_fn.entropy.pairwise and negative.nnz < wanted.sum():
                # Rows that ran out of candidates keep as many positives.
                positive = (positive or observed).head(negative.degree())
            negative = batch.weigh(negative)
        return self.loss_fn(
            user_factor,
            item_factor,
            observed,
            positive,
            negative,
            denoiser.num_items,
            num_pool,
        )

    def _noise(
        self, embedding: Tensor, generator: torch.Generator | None
    ) -> ProjectedNoise:
        dropout = self.denoiser.dropout if self.training else 0.0
        return ProjectedNoise(
            embedding, self.num_noise_items, dropout, generator, self.num_items
        )

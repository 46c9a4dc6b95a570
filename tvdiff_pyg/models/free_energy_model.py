"""How TV-Diff learns: the free energy of a batch, from factors and pairs alone."""

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise
from tvdiff_pyg.loss import FreeEnergy, HelmholtzFreeEnergyLoss
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.negatives import NegativeSampler
from tvdiff_pyg.negatives.sampler import check_drawn
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sampled import BatchSums, HistoricalSums, TrainingBatch
from tvdiff_pyg.sparse import BipartiteAdjacency, leading_rows


class FreeEnergyModel(TrainableModel):
    """What :class:`~tvdiff_pyg.models.TVDiff` is while it is trained; abstract.

    A batch is noised, denoised and held against its items, exact or sampled.
    """

    denoiser: Denoiser
    diffusion: GaussianDiffusion
    loss_fn: HelmholtzFreeEnergyLoss
    sampler: NegativeSampler
    num_noise_items: int | None

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
        history: HistoricalSums | None = None,
    ) -> FreeEnergy:
        """Estimate the free energy of a batch of sampled neighbours.

        The first items of the batch are a uniform random set, the pool, which noise and
        negatives come from; the energy is estimated from all, see
        :func:`~tvdiff_pyg.sampled.items_stood_for`. With one layer, all items
        of each user are read, whatever the cap. With all items in the pool and all
        neighbours sampled, this is :meth:`training_loss`.

        Args:
            adjacency: The training graph.
            batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.
            generator: Source of timesteps, noise and negatives. (default: ``None``)
            history: What :meth:`historical_sums` returned some steps ago, which the
                sample then corrects. (default: ``None``)

        Returns:
            Free energy, energy and entropy.
        """
        # With one layer, a sum over a user's items needs no neighbours of theirs.
        whole = self.denoiser.num_layers == 1
        sampled = TrainingBatch.sampled(adjacency, batch, self.normalization, whole)
        return self._free_energy(sampled, generator, history)

    def historical_sums(self, adjacency: BipartiteAdjacency) -> HistoricalSums:
        """Sum over all users of each item, for the steps that come.

        Args:
            adjacency: The training graph.

        Raises:
            ValueError: If item factors are not such sums, squashed.
        """
        return HistoricalSums.of(self.denoiser, adjacency)

    def _free_energy(
        self,
        batch: TrainingBatch,
        generator: torch.Generator | None,
        history: HistoricalSums | None = None,
    ) -> FreeEnergy:
        sums = history or BatchSums(self.denoiser)
        denoiser, observed = self.denoiser, batch.observed
        timestep = self.diffusion.sample_timestep(observed.num_rows, generator)
        source, embedding = sums.embed(batch)
        num_pool = batch.known.num_cols
        noise = self._noise(leading_rows(embedding, num_pool), generator)
        hidden = sums.project(batch, embedding)
        hidden = denoiser.add_user_features(hidden, batch.user)
        hidden = self.diffusion.q_sample(
            hidden, timestep, noise.draw(observed.num_rows)
        )
        user_factor = denoiser.user_factor(hidden, timestep)
        item_factor = sums.item_factor(batch, source)

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
            negative = check_drawn(negative, self.sampler, batch.known)
            if self.loss_fn.entropy.pairwise and negative.nnz < wanted.sum():
                # Rows that ran out of candidates keep as many positives.
                positive = (positive or observed).head(negative.degree())
            negative = batch.weigh(negative)
        pairs = observed, positive, negative
        loss: FreeEnergy = self.loss_fn(
            user_factor, item_factor, *pairs, denoiser.num_items, batch.item_weight
        )
        return sums.correct(loss, batch, user_factor)

    def _noise(
        self, embedding: Tensor, generator: torch.Generator | None
    ) -> ProjectedNoise:
        dropout = self.denoiser.dropout if self.training else 0.0
        return ProjectedNoise(
            embedding, self.num_noise_items, dropout, generator, self.num_items
        )

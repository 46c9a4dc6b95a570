"""TV-Diff: denoiser, diffusion, free energy and negative sampler in one model."""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise, Schedule
from tvdiff_pyg.diffusion.projected import check_num_noise_items
from tvdiff_pyg.loss import EntropyType, FreeEnergy, HelmholtzFreeEnergyLoss
from tvdiff_pyg.models.model import ItemSide
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.negatives import (
    ARGumbelSampler,
    NegativeSampler,
    UniformNegativeSampler,
)
from tvdiff_pyg.nn import (
    AnisotropicDenoiser,
    GCNDenoiser,
    MLPDenoiser,
    spectral_embedding,
)
from tvdiff_pyg.nn.gcn import Activation, Combine
from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization, leading_rows

Negatives = Literal["uniform", "hard"]
DenoiserName = Literal["anisotropic", "gcn", "mlp"]

# Chosen on the validation parts of LastFM and Amazon-Beauty.
SPECTRAL_SCALE = 4.0


class TVDiff(TrainableModel):
    r"""The tri-view diffusion recommender of the `"Towards A Tri-View Diffusion
    Framework for Recommendation" <https://arxiv.org/abs/2511.20122>`_ paper.

    Composes the anisotropic denoiser (View II), the Gaussian diffusion, the Helmholtz
    free energy (View I) and a negative sampler (View III). Everything is computed on
    factors: no array of size ``num_users x num_items`` is ever formed.

    Args:
        num_users: Number of users.
        num_items: Number of items.
        hidden_channels: Width of both towers. (default: ``64``)
        time_channels: Width of the timestep embedding. (default: ``64``)
        dropout: Dropout on the corrupted interactions, in [0, 1). (default: ``0.5``)
        normalization: Edge weights of the item tower. (default: ``"symmetric"``)
        num_timesteps: Number of diffusion steps. (default: ``5``)
        schedule: Noise schedule. (default: ``"linear-var"``)
        noise_scale: Factor on the noise range. (default: ``1e-4``)
        noise_min: Lower end of the noise range. (default: ``5e-4``)
        noise_max: Upper end of the noise range. (default: ``5e-3``)
        temperature: Weight of the entropy. (default: ``1.0``)
        entropy_type: ``"bpr"``, ``"bce"`` or ``"nll"``. (default: ``"bpr"``)
        negatives: ``"uniform"``, or ``"hard"`` for AR-GSP. (default: ``"uniform"``)
        accept_ratio: Share of the items that AR-GSP accepts. (default: ``0.05``)
        gumbel_decay: Decay of AR-GSP's softness. (default: ``3.0``)
        num_noise_items: Draw the training noise from a random subset of that many
            items; exact if ``None``. (default: ``None``)
        sparse_grad: Row-sparse gradients of the embeddings in :meth:`sampled_loss`.
            (default: ``False``)
        denoiser: ``"anisotropic"``, ``"gcn"`` for several layers
            (:class:`~tvdiff_pyg.nn.GCNDenoiser`), or ``"mlp"`` for none
            (:class:`~tvdiff_pyg.nn.MLPDenoiser`). (default: ``"anisotropic"``)
        num_layers: Layers of ``"gcn"``. (default: ``1``)
        activation: Nonlinearity between the layers of ``"gcn"``.
            (default: ``"tanh"``)
        combine: What the last layer of ``"gcn"`` reads. (default: ``"last"``)
        linear: Whether the layers of ``"gcn"`` have weights. (default: ``False``)

    Raises:
        ValueError: If an argument is outside its range.

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 2]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 3))
        >>> model = TVDiff(num_users=2, num_items=3, hidden_channels=8)
        >>> model.training_loss(adjacency, torch.tensor([0, 1])).free_energy.backward()
        >>> user_factor, item_factor = model.eval()(adjacency)
        >>> (user_factor @ item_factor.t()).shape
        torch.Size([2, 3])
    """

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        time_channels: int = 64,
        dropout: float = 0.5,
        normalization: Normalization = "symmetric",
        num_timesteps: int = 5,
        schedule: Schedule = "linear-var",
        noise_scale: float = 1e-4,
        noise_min: float = 5e-4,
        noise_max: float = 5e-3,
        temperature: float = 1.0,
        entropy_type: EntropyType = "bpr",
        negatives: Negatives = "uniform",
        accept_ratio: float = 0.05,
        gumbel_decay: float = 3.0,
        num_noise_items: int | None = None,
        sparse_grad: bool = False,
        denoiser: DenoiserName = "anisotropic",
        num_layers: int = 1,
        activation: Activation = "tanh",
        combine: Combine = "last",
        linear: bool = False,
    ) -> None:
        super().__init__(num_users, num_items)
        check_num_noise_items(num_noise_items)
        self.num_noise_items = num_noise_items
        sizes = num_users, num_items, hidden_channels, time_channels, dropout
        self.denoiser: AnisotropicDenoiser
        if denoiser == "gcn":
            layers = num_layers, activation, combine, linear
            self.denoiser = GCNDenoiser(*sizes, normalization, sparse_grad, *layers)
        else:
            _check_denoiser(denoiser, num_layers)
            if denoiser == "mlp":
                self.denoiser = MLPDenoiser(*sizes, sparse_grad)
            else:
                self.denoiser = AnisotropicDenoiser(*sizes, normalization, sparse_grad)
        self.normalization = self.denoiser.normalization
        self.diffusion = GaussianDiffusion(
            num_timesteps, schedule, noise_scale, noise_min, noise_max
        )
        self.loss_fn = HelmholtzFreeEnergyLoss(temperature, entropy_type)
        self.sampler = _make_sampler(
            negatives, num_timesteps, accept_ratio, gumbel_decay
        )

    @torch.no_grad()
    def reset_spectral(
        self, adjacency: BipartiteAdjacency, scale: float = SPECTRAL_SCALE
    ) -> None:
        """Begin at the spectrum of the graph: see
        :func:`~tvdiff_pyg.nn.spectral_embedding`.

        The timestep starts without a say, for it would drown out the interactions.

        Args:
            adjacency: The training graph.
            scale: Factor on both embeddings, positive. (default: ``4.0``)

        Raises:
            ValueError: If the denoiser reads no graph, or ``scale`` is not positive.
        """
        if self.normalization == "none":
            raise ValueError(
                "'normalization' needs to read the graph for a spectral start "
                f"(got {self.normalization!r})"
            )
        if not scale > 0:
            raise ValueError(f"'scale' needs to be positive (got {scale})")
        denoiser = self.denoiser
        channels = denoiser.hidden_channels
        user, item = spectral_embedding(adjacency.user_rows, channels)
        denoiser.user_embedding.copy_(scale * user)
        denoiser.item_embedding.copy_(scale * item)
        denoiser.time_projection.weight.zero_()

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
        history = adjacency.user_rows
        history = history if user is None else history.select(user)
        items = self.encode_items(adjacency)
        return self.encode_users(history, items), items.factor

    @torch.no_grad()
    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Compute the item side of scoring, once for all users.

        Args:
            adjacency: The training graph.

        Returns:
            Item factors and their mixing matrix.
        """
        factor, embedding = self.item_tower(adjacency)
        return ItemSide(factor, factor.t() @ embedding, embedding)

    @torch.no_grad()
    def encode_users(
        self,
        history: CSR,
        items: ItemSide,
        start_step: int | None = None,
        ancestral: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        r"""Run the reverse process in ``hidden_channels`` dimensions.

        With :math:`M = V^{\top} W_I`, one step is
        :math:`z_{t-1} = c^{(1)}_t \hat{u}_t M + c^{(2)}_t z_t`. New users need no
        training: any history will do.

        Args:
            history: Item ids of each user, of shape ``[batch_size, num_items]``.
            items: The item side, from :meth:`encode_items`.
            start_step: Corrupt the history to this timestep first; if omitted, take
                it as it is. (default: ``None``)
            ancestral: Add noise of the posterior variance. (default: ``False``)
            generator: Source of that noise. (default: ``None``)

        Returns:
            Final user factors, of shape ``[batch_size, hidden_channels]``.
        """
        hidden = self.denoiser.project(history, embedding=items.embedding)
        mixing = items.mixing
        assert mixing is not None
        draw_noise = None
        if ancestral or start_step is not None:
            assert items.embedding is not None
            noise = self._noise(items.embedding, generator)
            batch_size = hidden.size(0)

            def draw_noise() -> Tensor:
                return noise.draw(batch_size)

        def predict(hidden: Tensor, timestep: Tensor) -> Tensor:
            return self.denoiser.user_factor(hidden, timestep) @ mixing

        hidden = self.diffusion.reverse(
            predict, hidden, start_step, draw_noise, ancestral
        )
        last = torch.zeros(1, dtype=torch.long, device=hidden.device)
        return self.denoiser.user_factor(hidden, last)

    def item_tower(self, adjacency: BipartiteAdjacency) -> tuple[Tensor, Tensor]:
        """Compute what all users share of the items, differentiable.

        Args:
            adjacency: The training graph.

        Returns:
            Item factors, and the embeddings that the user tower sums, of shape
            ``[num_items, hidden_channels]``.
        """
        rows = adjacency.item_rows
        source, embedding = self.denoiser.embed(rows)
        factor = self.denoiser.item_factor(rows, rows.value, embedding=source)
        return factor, embedding

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
            if self.loss_fn.entropy_type == "bpr" and negative.nnz < wanted.sum():
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
        num_items = self.denoiser.num_items
        return ProjectedNoise(
            embedding, self.num_noise_items, dropout, generator, num_items
        )


def _check_denoiser(denoiser: str, num_layers: int) -> None:
    if denoiser not in get_args(DenoiserName):
        raise ValueError(
            f"'denoiser' needs to be one of {list(get_args(DenoiserName))} "
            f"(got {denoiser!r})"
        )
    if num_layers != 1:
        raise ValueError(
            f"'num_layers' needs to be 1 unless 'denoiser' is 'gcn' (got {num_layers})"
        )


def _make_sampler(
    negatives: str, num_timesteps: int, accept_ratio: float, gumbel_decay: float
) -> NegativeSampler:
    if negatives not in get_args(Negatives):
        raise ValueError(
            f"'negatives' needs to be one of {list(get_args(Negatives))} "
            f"(got {negatives!r})"
        )
    if negatives == "hard":
        return ARGumbelSampler(num_timesteps, accept_ratio, gumbel_decay)
    return UniformNegativeSampler()

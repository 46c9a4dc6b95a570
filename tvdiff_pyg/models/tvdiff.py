"""TV-Diff, composed from its parts; nothing of the size of all scores is formed."""

from typing import Any

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.features import NodeFeatures
from tvdiff_pyg.data.graph_like import GraphLike, as_graph
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.models.free_energy_model import FreeEnergyModel
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.models.reference import DropoutScorer
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.models.tvdiff_config import Initialization, TVDiffConfig
from tvdiff_pyg.models.tvdiff_scorer import TVDiffScorer
from tvdiff_pyg.negatives import SAMPLERS, NegativeSampler
from tvdiff_pyg.nn import DENOISERS, Denoiser
from tvdiff_pyg.sparse import BipartiteAdjacency


@register_model("tvdiff", TVDiffConfig)
class TVDiff(FreeEnergyModel):
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
        steps = diffusion.num_timesteps, diffusion.schedule, diffusion.reverse_steps
        parts = denoiser.config, *steps
        learned_by = loss.temperature, loss.entropy, sampler.config
        own = num_noise_items, initialization, score_with_dropout
        self.config = TVDiffConfig(*(parts + learned_by + own))
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
        return cls.around(
            denoiser.from_config(config.denoiser, num_users, num_items), config
        )

    @classmethod
    def around(cls, denoiser: Denoiser, config: TVDiffConfig) -> Self:
        """Compose a denoiser with the other parts that the settings name.

        Args:
            denoiser: The network, for fixed users and items.
            config: The settings.

        Example:
            >>> from tvdiff_pyg.nn import AnisotropicDenoiser
            >>> config = TVDiffConfig.of(num_timesteps=3)
            >>> TVDiff.around(AnisotropicDenoiser(2, 3), config).diffusion.num_timesteps
            3
        """
        sampler = SAMPLERS.of(config.negatives).part
        return cls(
            denoiser,
            GaussianDiffusion(
                config.num_timesteps,
                config.schedule,
                reverse_steps=config.reverse_steps,
            ),
            HelmholtzFreeEnergyLoss(config.temperature, config.entropy_type),
            sampler.from_config(config.negatives, config.num_timesteps),
            config.num_noise_items,
            config.initialization,
            config.score_with_dropout,
        )

    def reset_parameters(self) -> None:
        """Draw all weights anew; compute the coefficients of the diffusion anew."""
        self.denoiser.reset_parameters()
        self.diffusion.reset_parameters()

    def read_features(self, graph: GraphLike) -> Self:
        """Let the denoiser read them, if it is to."""
        if self.denoiser.config.feature_use.reads:
            self.denoiser.set_features(*NodeFeatures.of(as_graph(graph)))
        return self

    def prepare(self, graph: GraphLike, seed: int = 0) -> Self:
        """Begin where ``initialization`` says; random weights are there already."""
        if self.initialization == "spectral":
            self.denoiser.reset_spectral(self.adjacency_of(graph).user_rows)
        return self

    def forward(
        self, adjacency: GraphLike, user: Tensor | None = None
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
        scorer = self._factor_scorer(self.adjacency_of(adjacency))
        if user is None:
            user = torch.arange(self.num_users, device=scorer.rows.col.device)
        return scorer.known(user), scorer.item_factor

    def scorer(self, graph: GraphLike) -> Scorer[Any]:
        """Prepare the reverse process; see :meth:`~tvdiff_pyg.models.Model.scorer`."""
        scorer = self._factor_scorer(self.adjacency_of(graph))
        if not self.score_with_dropout:
            return scorer
        return DropoutScorer(scorer, self.denoiser, self.diffusion, scorer.embedding)

    def _factor_scorer(self, graph: BipartiteAdjacency) -> TVDiffScorer:
        return TVDiffScorer(self.denoiser, self.diffusion, graph, self.num_noise_items)

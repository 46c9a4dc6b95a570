"""TV-Diff prepared on a graph: the reverse process on factors."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise
from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


class TVDiffScorer(FactorScorer):
    r"""Runs the reverse process in ``hidden_channels`` dimensions.

    With :math:`M = V^{\top} W_I`, one step is
    :math:`z_{t-1} = c^{(1)}_t \hat{u}_t M + c^{(2)}_t z_t`. New users need no
    training: any history will do.

    Args:
        denoiser: The network; scored in ``eval`` mode, whatever mode it is in.
        diffusion: The process.
        graph: The training graph.
        num_noise_items: Draw noise, where it is asked for, from that many random items;
            exact if ``None``. (default: ``None``)

    Attributes:
        embedding: What the projection of a history sums, :math:`W_I`, of shape
            ``[num_items, channels]``.
    """

    @torch.no_grad()
    def __init__(
        self,
        denoiser: Denoiser,
        diffusion: GaussianDiffusion,
        graph: BipartiteAdjacency,
        num_noise_items: int | None = None,
    ) -> None:
        factor, self.embedding = denoiser.item_tower(graph.item_rows)
        super().__init__(graph.user_rows, factor)
        self._mixing = factor.t() @ self.embedding
        self._denoiser, self._diffusion = denoiser, diffusion
        self._num_noise_items = num_noise_items

    @torch.no_grad()
    def query(
        self,
        history: CSR,
        start_step: int | None = None,
        ancestral: bool = False,
        generator: torch.Generator | None = None,
    ) -> Tensor:
        """Denoise histories; see :meth:`~tvdiff_pyg.models.Scorer.query`.

        Args:
            history: Item ids of each user, of shape ``[batch_size, num_items]``.
            start_step: Corrupt the history to this timestep first; if omitted, take
                it as it is. (default: ``None``)
            ancestral: Add noise of the posterior variance. (default: ``False``)
            generator: Source of that noise. (default: ``None``)

        Returns:
            Final user factors, of shape ``[batch_size, hidden_channels]``.
        """
        denoiser = self._denoiser
        with _in_eval_mode(denoiser):
            hidden = denoiser.project(history, embedding=self.embedding)
            draw_noise = None
            if ancestral or start_step is not None:
                noise = ProjectedNoise(
                    self.embedding, self._num_noise_items, generator=generator
                )
                batch_size = hidden.size(0)

                def draw_noise() -> Tensor:
                    return noise.draw(batch_size)

            def predict(hidden: Tensor, timestep: Tensor) -> Tensor:
                return denoiser.user_factor(hidden, timestep) @ self._mixing

            hidden = self._diffusion.reverse(
                predict, hidden, start_step, draw_noise, ancestral
            )
            last = torch.zeros(1, dtype=torch.long, device=hidden.device)
            return denoiser.user_factor(hidden, last)


@contextmanager
def _in_eval_mode(module: torch.nn.Module) -> Iterator[None]:
    training = module.training
    module.eval()
    try:
        yield
    finally:
        module.train(training)

"""GiffCF's reverse process, for a block of users at a time."""

import torch
from torch import Tensor

from tvdiff_pyg.models.baselines.giff_cf_denoiser import TwoStageDenoiser
from tvdiff_pyg.models.baselines.heat_filter import HeatFilter
from tvdiff_pyg.models.leave_one_out import leave_one_out
from tvdiff_pyg.models.reference import to_dense
from tvdiff_pyg.models.scorer import Scorer
from tvdiff_pyg.ranking.scores import ScoreRanker
from tvdiff_pyg.sparse import CSR

# Numbers of a dense block, of which a training step keeps some twenty: 8 MiB.
ENTRIES_AT_ONCE = 2**21


def users_at_once(num_users: int, num_items: int) -> int:
    """Return how many users a dense block has, as the graph is passed through too.

    Args:
        num_users: Number of users.
        num_items: Number of items.
    """
    return max(ENTRIES_AT_ONCE // max(num_users, num_items), 1)


class GiffCFRanker(ScoreRanker[CSR]):
    """Ranks by what the reverse process makes of histories.

    Args:
        denoiser: The network.
        heat: What smooths on the graph.
        steps: Steps of the diffusion.
        smoothing: How far the last one has smoothed.
        noise_decay: What each step back keeps of the difference to the prediction.
    """

    def __init__(
        self,
        denoiser: TwoStageDenoiser,
        heat: HeatFilter,
        steps: int,
        smoothing: float,
        noise_decay: float,
    ) -> None:
        super().__init__(denoiser.num_items)
        self.user_block = users_at_once(heat.graph.rows.num_rows, denoiser.num_items)
        self._denoiser, self._heat = denoiser, heat
        self._steps, self._smoothing, self._decay = steps, smoothing, noise_decay

    @torch.no_grad()
    def scores(self, history: CSR) -> Tensor:
        """Take one block of histories back; see
        :meth:`~tvdiff_pyg.ranking.ScoreRanker.scores`.
        """
        weight = self._denoiser.item_embedding.weight
        history = history.with_value(None)
        clean = to_dense(history, weight.dtype)
        smooth, condition = self._heat(clean), self._denoiser.embed(history)
        state = self._smoothed(clean, smooth, self._steps)
        for step in range(self._steps, 0, -1):
            timestep = torch.tensor([step], device=weight.device)
            refined = self._denoiser.refine(state @ weight, condition, timestep)
            found = self._denoiser.sharpen(refined, clean, smooth, timestep)
            warm = self._heat(found)
            apart = state - self._smoothed(found, warm, step)
            state = self._smoothed(found, warm, step - 1) + self._decay * apart
        return state

    def _smoothed(self, signal: Tensor, smooth: Tensor, step: int) -> Tensor:
        return signal + self._smoothing * step / self._steps * (smooth - signal)


class GiffCFScorer(Scorer[CSR]):
    """Scores histories by the reverse process.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        ranker: The reverse process.
    """

    ranker: GiffCFRanker

    def query(self, history: CSR) -> CSR:
        """Return the histories."""
        return history

    @property
    def unexplained(self) -> str | None:
        """None, as histories can be read without one of their items."""
        return None

    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Compare scores; see :meth:`~tvdiff_pyg.models.Scorer.contributions`."""

        def scores(rows: CSR) -> Tensor:
            entry = torch.arange(rows.num_rows, device=item.device)
            blocks = map(rows.select, entry.split(self.ranker.user_block))
            return torch.cat([self.ranker.scores(one)[:, item] for one in blocks])

        # Scores stand for factors of their own.
        return leave_one_out(scores, history, torch.eye(item.numel()).to(item.device))

"""The dense reference: the paper's equations on whole interaction vectors.

Slow and large on purpose. Tests and benchmarks hold the factor engine against it, and
it is the only way to score with dropout left on, as the published code does: dropout
on a dense :math:`x_t` has no projected form.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.loss import FreeEnergy, HelmholtzFreeEnergyLoss
from tvdiff_pyg.models.scorer import FactorScorer, Scorer
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.ranking import Ranker, rank_scores
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


def to_dense(csr: CSR, dtype: torch.dtype = torch.float) -> Tensor:
    """Write a sparse matrix out in full; duplicates add up."""
    dense = torch.zeros(csr.num_rows, csr.num_cols, dtype=dtype, device=csr.col.device)
    index = (csr.row(), csr.col)
    return dense.index_put_(index, csr.values().to(dtype), accumulate=True)


def dense_predict(
    denoiser: Denoiser,
    x_t: Tensor,
    timestep: Tensor,
    embedding: Tensor,
    item_factor: Tensor,
) -> Tensor:
    """Predict clean interactions, ``tanh(dropout(x_t) W_I + time) V.T``.

    Args:
        denoiser: The network; dropout is on while it is in training mode.
        x_t: Noisy interactions, of shape ``[batch_size, num_items]``.
        timestep: Timesteps, of shape ``[batch_size]``.
        embedding: What the user tower sums, of shape
            ``[num_items, hidden_channels]``.
        item_factor: Item factors, of shape ``[num_items, hidden_channels]``.

    Returns:
        Predictions, of shape ``[batch_size, num_items]``.
    """
    x_t = F.dropout(x_t, denoiser.dropout, training=denoiser.training)
    hidden = x_t @ embedding
    return denoiser.user_factor(hidden, timestep) @ item_factor.t()


@torch.no_grad()
def dense_scores(
    denoiser: Denoiser,
    diffusion: GaussianDiffusion,
    history: CSR,
    item_factor: Tensor,
    embedding: Tensor,
    start_step: int | None = None,
    ancestral: bool = False,
) -> Tensor:
    """Run the reverse process on whole interaction vectors.

    Args:
        denoiser: The network; dropout is on while it is in training mode.
        diffusion: The process.
        history: Item ids of each user, of shape ``[batch_size, num_items]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        embedding: What the user tower sums, of shape ``[num_items, channels]``.
        start_step: Corrupt the history to this timestep first; if omitted, take it as
            it is. (default: ``None``)
        ancestral: Add noise of the posterior variance. (default: ``False``)

    Returns:
        Scores, of shape ``[batch_size, num_items]``.
    """
    x_0 = to_dense(history, item_factor.dtype)

    def predict(x_t: Tensor, timestep: Tensor) -> Tensor:
        return dense_predict(denoiser, x_t, timestep, embedding, item_factor)

    def draw_noise() -> Tensor:
        return torch.randn_like(x_0)

    x_t = diffusion.reverse(predict, x_0, start_step, draw_noise, ancestral)
    last = torch.zeros(1, dtype=torch.long, device=x_t.device)
    return predict(x_t, last)


def dense_training_loss(
    denoiser: Denoiser,
    diffusion: GaussianDiffusion,
    loss: HelmholtzFreeEnergyLoss,
    adjacency: BipartiteAdjacency,
    user: Tensor,
    timestep: Tensor,
    noise: Tensor,
    positive: CSR,
    negative: CSR | None,
) -> FreeEnergy:
    """Compute the free energy of a batch from all its scores.

    Args:
        denoiser: The network.
        diffusion: The process.
        loss: The free energy.
        adjacency: The training graph.
        user: Users, of shape ``[batch_size]``.
        timestep: Timesteps, of shape ``[batch_size]``.
        noise: Unit noise, of shape ``[batch_size, num_items]``.
        positive: Positive pairs, of shape ``[batch_size, num_items]``.
        negative: Negative pairs, of the same shape, or ``None`` for NLL.

    Returns:
        Free energy, energy and entropy.
    """
    observed = adjacency.user_rows.select(user)
    item_factor, embedding = denoiser.item_tower(adjacency.item_rows)
    x_0 = to_dense(observed, item_factor.dtype)
    x_t = diffusion.q_sample(x_0, timestep, noise)
    score = dense_predict(denoiser, x_t, timestep, embedding, item_factor)

    # What is predicted is whether an item was met, however much that weighs.
    met = to_dense(observed.with_value(None), item_factor.dtype)
    energy = (met - score).square().mean()
    pos = score[positive.row(), positive.col]
    neg = None if negative is None else score[negative.row(), negative.col]
    entropy = loss.entropy(pos, neg, score.numel())
    free_energy = energy - loss.temperature * entropy
    return FreeEnergy(free_energy, energy.detach(), entropy.detach())


class DropoutScorer(Scorer[CSR]):
    """Ranks histories with dropout left on, as the published code does.

    Args:
        without: The same model's scorer without dropout, for what reads factors.
        denoiser: The network.
        diffusion: The process.
        embedding: What the user tower sums, of shape ``[num_items, channels]``.
    """

    def __init__(
        self,
        without: FactorScorer,
        denoiser: Denoiser,
        diffusion: GaussianDiffusion,
        embedding: Tensor,
    ) -> None:
        items = without.item_factor, embedding
        super().__init__(without.rows, _DropoutRanker(denoiser, diffusion, *items))
        self._without = without

    @property
    def factors(self) -> FactorScorer:
        """The scorer without dropout: with it, there are no factors."""
        return self._without

    @property
    def unexplained(self) -> str | None:
        """That no two scores of a history are the same."""
        return "which scores with dropout"

    def query(self, history: CSR) -> CSR:
        """Return the histories."""
        return history


class _DropoutRanker(Ranker[CSR]):
    def __init__(
        self,
        denoiser: Denoiser,
        diffusion: GaussianDiffusion,
        item_factor: Tensor,
        embedding: Tensor,
    ) -> None:
        self._parts = denoiser, diffusion
        self._items = item_factor, embedding

    def search_block(
        self, query: CSR, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        denoiser = self._parts[0]
        training = denoiser.training
        denoiser.train()
        score = dense_scores(*self._parts, query, *self._items)
        denoiser.train(training)
        return rank_scores(score, k, seen)

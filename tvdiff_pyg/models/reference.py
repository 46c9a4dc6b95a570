"""The dense reference: the paper's equations on whole interaction vectors.

Slow and large on purpose. Tests and benchmarks hold the factor engine against it, and
it is the only way to score with dropout left on, as the published code does: dropout
on a dense :math:`x_t` has no projected form.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.model import ItemSide
from tvdiff_pyg.models.tvdiff import TVDiff
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


def to_dense(csr: CSR, dtype: torch.dtype = torch.float) -> Tensor:
    """Write a sparse matrix out in full; duplicates add up."""
    dense = torch.zeros(csr.num_rows, csr.num_cols, dtype=dtype, device=csr.col.device)
    index = (csr.row(), csr.col)
    return dense.index_put_(index, csr.values().to(dtype), accumulate=True)


def dense_predict(
    model: TVDiff, x_t: Tensor, timestep: Tensor, embedding: Tensor, item_factor: Tensor
) -> Tensor:
    """Predict clean interactions, ``tanh(dropout(x_t) W_I + time) V.T``.

    Args:
        model: The model; dropout is on while it is in training mode.
        x_t: Noisy interactions, of shape ``[batch_size, num_items]``.
        timestep: Timesteps, of shape ``[batch_size]``.
        embedding: What the user tower sums, of shape
            ``[num_items, hidden_channels]``.
        item_factor: Item factors, of shape ``[num_items, hidden_channels]``.

    Returns:
        Predictions, of shape ``[batch_size, num_items]``.
    """
    denoiser = model.denoiser
    x_t = F.dropout(x_t, denoiser.dropout, training=model.training)
    hidden = x_t @ embedding
    return denoiser.user_factor(hidden, timestep) @ item_factor.t()


@torch.no_grad()
def dense_scores(
    model: TVDiff,
    history: CSR,
    items: ItemSide,
    start_step: int | None = None,
    ancestral: bool = False,
) -> Tensor:
    """Run the reverse process on whole interaction vectors.

    Args:
        model: The model; dropout is on while it is in training mode.
        history: Item ids of each user, of shape ``[batch_size, num_items]``.
        items: The item side, from :meth:`TVDiff.encode_items`.
        start_step: As in :meth:`TVDiff.encode_users`. (default: ``None``)
        ancestral: As in :meth:`TVDiff.encode_users`. (default: ``False``)

    Returns:
        Scores, of shape ``[batch_size, num_items]``.
    """
    assert items.embedding is not None
    factor, embedding = items.factor, items.embedding
    x_0 = to_dense(history, factor.dtype)

    def predict(x_t: Tensor, timestep: Tensor) -> Tensor:
        return dense_predict(model, x_t, timestep, embedding, factor)

    def draw_noise() -> Tensor:
        return torch.randn_like(x_0)

    x_t = model.diffusion.reverse(predict, x_0, start_step, draw_noise, ancestral)
    last = torch.zeros(1, dtype=torch.long, device=x_t.device)
    return predict(x_t, last)


def dense_training_loss(
    model: TVDiff,
    adjacency: BipartiteAdjacency,
    user: Tensor,
    timestep: Tensor,
    noise: Tensor,
    positive: CSR,
    negative: CSR | None,
) -> FreeEnergy:
    """Compute the free energy of a batch from all its scores.

    Args:
        model: The model.
        adjacency: The training graph.
        user: Users, of shape ``[batch_size]``.
        timestep: Timesteps, of shape ``[batch_size]``.
        noise: Unit noise, of shape ``[batch_size, num_items]``.
        positive: Positive pairs, of shape ``[batch_size, num_items]``.
        negative: Negative pairs, of the same shape, or ``None`` for NLL.

    Returns:
        Free energy, energy and entropy.
    """
    loss_fn = model.loss_fn
    observed = adjacency.user_rows.select(user)
    item_factor, embedding = model.item_tower(adjacency)
    x_0 = to_dense(observed, item_factor.dtype)
    x_t = model.diffusion.q_sample(x_0, timestep, noise)
    score = dense_predict(model, x_t, timestep, embedding, item_factor)

    energy = (x_0 - score).square().mean()
    pos = score[positive.row(), positive.col]
    neg = None if negative is None else score[negative.row(), negative.col]
    entropy = loss_fn.entropy(pos, neg, score.numel())
    free_energy = energy - loss_fn.temperature * entropy
    return FreeEnergy(free_energy, energy.detach(), entropy.detach())

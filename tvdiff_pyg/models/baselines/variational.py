"""The loss of a variational autoencoder of whole histories, by its parts."""

import torch
from torch import Tensor
from torch.nn import Linear

from tvdiff_pyg.sparse import CSR, pair_scores


def surprise(history: CSR, hidden: Tensor, last: Linear) -> Tensor:
    r"""Sum the negative logarithm of the multinomial likelihood over a batch.

    .. math::
        - \sum_u \sum_{i \in N(u)} \log \mathrm{softmax}_i (h_u W + b)

    Args:
        history: Each user's items, of shape ``[batch_size, num_items]``.
        hidden: What the last layer reads, of shape ``[batch_size, channels]``.
        last: The layer that scores all items.

    Returns:
        The sum, a scalar.

    Example:
        >>> pairs = torch.zeros(2, 1, dtype=torch.long)
        >>> history, last = CSR.from_edge_index(pairs, (1, 2)), Linear(3, 2)
        >>> bool(surprise(history, torch.zeros(1, 3), last) > 0)
        True
    """
    whole = (history.degree() * last(hidden).logsumexp(dim=1)).sum()
    of_pairs = pair_scores(history, hidden, last.weight).sum()
    counts = history.col_degree().to(hidden.dtype)
    return whole - (of_pairs + counts @ last.bias)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    r"""Sum the divergence of codes from :math:`\mathcal{N}(0, I)` over a batch.

    Args:
        mean: Means of the codes, of shape ``[batch_size, channels]``.
        log_variance: Logarithms of their variances, of the same shape.

    Returns:
        The sum, a scalar.

    Example:
        >>> float(divergence(torch.tensor([[2.0, 0.0]]), torch.zeros(1, 2)))
        2.0
    """
    gap = log_variance.exp() + mean.square() - 1 - log_variance
    return 0.5 * gap.sum()


def annealed(weight: float, step: Tensor, num_steps: int) -> Tensor:
    """Return how much of a weight holds at a step: it grows evenly from 0 on.

    Args:
        weight: The weight in the end.
        step: Steps so far, a scalar.
        num_steps: Steps until it has grown to that, at least 1.

    Example:
        >>> annealed(0.5, torch.tensor(3), 4), annealed(0.5, torch.tensor(9), 4)
        (tensor(0.3750), tensor(0.5000))
    """
    return weight * (step / num_steps).clamp(max=1)


def draw(
    mean: Tensor, log_variance: Tensor, generator: torch.Generator | None = None
) -> Tensor:
    """Draw codes, differentiable in their distributions.

    Args:
        mean: Means of the codes, of shape ``[batch_size, channels]``.
        log_variance: Logarithms of their variances, of the same shape.
        generator: Source of randomness. (default: ``None``)

    Returns:
        Codes, of the same shape.

    Example:
        >>> draw(torch.ones(1, 2), torch.full((1, 2), -torch.inf))
        tensor([[1., 1.]])
    """
    noise = torch.empty_like(mean).normal_(generator=generator)
    return mean + (0.5 * log_variance).exp() * noise

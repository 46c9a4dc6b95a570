r"""The same diffusion in ``hidden_channels`` dimensions instead of ``num_items``.

The denoiser sees :math:`x_t` only through :math:`z_t = x_t \mathbf{W}_I`. Noise and
posterior are linear, so they are carried out on :math:`z_t`: exact, and free of any
array of size ``num_users x num_items``.
"""

import math

import torch
from torch import Tensor

from tvdiff_pyg.sparse import gram

# Lifts on a Gram matrix that rounding made singular, relative to its mean diagonal.
JITTERS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


class ProjectedNoise:
    r"""Draws :math:`\epsilon \mathbf{W}_I` with :math:`\epsilon \sim N(0, I)`.

    Its covariance is :math:`\mathbf{W}_I^{\top} \mathbf{W}_I`, so it is drawn through
    a Cholesky factor of that Gram matrix, computed once; or from a random subset of
    the items, rescaled, whose covariance is the same in expectation. Differentiable
    in the embedding.

    Args:
        item_embedding: :math:`\mathbf{W}_I`, of shape ``[num_items, channels]``.
        num_noise_items: Size of the random item subset; exact if ``None``.
            (default: ``None``)
        dropout: Dropout on the noisy interactions, in [0, 1): divides the
            covariance by ``1 - dropout``, which matches it in expectation.
            (default: ``0.0``)
        generator: Source of randomness. (default: ``None``)
        num_items: Size of the catalogue, where ``item_embedding`` holds the rows of
            a uniform random set of the items. (default: ``None``)

    Raises:
        ValueError: If ``num_noise_items`` is not positive.

    Example:
        >>> noise = ProjectedNoise(torch.ones(5, 2))
        >>> noise.draw(3).shape
        torch.Size([3, 2])
    """

    def __init__(
        self,
        item_embedding: Tensor,
        num_noise_items: int | None = None,
        dropout: float = 0.0,
        generator: torch.Generator | None = None,
        num_items: int | None = None,
    ) -> None:
        check_num_noise_items(num_noise_items)
        self.generator = generator
        num_items = item_embedding.size(0) if num_items is None else num_items
        factor = self._factor(item_embedding, num_noise_items, num_items)
        self.factor = factor / math.sqrt(1 - dropout)

    def _factor(
        self, weight: Tensor, num_noise_items: int | None, num_items: int
    ) -> Tensor:
        """Return F with F.T @ F = W.T @ W, exactly or in expectation."""
        num_rows, channels = weight.shape
        if num_noise_items is not None and num_noise_items < num_rows:
            index = torch.randint(
                num_rows,
                (num_noise_items,),
                generator=self.generator,
                device=weight.device,
            )
            weight = weight[index]
        if weight.size(0) < num_items:
            return weight * math.sqrt(num_items / weight.size(0))
        if num_items <= channels:
            return weight
        # Half precision leaves too little of a matrix to factorise it.
        with torch.autocast(weight.device.type, enabled=False):
            return _cholesky(gram(weight)).t()

    def draw(self, batch_size: int) -> Tensor:
        """Draw projected unit noise, of shape ``[batch_size, channels]``."""
        factor = self.factor
        unit = torch.randn(
            batch_size,
            factor.size(0),
            generator=self.generator,
            device=factor.device,
            dtype=factor.dtype,
        )
        return unit @ factor


def check_num_noise_items(num_noise_items: int | None) -> None:
    """Raise a ``ValueError`` unless the size of the item subset is positive."""
    if num_noise_items is not None and num_noise_items < 1:
        raise ValueError(
            f"'num_noise_items' needs to be at least 1 (got {num_noise_items})"
        )


def _cholesky(covariance: Tensor) -> Tensor:
    """Factorise, lifting the diagonal by the least jitter that succeeds."""
    scale = covariance.diagonal().mean().detach().clamp(min=1e-30)
    for jitter in JITTERS:
        lift = (jitter * scale).expand(covariance.size(0))
        lower, info = torch.linalg.cholesky_ex(covariance + torch.diag(lift))
        if info == 0:
            break
    return lower

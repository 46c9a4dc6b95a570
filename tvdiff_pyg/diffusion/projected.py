r"""The same diffusion in ``hidden_channels`` dimensions instead of ``num_items``.

The denoiser sees :math:`x_t` only through :math:`z_t = x_t \mathbf{W}_I`. Noise and
posterior are linear, so they are carried out on :math:`z_t`: exact, and free of any
array of size ``num_users x num_items``.
"""

import math

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.sparse import gram
from tvdiff_pyg.sparse.precision import at_least_single
from tvdiff_pyg.sparse.sharded import check_held

# Lifts on a Gram matrix that rounding made singular, relative to its mean diagonal.
JITTERS = (1e-7, 1e-6, 1e-5, 1e-4, 1e-3)


class ProjectedNoise:
    r"""Draws :math:`\epsilon \mathbf{W}_I` with :math:`\epsilon \sim N(0, I)`.

    Its covariance is :math:`\mathbf{W}_I^{\top} \mathbf{W}_I`, so it is drawn through
    a Cholesky factor of that Gram matrix, computed once; or from a random subset of
    the items, rescaled, whose covariance is the same in expectation. Differentiable
    in the embedding. Of rows of some items alone, that of these items is drawn
    through its Cholesky factor, too.

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
        ValueError: If ``num_noise_items`` is not positive, or ``dropout`` out of range.

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
        check_number("dropout", dropout, 0, 1, below=True)
        check_held("item_embedding", item_embedding)
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
            return weight[index] * math.sqrt(num_items / num_noise_items)
        if num_rows < num_items:
            weight = weight * math.sqrt(num_items / num_rows)
        if num_rows <= channels:
            return weight
        # Half precision leaves too little of a matrix to factorise it.
        with torch.autocast(weight.device.type, enabled=False):
            lower = _cholesky(gram(at_least_single(weight)))
        return lower.t().to(weight.dtype)

    def draw(self, batch_size: int) -> Tensor:
        """Draw projected unit noise, of shape ``[batch_size, channels]``.

        Args:
            batch_size: How many, at least 0.

        Raises:
            ValueError: If it is negative or no integer.
        """
        check_integer("batch_size", batch_size, low=0)
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
    if num_noise_items is not None:
        check_integer("num_noise_items", num_noise_items, low=1)


def _cholesky(covariance: Tensor) -> Tensor:
    """Factorise, lifting the diagonal by the least jitter that succeeds."""
    scale = covariance.diagonal().mean().detach().clamp(min=1e-30)
    for jitter in JITTERS:
        lift = (jitter * scale).expand(covariance.size(0))
        lower, info = torch.linalg.cholesky_ex(covariance + torch.diag(lift))
        if info == 0:
            break
    return lower

"""Least squares of many rows in the same factors, every pair of a small weight."""

from collections.abc import Iterator

import torch
from torch import Tensor

from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse import CSR


class WeightedSquares:
    r"""Finds the vectors whose products with fixed factors are nearest to interactions.

    For a row that met :math:`N`, with :math:`Y_N` the factors of these,

    .. math::
        x = \big( Y_N^{\top} Y_N + G \big)^{-1} Y_N^{\top} 1, \qquad
        G = \alpha Y^{\top} Y + p I

    Where it met fewer than there are channels, the system of what it met is smaller,
    and its solution the same:

    .. math::
        x = G^{-1} Y_N^{\top} \big( I + Y_N G^{-1} Y_N^{\top} \big)^{-1} 1

    The eigenvectors of :math:`Y^{\top} Y`, found once, make :math:`G` diagonal whatever
    the penalty :math:`p` of a row is.

    Args:
        factor: The factors :math:`Y`, of shape ``[num_others, channels]``.
        weight: The weight :math:`\alpha` of every pair, above 0, of shape ``[]``.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
        >>> squares = WeightedSquares(torch.eye(2), weight=torch.tensor(0.5))
        >>> squares.solve(rows, penalty=torch.tensor([0.5, 1.0]))
        tensor([[0.5000, 0.5000],
                [0.0000, 0.4000]])
    """

    def __init__(self, factor: Tensor, weight: Tensor) -> None:
        # In single precision the least eigenvalues are lost beside the greatest, and
        # with them what keeps scores of unmet pairs low where penalties are small.
        wide = factor.double()
        energy, basis = torch.linalg.eigh(wide.t() @ wide)
        self._energy = (weight * energy.clamp(min=0)).to(factor.dtype)
        self._basis = basis.to(factor.dtype)
        self._turned = factor @ self._basis

    def solve(self, rows: CSR, penalty: Tensor) -> Tensor:
        """Solve for the vector of each row.

        Args:
            rows: What each met, of shape ``[num_rows, num_others]``; weights are not
                read.
            penalty: The penalty of each, above 0, of shape ``[num_rows]``.

        Returns:
            Vectors, of shape ``[num_rows, channels]``.

        Raises:
            torch.linalg.LinAlgError: If a penalty is too small for the precision.
        """
        rows, channels = rows.with_value(None), self._energy.numel()
        found = self._turned.new_empty(rows.num_rows, channels)
        for block in _blocks(rows.degree(), channels):
            met = self._met(rows.select(block))
            diagonal = self._energy + penalty[block, None].to(met.dtype)
            found[block] = (_wide if met.size(1) < channels else _tall)(met, diagonal)
        return found @ self._basis.t()

    def _met(self, rows: CSR) -> Tensor:
        """Line up the factors of what each row met, zeros behind them."""
        width = int(rows.degree().max())
        met = self._turned.new_zeros(rows.num_rows, width, self._turned.size(1))
        met[rows.row(), rows.position()] = self._turned[rows.col]
        return met


def _tall(met: Tensor, diagonal: Tensor) -> Tensor:
    """Solve in the channels, of which there are no more than each row met."""
    system = met.transpose(1, 2) @ met
    system.diagonal(dim1=1, dim2=2).add_(diagonal)
    return _solved(system, met.sum(dim=1))


def _wide(met: Tensor, diagonal: Tensor) -> Tensor:
    """Solve in what each row met, which is less than there are channels."""
    scaled = met / diagonal[:, None]
    system = scaled @ met.transpose(1, 2)
    system.diagonal(dim1=1, dim2=2).add_(1.0)
    ones = met.new_ones(met.shape[:2])
    return (scaled.transpose(1, 2) @ _solved(system, ones)[..., None]).squeeze(-1)


def _solved(system: Tensor, target: Tensor) -> Tensor:
    most = system.diagonal(dim1=1, dim2=2).sum(dim=1, keepdim=True)
    lower = torch.linalg.cholesky(system)
    # Turned factors are right to an epsilon, and what is below its square is noise: as
    # often above zero as below, which alone Cholesky's method would notice.
    noise = most * torch.finfo(most.dtype).eps ** 2
    if (lower.diagonal(dim1=1, dim2=2).square() <= noise).any():
        lost = "a pivot is lost in rounding"
        raise torch.linalg.LinAlgError(lost)  # type: ignore[attr-defined]
    return torch.cholesky_solve(target[..., None], lower).squeeze(-1)


def _blocks(degree: Tensor, channels: int) -> Iterator[Tensor]:
    """Put rows of like degree together, as many as can be solved at once."""
    order = degree.argsort(descending=True)
    start = 0
    while start < order.numel():
        width = max(int(degree[order[start]]), 1)
        size = max(BLOCK_ENTRIES // (width * channels), 1)
        yield order[start : start + size]
        start += size

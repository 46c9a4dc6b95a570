r"""What smooths interactions on the items' graph, as heat spreads on it.

With :math:`\tilde R = D_u^{-1/4} R D_i^{-1/2}`, the graph between items is
:math:`\tilde P = \tilde R^{\top} \tilde R`. It is never formed.
"""

import torch
from torch import Tensor

from tvdiff_pyg.models.baselines.graph_filter import GraphFilter
from tvdiff_pyg.nn.spectral import singular_vectors
from tvdiff_pyg.sparse import BipartiteAdjacency

# Steps of the power method: the error of an eigenvalue is squared, so that of a small
# gap is small as well.
NUM_STEPS = 64


class HeatFilter:
    r"""Smooths signals on the graph between items.

    .. math::
        A = \frac{1}{1 + \omega} \big( \tilde P / \lambda_{max}
        + \omega \, V V^{\top} \big)

    with :math:`V` the leading right singular vectors of :math:`\tilde R`, an ideal
    low-pass filter. They come from a randomised decomposition of a fixed seed.

    Args:
        adjacency: The graph, its edges weighed by ``"linkprop"``.
        ideal_weight: Weight :math:`\omega`, at least 0. (default: ``0.0``)
        rank: Number of singular vectors; all if there are no more. (default: ``200``)

    Example:
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> graph = BipartiteAdjacency.from_edge_index(edge_index, (2, 2), "linkprop")
        >>> signal = torch.eye(2)
        >>> round(float(torch.linalg.eigvalsh(HeatFilter(graph)(signal))[-1]), 4)
        1.0
    """

    def __init__(
        self,
        adjacency: BipartiteAdjacency,
        ideal_weight: float = 0.0,
        rank: int = 200,
    ) -> None:
        self.graph = GraphFilter(adjacency.item_rows.transpose())
        self.ideal_weight = ideal_weight
        self.largest = largest_eigenvalue(self.graph)
        self.item_vector: Tensor | None = None
        if ideal_weight > 0:
            rows = adjacency.user_rows
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed(0)
                rank = min(rank, rows.num_rows, rows.num_cols)
                self.item_vector = singular_vectors(rows, rank, "linkprop")[1]

    def __call__(self, signal: Tensor) -> Tensor:
        """Smooth signals, differentiable.

        Args:
            signal: Rows, of shape ``[batch_size, num_items]``.

        Returns:
            Smooth ones, of the same shape.
        """
        smooth = self.graph.again(signal) / self.largest
        if self.item_vector is None:
            return smooth
        vector = self.item_vector.to(signal.dtype)
        ideal = signal @ vector @ vector.t()
        return (smooth + self.ideal_weight * ideal) / (1 + self.ideal_weight)


@torch.no_grad()
def largest_eigenvalue(graph: GraphFilter) -> float:
    r"""Find the largest eigenvalue of :math:`\tilde P` by the power method.

    Args:
        graph: The filter that multiplies by it.

    Returns:
        The eigenvalue; 1 where there is no edge, as nothing is to be scaled then.
    """
    # All of the graph's entries are positive, and so is the vector that is sought.
    vector = graph.rows.col_degree()[None].to(graph.rows.values().dtype)
    largest = 0.0
    for _ in range(NUM_STEPS):
        norm = float(vector.norm())
        if norm == 0:
            return 1.0
        vector = vector / norm
        reached = graph.again(vector)
        largest = float((vector * reached).sum())
        vector = reached
    return largest

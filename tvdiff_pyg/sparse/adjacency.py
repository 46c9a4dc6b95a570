"""The training graph as the towers read it: user rows and item rows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.sparse.csr import CSR
from tvdiff_pyg.sparse.normalization import (
    Normalization,
    bipartite_norm,
    check_normalization,
)


@dataclass(frozen=True, eq=False)
class BipartiteAdjacency:
    """Both orientations of a bipartite graph, sorted and weighed once.

    Args:
        user_rows: Each user's items, of shape ``[num_users, num_items]``.
        item_rows: Each item's users, of shape ``[num_items, num_users]``, with the
            normalised weights as values.
    """

    user_rows: CSR
    item_rows: CSR

    @staticmethod
    def from_edge_index(
        edge_index: Tensor,
        size: tuple[int, int],
        normalization: Normalization = "symmetric",
    ) -> "BipartiteAdjacency":
        """Build from (user, item) pairs.

        Args:
            edge_index: Distinct training interactions, ``[2, num_edges]``.
            size: ``(num_users, num_items)``.
            normalization: How the item tower weighs its messages; with ``"none"``
                it reads no graph and the weights stay ones.
                (default: ``"symmetric"``)

        Example:
            >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
            >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
            >>> adjacency.user_rows.degree().tolist()
            [2, 1]
        """
        check_normalization(normalization)
        user_rows = CSR.from_edge_index(edge_index, size)
        item_rows = user_rows.transpose()
        if normalization != "none":
            pairs = torch.stack([item_rows.col, item_rows.row()])
            weight = bipartite_norm(pairs, size, normalization)
            item_rows = item_rows.with_value(weight)
        return BipartiteAdjacency(user_rows, item_rows)

    def to(self, device: torch.device | str) -> "BipartiteAdjacency":
        """Move to a device."""
        return BipartiteAdjacency(self.user_rows.to(device), self.item_rows.to(device))

"""The training graph as the towers read it: user rows and item rows."""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.sparse.checks import check_vector
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
        user_rows: Each user's items, of shape ``[num_users, num_items]``; values, if
            any, weigh them.
        item_rows: Each item's users, of shape ``[num_items, num_users]``, with the
            normalised weights as values.
        item_degree: Interactions of each item in the whole graph, ``[num_items]``,
            where these are those of some users only. (default: ``None``)

    Raises:
        ValueError: If they are not of each other's transposed shape, or there is not
            one degree for each item.
    """

    user_rows: CSR
    item_rows: CSR
    item_degree: Tensor | None = None

    def __post_init__(self) -> None:
        """Check that both are of one graph's shape."""
        shape = [self.user_rows.num_cols, self.user_rows.num_rows]
        got = [self.item_rows.num_rows, self.item_rows.num_cols]
        if shape != got:
            raise ValueError(f"'item_rows' needs to be of shape {shape} (got {got})")
        if self.item_degree is not None:
            check_vector("item_degree", self.item_degree, shape[0], self.item_rows.col)

    @staticmethod
    def from_edge_index(
        edge_index: Tensor,
        size: tuple[int, int],
        normalization: Normalization = "symmetric",
        edge_weight: Tensor | None = None,
        item_degree: Tensor | None = None,
    ) -> "BipartiteAdjacency":
        """Build from (user, item) pairs.

        Args:
            edge_index: Distinct training interactions, ``[2, num_edges]``.
            size: ``(num_users, num_items)``.
            normalization: How the item tower weighs its messages; with ``"none"``
                it reads no graph and the weights stay ones.
                (default: ``"symmetric"``)
            edge_weight: What each interaction weighs in both towers, of shape
                ``[num_edges]``; ones if omitted. Degrees count interactions.
                (default: ``None``)
            item_degree: Interactions of each item, of shape ``[num_items]``, where
                these are those of some users only; counted if omitted.
                (default: ``None``)

        Raises:
            ValueError: If a pair is no two integers in range, there is not one weight
                for each, or ``normalization`` is unknown.

        Example:
            >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
            >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
            >>> adjacency.user_rows.degree().tolist()
            [2, 1]
        """
        check_normalization(normalization)
        user_rows = weighted = CSR.from_edge_index(edge_index, size, edge_weight)
        if normalization != "none":
            pairs = torch.stack([user_rows.row(), user_rows.col])
            degree = None
            if item_degree is not None:
                degree = user_rows.degree(), item_degree
            value = user_rows.value
            weight = bipartite_norm(pairs, size, normalization, value, degree)
            weighted = user_rows.with_value(weight, normalized=True)
        return BipartiteAdjacency(user_rows, weighted.transpose(), item_degree)

    def to(self, device: torch.device | str) -> "BipartiteAdjacency":
        """Move to a device."""
        degree = self.item_degree
        return BipartiteAdjacency(
            self.user_rows.to(device),
            self.item_rows.to(device),
            None if degree is None else degree.to(device),
        )


def check_adjacency(adjacency: object) -> None:
    """Raise a ``ValueError`` unless a graph is sorted and weighed, as steps read it.

    Args:
        adjacency: What a model's ``adjacency_of`` makes of a graph, once.
    """
    if not isinstance(adjacency, BipartiteAdjacency):
        raise ValueError(
            "'adjacency' needs to be an adjacency, as 'model.adjacency_of(graph)' "
            f"returns it (got {type(adjacency).__name__})"
        )

"""The baseline that every recommender has to beat."""

import torch
from torch import Tensor

from tvdiff_pyg.models.model import FactorModel, ItemSide
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


class Popularity(FactorModel):
    """Scores each item by its number of training interactions, alike for all users.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1], [0, 0, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> Popularity().encode_items(adjacency).factor.tolist()
        [[2.0], [1.0]]
    """

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Count the interactions of each item."""
        return ItemSide(adjacency.item_rows.degree().float().unsqueeze(-1))

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Give every user the same factor."""
        return torch.ones(history.num_rows, 1, device=items.factor.device)

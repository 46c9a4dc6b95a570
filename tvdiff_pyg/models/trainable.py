"""Models that learn by gradients, for a graph of fixed users and items."""

from typing import Any

from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.models.model import Model
from tvdiff_pyg.nn.bipartite import check_sizes
from tvdiff_pyg.sparse import BipartiteAdjacency


class TrainableModel(Model):
    """A model that learns by gradients from a graph of fixed users and items.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.

    Raises:
        ValueError: If a number is below 1.
    """

    def __init__(self, num_users: int, num_items: int) -> None:
        super().__init__()
        check_sizes(num_users=num_users, num_items=num_items)
        self.num_users = num_users
        self.num_items = num_items

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build from settings: by default, they are the further arguments."""
        return cls(num_users, num_items, **vars(config))

    def adjacency(self, edge_index: Tensor) -> BipartiteAdjacency:
        """Sort and weigh the training graph as this model reads it.

        Args:
            edge_index: (user, item) pairs, long, of shape ``[2, num_edges]``.

        Returns:
            The adjacency that the other methods take.
        """
        size = (self.num_users, self.num_items)
        return BipartiteAdjacency.from_edge_index(edge_index, size, self.normalization)

    def check_size(self, graph: BipartiteAdjacency) -> None:
        """Raise unless a graph is of the model's size.

        Args:
            graph: The graph.

        Raises:
            ValueError: If it has other numbers of users and items.
        """
        rows, needed = graph.user_rows, (self.num_users, self.num_items)
        if (rows.num_rows, rows.num_cols) != needed:
            raise ValueError(
                f"'graph' needs {needed[0]} users and {needed[1]} items, as the model "
                f"has (got {rows.num_rows} and {rows.num_cols})"
            )

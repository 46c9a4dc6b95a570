"""Models that learn by gradients, for a graph of fixed users and items."""

from typing import Any

from torch_geometric.data import HeteroData
from torch_geometric.typing import Adj
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.models.model import Model
from tvdiff_pyg.nn.bipartite_messages import check_sizes
from tvdiff_pyg.sparse import BipartiteAdjacency, bipartite_adjacency


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

    def adjacency(self, edge_index: Adj) -> BipartiteAdjacency:
        """Sort and weigh the training graph as this model reads it.

        Args:
            edge_index: (user, item) pairs, of shape ``[2, num_edges]``, or any other
                of PyG's formats, whose values are not read.

        Returns:
            The adjacency that the other methods take.

        Raises:
            ValueError: If an id is out of range, or another size is given.
        """
        if isinstance(edge_index, HeteroData):
            raise ValueError(
                "'edge_index' needs to be edges alone; 'adjacency_of' takes graphs "
                f"(got {type(edge_index).__name__})"
            )
        size = self.num_users, self.num_items
        graph = bipartite_adjacency(edge_index, size, "edge_index", self.normalization)
        return self.adjacency_of(graph)

    def adjacency_of(self, graph: GraphLike) -> BipartiteAdjacency:
        """Sort and weigh the training pairs of a graph of the model's size.

        See :meth:`Model.adjacency_of`.
        """
        adjacency = super().adjacency_of(graph)
        self.check_size(adjacency)
        return adjacency

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

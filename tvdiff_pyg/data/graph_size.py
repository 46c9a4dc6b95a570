"""How large a graph is: all that a memory plan needs to know of it."""

from dataclasses import dataclass, replace

from tvdiff_pyg.data.features import NodeFeatures
from tvdiff_pyg.data.graph_like import GraphLike, as_graph
from tvdiff_pyg.data.prepared import PreparedData
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse.node_features import num_stored

#: A pair is numbered by a 64-bit integer.
MOST_PAIRS = 2**63 - 1


@dataclass(frozen=True)
class GraphSize:
    """How large a graph is.

    Args:
        num_users: Users, at least 1.
        num_items: Items, at least 1.
        num_interactions: Interactions, held-out ones included, at least 1.
        num_features: Features of users and of items. (default: ``0``)
        num_entries: Numbers that are stored of them. (default: ``0``)

    Raises:
        ValueError: If a number is below 1, or there are more interactions than pairs.
    """

    num_users: int
    num_items: int
    num_interactions: int
    num_features: int = 0
    num_entries: int = 0

    @staticmethod
    def of(graph: GraphLike) -> "GraphSize":
        """Count what a graph, or what is read as one, holds."""
        if not isinstance(graph, PreparedData):
            graph = as_graph(graph)
        counts = graph.counts()
        interactions = sum(counts[part] for part in ("train", "validation", "test"))
        features = () if isinstance(graph, PreparedData) else NodeFeatures.of(graph)
        given = [x for x in features if x is not None]
        return GraphSize(
            graph.num_users,
            graph.num_items,
            interactions,
            sum(x.size(1) for x in given),
            sum(num_stored(x) for x in given),
        )

    @property
    def density(self) -> float:
        """Share of all pairs of a user and an item that are interactions."""
        return self.num_interactions / (self.num_users * self.num_items)

    def part(self, number: int) -> "GraphSize":
        """Return the size of one of several parts, each of as many users and all items.

        Args:
            number: How many parts, at least 1.

        Example:
            >>> GraphSize(5, 3, 10).part(2)
            GraphSize(num_users=3, num_items=3, num_interactions=5, num_features=0,
                      num_entries=0)
        """
        check_integer("number", number, low=1)
        users, pairs = -(-self.num_users // number), -(-self.num_interactions // number)
        return replace(self, num_users=users, num_interactions=pairs)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in vars(self).items():
            low = 0 if name in ("num_features", "num_entries") else 1
            check_integer(name, value, low=low, high=MOST_PAIRS)
        most = self.num_users * self.num_items
        if self.num_interactions > most:
            raise ValueError(
                f"'num_interactions' needs to be at most {most}, as there are pairs "
                f"of a user and an item (got {self.num_interactions})"
            )

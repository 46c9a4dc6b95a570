"""How large a graph is: all that a memory plan needs to know of it."""

from dataclasses import dataclass

from tvdiff_pyg.data.graph import BipartiteGraph


@dataclass(frozen=True)
class GraphSize:
    """How large a graph is.

    Args:
        num_users: Users, at least 1.
        num_items: Items, at least 1.
        num_interactions: Interactions, held-out ones included, at least 1.

    Raises:
        ValueError: If a number is below 1.
    """

    num_users: int
    num_items: int
    num_interactions: int

    @staticmethod
    def of(graph: BipartiteGraph) -> "GraphSize":
        """Count what a graph holds."""
        counts = graph.counts()
        interactions = sum(counts[part] for part in ("train", "validation", "test"))
        return GraphSize(graph.num_users, graph.num_items, interactions)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"'{name}' needs to be at least 1 (got {value})")

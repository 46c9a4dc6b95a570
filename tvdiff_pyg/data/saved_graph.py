"""A graph as a file: written whole, and checked when it is read."""

import os

from typing_extensions import Self

from tvdiff_pyg.data.edge_weights import check_weights
from tvdiff_pyg.data.features import NodeFeatures
from tvdiff_pyg.data.id_map import IdMap
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.data.named_graph import NamedGraph, checked_ids, checked_titles
from tvdiff_pyg.data.pairs import pair_keys
from tvdiff_pyg.plain import load_plain, save_plain


class SavedGraph(NamedGraph):
    """Named interactions that can be kept in a file."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the graph to one file that holds tensors, numbers and strings only.

        The file appears whole or not at all. ``torch.load(weights_only=True)`` reads
        it without this library.

        Args:
            path: The file; an existing one is replaced.

        Example:
            >>> import tempfile, torch
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> graph = BipartiteGraph.from_edge_index(torch.tensor([[0], [1]]), 1, 2)
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     graph.save(folder + "/graph.pt")
            ...     BipartiteGraph.load(folder + "/graph.pt").num_items
            2
        """
        state = NodeFeatures.of(self).put(self).to_dict()
        maps = {"user_ids": self.user_ids, "item_ids": self.item_ids}
        plain = {name: ids.state_dict() for name, ids in maps.items()}
        state["_global_store"] = state["_global_store"] | plain
        save_plain(state, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """Reads a graph that :meth:`save` wrote.

        Args:
            path: The file.

        Returns:
            The graph.

        Raises:
            ValueError: If the file holds something else.
        """
        state = load_plain(path, "path", "a saved BipartiteGraph")
        try:
            graph = cls.from_dict(state)
            for key in ("user_ids", "item_ids"):
                ids = IdMap.from_state_dict(graph._global_store[key])
                graph._set_global(**{key: ids})
            graph._check()
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"'path' needs to be a saved BipartiteGraph "
                f"(got {os.fspath(path)!r}: {error})"
            ) from error
        return graph

    def _check(self) -> None:
        """Raises unless all that was read fits together."""
        size = self.num_users, self.num_items
        for part in ("train_index", "validation_index", "test_index"):
            index = getattr(self, part)
            if pair_keys(index, part, *size).numel() != index.size(1):
                raise ValueError(f"'{part}' needs distinct pairs")
        check_weights(self[RATES], self[RATED_BY])
        NodeFeatures.of(self)
        checked_ids(self.user_ids, "user", size[0])
        checked_ids(self.item_ids, "item", size[1])
        checked_titles(self.item_titles, size[1])

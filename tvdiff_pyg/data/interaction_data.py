"""Training pairs as edges and held-out pairs as labels, in PyG's ``HeteroData``."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.data.storage import EdgeStorage
from typing_extensions import Self

HeldOutPart = Literal["validation", "test"]

RATES = ("user", "rates", "item")
RATED_BY = ("item", "rated_by", "user")
VALIDATION_LABEL, TEST_LABEL = 0, 1


class _InteractionStorage(EdgeStorage):
    # PyG takes a tensor for an edge attribute when its length happens to be the number
    # of edges, and its loaders would then filter the held-out pairs as if they were.
    def is_edge_attr(self, key: str) -> bool:
        return not key.startswith("edge_label") and bool(super().is_edge_attr(key))


class InteractionData(HeteroData):
    """A :class:`~torch_geometric.data.HeteroData` of pairs in three parts.

    Training pairs are the edges of ``("user", "rates", "item")``;
    ``("item", "rated_by", "user")`` holds them flipped. Held-out pairs are no edges:
    they stand in ``edge_label_index`` of the ``rates`` store, and ``edge_label_split``
    says which are validation (0) and which test (1).
    """

    @property
    def train_index(self) -> Tensor:
        """Training pairs, shape ``[2, num_train]``, sorted by user, then item."""
        return self[RATES].edge_index

    @property
    def validation_index(self) -> Tensor:
        """Validation pairs, shape ``[2, num_validation]``."""
        return self._held_out(VALIDATION_LABEL)

    @property
    def test_index(self) -> Tensor:
        """Test pairs, shape ``[2, num_test]``."""
        return self._held_out(TEST_LABEL)

    def seen_index(self, before: HeldOutPart = "test") -> Tensor:
        """Returns the pairs that are known before a part that is held out.

        Args:
            before: ``"validation"``: training pairs; ``"test"``: validation pairs too,
                and so it is for recommending. (default: ``"test"``)

        Returns:
            The pairs, shape ``[2, num_seen]``.

        Raises:
            ValueError: If there is no such part.

        Example:
            >>> from tvdiff_pyg.data import BipartiteGraph
            >>> train, validation = torch.tensor([[0], [0]]), torch.tensor([[0], [1]])
            >>> graph = BipartiteGraph.from_edge_index(
            ...     train, 1, 2, validation_index=validation
            ... )
            >>> graph.seen_index("validation").size(1), graph.seen_index().size(1)
            (1, 2)
        """
        if before not in get_args(HeldOutPart):
            raise ValueError(
                f"'before' needs to be one of {list(get_args(HeldOutPart))} "
                f"(got {before!r})"
            )
        if before == "validation":
            return self.train_index
        return torch.cat([self.train_index, self.validation_index], dim=1)

    # PyG creates stores in these two places.
    def get_edge_store(self, src: str, rel: str, dst: str) -> EdgeStorage:
        """Returns the store of an edge type, a new one where there is none."""
        key = (src, rel, dst)
        if key not in self._edge_store_dict:
            self._check_type_name(rel)
            self._edge_store_dict[key] = _InteractionStorage(_parent=self, _key=key)
        return self._edge_store_dict[key]

    @classmethod
    def from_dict(cls, mapping: dict[Any, Any]) -> Self:
        """Rebuilds a graph from what ``to_dict`` returned."""
        graph = cls()
        for key, values in mapping.items():
            store = graph._global_store if key == "_global_store" else graph[key]
            for name, value in values.items():
                store[name] = value
        return graph

    def _set_pairs(self, train: Tensor, validation: Tensor, test: Tensor) -> None:
        rates = self[RATES]
        rates.edge_index = train
        rates.edge_label_index = torch.cat([validation, test], dim=1)
        split = torch.full((rates.edge_label_index.size(1),), TEST_LABEL)
        split[: validation.size(1)] = VALIDATION_LABEL
        rates.edge_label_split = split
        self[RATED_BY].edge_index = train.flip(0)

    def _held_out(self, label: int) -> Tensor:
        rates = self[RATES]
        return rates.edge_label_index[:, rates.edge_label_split == label]

"""The baseline that every recommender has to beat."""

from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.sparse import CSR


@dataclass(frozen=True)
class PopularityConfig(ModelConfig):
    """Settings of :class:`Popularity`: there are none."""

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan a ranking by one channel."""
        return {"activations": factor_scoring(size, 1)}


@register_model("popularity", PopularityConfig)
class Popularity(ClosedFormModel):
    """Scores each item by its number of training interactions, alike for all users.

    Example:
        >>> edge_index = torch.tensor([[0, 1, 1], [0, 0, 1]])
        >>> Popularity().scorer(edge_index).item_factor.tolist()
        [[2.0], [1.0]]
    """

    def __init__(self) -> None:
        super().__init__(PopularityConfig())

    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Return the model: its scorer counts."""
        return self

    def scorer(self, graph: GraphLike) -> "PopularityScorer":
        """Count the interactions of each item.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        graph = self.adjacency_of(graph)
        count = graph.item_rows.degree().float().unsqueeze(-1)
        return PopularityScorer(graph.user_rows, count)


class PopularityScorer(FactorScorer):
    """Gives every user the same factor."""

    def query(self, history: CSR) -> Tensor:
        """Return ones, of shape ``[batch_size, 1]``."""
        return torch.ones(history.num_rows, 1, device=self.item_factor.device)

"""Cold items, ranked among themselves by whatever knows something of them."""

from collections.abc import Callable
from typing import Any

import torch
from cold_split import ColdSplit
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.models import Model, Scorer, Search
from tvdiff_pyg.ranking import ExactRanker, HistoryRanker
from tvdiff_pyg.sparse import CSR, sparse_product

METRICS = ("recall@20", "ndcg@20")
# What can be known of a cold item.
GIVEN = ("nothing", "features", "users", "users and features")
RANDOM_CHANNELS = 16

Metrics = dict[str, float]


class ColdScorer(Scorer[Any]):
    """Ranks the cold items alone.

    Args:
        given: The cold items that users are known to have met, which are left out.
        ranker: What ranks.
        known: Returns what it reads of users.
    """

    def __init__(
        self, given: CSR, ranker: Search, known: Callable[[Tensor], Any]
    ) -> None:
        super().__init__(given, ranker)
        self._known = known

    def known(self, user: Tensor) -> Any:
        return self._known(user)


def at_random(split: ColdSplit, seed: int) -> Metrics:
    """Rank by scores of no meaning."""
    generator = torch.Generator().manual_seed(seed)
    user, item = (
        torch.randn(count, RANDOM_CHANNELS, generator=generator)
        for count in (split.cold.num_users, split.cold.num_items)
    )
    return _measured(split, ExactRanker(item), lambda index: user[index])


def by_popularity(split: ColdSplit) -> Metrics:
    """Rank by how many users are given."""
    count = _rows(split.cold).col_degree().float().unsqueeze(-1)
    return _measured(split, ExactRanker(count), lambda user: torch.ones(len(user), 1))


def by_users(split: ColdSplit) -> Metrics:
    """Rank by item-kNN: cosines of the users of two items, over a history."""
    cold, warm = (_unit(_rows(graph).transpose()) for graph in (split.cold, split.warm))
    return _by_histories(split, sparse_product(cold, warm.transpose()))


def by_content(split: ColdSplit, neighbors: int | None) -> Metrics:
    """Rank by content-kNN: cosines of the features of two items, over a history.

    Args:
        split: What is ranked.
        neighbors: The nearest items that count, with all that are as near as the last
            of them; all if ``None``.
    """
    assert split.x is not None
    cold, warm = (
        torch.nn.functional.normalize(x.to_dense(), dim=1)
        for x in (split.x, split.warm["item"].x)
    )
    weight = cold @ warm.t()
    if neighbors is not None:
        last = weight.topk(neighbors, dim=1).values[:, -1:]
        weight = weight.masked_fill(weight < last, 0.0)
    return _by_histories(split, weight)


def folded_in(split: ColdSplit, model: Model) -> dict[str, Metrics]:
    """Rank by the factors that cold items are folded in with, by what is given of them.

    Args:
        split: What is ranked.
        model: A model that was fitted to the other items.
    """
    users = _rows(split.cold).transpose()
    nobody = users.head(torch.zeros_like(users.degree()))
    given = {"users": NewItems(users)}
    if model.config.unfeatured is None:
        given["features"] = NewItems(nobody, split.x)
        given["users and features"] = NewItems(users, split.x)
    scorer = model.scorer(split.warm)
    found = {}
    for name, items in given.items():
        factors = scorer.with_items(items).factors
        assert factors is not None
        cold = factors.item_factor[split.warm.num_items :]
        found[name] = _measured(split, ExactRanker(cold), scorer.known)
    return found


def _by_histories(split: ColdSplit, weight: Tensor) -> Metrics:
    """Rank by sums over histories of weights, of shape ``[num_cold, num_warm]``."""
    return _measured(split, HistoryRanker(weight), _rows(split.warm).select)


def _measured(
    split: ColdSplit, ranker: Search, known: Callable[[Tensor], Any]
) -> Metrics:
    scorer = ColdScorer(_rows(split.cold), ranker, known)
    found = evaluate(scorer, EvaluationTask.from_graph(split.cold, "test"), ks=(20,))
    return {name: found[name] for name in METRICS}


def _rows(graph: BipartiteGraph) -> CSR:
    """Return the training items of each user."""
    return CSR.from_edge_index(graph.train_index, (graph.num_users, graph.num_items))


def _unit(rows: CSR) -> CSR:
    """Scale each row of ones to length 1."""
    scale = rows.degree().clamp(min=1).float().rsqrt()
    return rows.with_value(scale[rows.row()])

"""A closed-form model in one file: the truncated singular vectors of the interactions.

tvdiff fit --plugin examples/plugins/pure_svd.py --model pure-svd --rank 32 \
    --data movielens-small --run runs/pure-svd
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.models import (
    ClosedFormModel,
    FactorScorer,
    ModelConfig,
    register_model,
)
from tvdiff_pyg.models.memory import factor_scoring
from tvdiff_pyg.sparse import spmm, to_sparse


@dataclass(frozen=True)
class PureSVDConfig(ModelConfig):
    """Settings of PureSVD.

    Args:
        rank: Number of singular vectors, at least 1.
    """

    rank: int = 64

    def __post_init__(self):
        super().__post_init__()
        self.check_at_least(1, "rank")

    def memory(self, size, step):
        vectors = 4 * (size.num_users + size.num_items) * self.rank
        return {
            "parameters": 3 * vectors,
            "activations": factor_scoring(size, self.rank),
        }


@register_model("pure-svd", PureSVDConfig)
class PureSVD(ClosedFormModel):
    """Truncated singular vectors, as in PureSVD (Cremonesi et al., 2010)."""

    fitted = ("item_factor",)

    def __init__(self, rank: int = 64):
        super().__init__(PureSVDConfig(rank))

    def fit(self, graph, seed=0):
        matrix = to_sparse(graph.user_rows.with_value(None))
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            rank = min(self.config.rank, *matrix.shape)
            self.item_factor = torch.svd_lowrank(matrix, rank, niter=4)[2]
        return self

    def scorer(self, graph):
        self.check_fitted()
        self.check_size("items", self.item_factor.size(0), graph.user_rows.num_cols)
        return SumScorer(graph.user_rows, self.item_factor)


class SumScorer(FactorScorer):
    """A user's factor is the sum of those of their items."""

    def query(self, history) -> Tensor:
        return spmm(history.with_value(None), self.item_factor)

r"""What models share that let an ideal low-pass filter of the items' graph pass.

With :math:`V` the leading right singular vectors of
:math:`\tilde R = D_u^{-1/2} R D_i^{-1/2}`, it is
:math:`F = D_i^{-1/2} V V^{\top} D_i^{1/2}`.
"""

import logging
from dataclasses import dataclass

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.graph_filter import filter_memory
from tvdiff_pyg.models.baselines.item_item import ItemItemConfig
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import FLOAT, Step
from tvdiff_pyg.nn.spectral import OVERSAMPLING, singular_vectors
from tvdiff_pyg.search_space import Range, Space, log
from tvdiff_pyg.sparse import CSR, spmm

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class IdealFilterConfig(ItemItemConfig):
    """Settings of such models.

    Args:
        rank: Singular vectors that the ideal filter lets pass, at least 1.
        alpha: Weight of the ideal filter, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    rank: int = 256
    alpha: float = 0.3

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "rank")
        self.check("alpha", self.alpha >= 0, "at least 0")

    @property
    def search_space(self) -> Space:
        """Both."""
        return {"rank": log(16, 512), "alpha": Range(0.0, 1.0)}

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the filters, and the vectors in all that a decomposition needs."""
        rank = min(self.rank + OVERSAMPLING, size.num_users, size.num_items)
        vectors = 3 * FLOAT * (size.num_users + size.num_items) * rank
        return {"parameters": vectors, **filter_memory(size)}


class IdealFilterModel(ClosedFormModel):
    """Fits the vectors of the filter, by a randomised decomposition (`Halko et al.,
    2011 <https://arxiv.org/abs/0909.4061>`_). No matrix between items is formed.

    Attributes:
        item_vector: They, of shape ``[num_items, rank]``; ``None`` before :meth:`fit`.
    """

    config: IdealFilterConfig
    fitted = ("item_vector",)
    item_vector: Tensor | None

    @torch.no_grad()
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Find the singular vectors."""
        rows = self.adjacency_of(graph).user_rows.with_value(None)
        whole = min(rows.num_rows, rows.num_cols)
        rank = min(self.config.rank, whole)
        if rank == whole:
            logger.warning(
                "'rank' needs to be below %d, or the ideal filter lets the whole graph "
                "pass and filters nothing (got %d)",
                whole,
                self.config.rank,
            )
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.item_vector = singular_vectors(rows, rank)[1].contiguous()
        return self

    def ideal_filter(self, rows: CSR) -> "IdealFilter":
        """Return the filter, as heavy as the settings say.

        Args:
            rows: Each user's training items, of shape ``[num_users, num_items]``.

        Raises:
            ValueError: If the model is not fitted, or to another number of items.
        """
        self.check_fitted()
        assert self.item_vector is not None
        self.check_size("items", self.item_vector.size(0), rows.num_cols)
        return IdealFilter(rows, self.item_vector, self.config.alpha)


class IdealFilter:
    r"""Multiplies by :math:`\alpha F`, over its two factors.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        item_vector: Singular vectors, of shape ``[num_items, rank]``.
        alpha: Weight of the filter.
    """

    def __init__(self, rows: CSR, item_vector: Tensor, alpha: float) -> None:
        root = rows.col_degree().clamp(min=1).sqrt()[:, None]
        self._into, self._out = alpha * item_vector / root, (item_vector * root).t()

    def add_to(self, score: Tensor, history: CSR) -> Tensor:
        """Add filtered histories to scores, in place.

        Args:
            score: Scores, of shape ``[batch_size, num_items]``.
            history: Each user's items, of the same shape.

        Returns:
            The scores.
        """
        return score.addmm_(spmm(history.with_value(None), self._into), self._out)

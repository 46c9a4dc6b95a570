"""What models have in common that score items by a history's items."""

import torch
from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.models.base import FactorModel, ItemSide
from tvdiff_pyg.nn import CSR, BipartiteAdjacency, sparse_product, spmm
from tvdiff_pyg.nn.csr import to_csr
from tvdiff_pyg.ranking import Ranker, rank_scores

# Entries of a dense block, of scores or of a Gram matrix: 64 MiB.
BLOCK_ENTRIES = 2**24


class ItemItemModel(FactorModel):
    r"""Scores by a matrix :math:`B` between items, without training by gradients.

    .. math::
        \hat r_u = r_u B

    As factors, a user's is the history :math:`r_u` and an item's is its column of
    :math:`B`: new histories need no fitting. Subclasses compute the matrix in
    :meth:`item_weight`.
    """

    #: :math:`B^{\top}`, dense or sparse, of shape ``[num_items, num_items]``.
    weight: Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("weight", None)

    @torch.no_grad()
    def fit(self, adjacency: BipartiteAdjacency) -> Self:
        """Compute the matrix from the training graph.

        Args:
            adjacency: The training graph; its weights are not read.

        Returns:
            The model itself.
        """
        self.weight = None  # Two of them may not fit.
        self.weight = self.item_weight(adjacency)
        return self

    def item_weight(self, adjacency: BipartiteAdjacency) -> Tensor:
        r"""Compute :math:`B^{\top}`, of shape ``[num_items, num_items]``.

        Args:
            adjacency: The training graph.
        """
        raise NotImplementedError

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Return each item's weights.

        Args:
            adjacency: A graph of the items that the model was fitted to.

        Raises:
            ValueError: If the model is not fitted, or to other items.
        """
        name, num_items = self.__class__.__name__, adjacency.user_rows.num_cols
        if self.weight is None:
            raise ValueError(f"{name} needs to be fitted before it scores")
        if self.weight.size(0) != num_items:
            raise ValueError(
                f"'adjacency' needs {self.weight.size(0)} items, as {name} was fitted "
                f"to (got {num_items})"
            )
        return ItemSide(self.weight)

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Return the histories, as a sparse matrix ``[batch_size, num_items]``."""
        one = torch.ones((), dtype=items.factor.dtype, device=history.col.device)
        return to_sparse(history.with_value(one.expand(history.nnz)))

    def ranker(self, items: ItemSide) -> Ranker:
        """Rank by sums over a history's items: most of a user factor is zero."""
        return HistoryRanker(items.factor)


def to_sparse(csr: CSR) -> Tensor:
    """Turn a :class:`CSR` into a ``torch.sparse`` tensor."""
    return torch.sparse_coo_tensor(
        torch.stack([csr.row(), csr.col]),
        csr.values(),
        (csr.num_rows, csr.num_cols),
        is_coalesced=True,
        check_invariants=False,
    )


class HistoryRanker(Ranker):
    """Ranks by products of sparse histories and item weights.

    Args:
        weight: Item weights, dense or sparse, of shape ``[num_items, num_items]``; the
            row is the item that is scored.

    Example:
        >>> weight = torch.tensor([[0.0, 0.0, 0.0], [0.5, 0.0, 0.0], [0.9, 0.0, 0.0]])
        >>> HistoryRanker(weight).search(torch.eye(3)[:1].to_sparse(), k=2)[1].tolist()
        [[2, 1]]
    """

    def __init__(self, weight: Tensor) -> None:
        size = (weight.size(0), weight.size(1))
        self._from_history: CSR | Tensor
        if weight.layout == torch.strided:
            self._from_history = weight.t().contiguous()
        else:
            self._from_history = csr_rows(weight).transpose()
        self.user_block = max(BLOCK_ENTRIES // max(size[0], 1), 1)

    def scores(self, history: Tensor) -> Tensor:
        """Compute the scores of one block, dense, of the shape of ``history``."""
        if isinstance(self._from_history, CSR):
            return sparse_product(csr_rows(history), self._from_history)
        return spmm(csr_rows(history), self._from_history)

    def search_block(
        self, user: Tensor, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of histories; see :meth:`Ranker.search`."""
        return rank_scores(self.scores(user), k, seen)


def csr_rows(matrix: Tensor) -> CSR:
    """Turn a ``torch.sparse`` tensor into a :class:`CSR` with values."""
    csr = to_csr(matrix, (matrix.size(0), matrix.size(1)))
    assert isinstance(csr, CSR)
    return csr

r"""What models share that filter histories on the graph of items: the filter.

With :math:`\tilde R = D_u^{-a} R D_i^{-b}`, the items' graph is
:math:`\tilde P = \tilde R^{\top} \tilde R`. Histories are multiplied by it a block at a
time; it is never formed.
"""

import torch
from torch import Tensor

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.neighbors import PAIRS_AT_ONCE, product_blocks
from tvdiff_pyg.models.memory import FLOAT, INDEX
from tvdiff_pyg.ranking import LinearRanker
from tvdiff_pyg.ranking.scores import BLOCK_ENTRIES
from tvdiff_pyg.sparse import CSR, csr_rows, sparse_product, spmm, to_sparse


def weighed(rows: CSR, user_power: float, item_power: float) -> CSR:
    r"""Divide interactions by powers of their degrees, :math:`\tilde R`.

    Args:
        rows: Each user's items, of shape ``[num_users, num_items]``.
        user_power: Power :math:`a` of the users' degrees.
        item_power: Power :math:`b` of the items' degrees.
    """
    user = rows.degree().float().pow(-user_power)[rows.row()]
    item = rows.col_degree().float().pow(-item_power)[rows.col]
    return rows.with_value(user * item)


def sparse_filter(history: CSR, left: CSR, right: CSR) -> Tensor:
    """Multiply histories by two sparse factors.

    Args:
        history: Each user's items, of shape ``[batch_size, num_items]``.
        left: The first factor, of shape ``[num_items, channels]``.
        right: The second one, of shape ``[channels, num_items]``.

    Returns:
        A dense matrix, of the shape of ``history``.
    """
    ones = history.with_value(left.values().new_ones(history.nnz))
    reached = torch.sparse.mm(to_sparse(ones), to_sparse(left))
    return sparse_product(csr_rows(reached), right)


class GraphFilter:
    r"""Multiplies by :math:`\tilde P`, over its two factors.

    Args:
        rows: The factor :math:`\tilde R`, of shape ``[num_users, num_items]``.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
        >>> GraphFilter(rows).of(rows)
        tensor([[2., 3.],
                [1., 2.]])
    """

    def __init__(self, rows: CSR) -> None:
        self.rows, self.columns = rows, rows.transpose()

    def of(self, history: CSR) -> Tensor:
        """Multiply histories.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            A dense matrix of the same shape.
        """
        return sparse_filter(history, self.columns, self.rows)

    def again(self, score: Tensor) -> Tensor:
        """Multiply what is dense.

        Args:
            score: Rows, of shape ``[batch_size, num_items]``.

        Returns:
            A matrix of the same shape.
        """
        return spmm(self.columns, spmm(self.rows, score.t())).t()


class PoweredFilter(GraphFilter):
    r"""Multiplies by :math:`\tilde P`, each entry of it to a power.

    Its rows are computed anew for each block of histories, a few at a time.

    Args:
        rows: The factor :math:`\tilde R`, of shape ``[num_users, num_items]``.
        power: The power, above 0.
    """

    def __init__(self, rows: CSR, power: float) -> None:
        super().__init__(rows)
        self.power = power

    def of(self, history: CSR) -> Tensor:
        """Multiply histories; see :meth:`GraphFilter.of`."""
        met = history.col.unique()
        local = history.with_value(None).restrict(met)
        score = self.rows.values().new_zeros(history.num_rows, history.num_cols)
        size = (met.numel(), history.num_cols)
        for pair, value in product_blocks(self.columns.select(met), self.rows):
            part = CSR.from_edge_index(pair, size, value.pow(self.power))
            score += sparse_product(local, part)
        return score

    def again(self, score: Tensor) -> Tensor:
        """Multiply what is dense; see :meth:`GraphFilter.again`."""
        size, across = (score.size(1), score.size(1)), score.t().contiguous()
        found = torch.zeros_like(across)
        for pair, value in product_blocks(self.columns, self.rows):
            part = CSR.from_edge_index(pair, size, value.pow(self.power))
            found += spmm(part, across)
        return found.t()


class FilterRanker(LinearRanker):
    """Ranks by filtered histories, as many at once as users or items allow.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
    """

    def __init__(self, rows: CSR) -> None:
        super().__init__(rows.num_cols)
        self.user_block = max(BLOCK_ENTRIES // max(rows.num_rows, rows.num_cols, 1), 1)


def filter_memory(size: GraphSize) -> dict[str, int]:
    """Plan the factor both ways, blocks of users and of items, and terms of products.

    Args:
        size: How large the graph is.
    """
    blocks = (6 * FLOAT + FLOAT + 2 * INDEX) * BLOCK_ENTRIES
    return {
        "weights": 2 * (2 * FLOAT + 3 * INDEX) * size.num_interactions,
        "activations": blocks + 60 * PAIRS_AT_ONCE,
    }

"""Scores of users that are known by their ids: a table of factors."""

from torch import Tensor

from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.sparse import CSR


class TableScorer(FactorScorer):
    """Scores by factors of users that are known by their ids.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        name: The model, for messages.

    Example:
        >>> import torch
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 1], [0, 1]]), (2, 2))
        >>> scorer = TableScorer(rows, torch.eye(2), torch.eye(2), "Identity")
        >>> scorer.rank(torch.tensor([1]), k=1)[1].tolist()
        [[1]]
    """

    def __init__(
        self, rows: CSR, user_factor: Tensor, item_factor: Tensor, name: str
    ) -> None:
        super().__init__(rows, item_factor)
        self.user_factor = user_factor
        self._name = name

    @property
    def unexplained(self) -> str | None:
        """That histories are not read."""
        return "which knows users by their id"

    def known(self, user: Tensor) -> Tensor:
        """Look the factors up."""
        return self.user_factor[user]

    def query(self, history: CSR) -> Tensor:
        """Raise: histories are not read."""
        raise ValueError(
            f"{self._name} knows users by their id, so a new history needs a model "
            f"that reads histories, such as TVDiff"
        )

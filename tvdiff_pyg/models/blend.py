"""The scores of a model and those of a linear item model, added on one scale."""

import torch
from torch import Tensor

from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.model import FactorModel, ItemSide
from tvdiff_pyg.ranking import BlendRanker, HistoryRanker, Ranker
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, gram

# The users, at least, that the scales of both scores are measured on.
SAMPLED_USERS = 512


class LinearBlend(FactorModel):
    r"""Adds the scores of a linear item model to those of a model of factors.

    .. math::
        s_{ui} = \hat u_u^{\top} v_i + \mathrm{share} \cdot \frac{\sigma_{\hat u v}}
        {\sigma_{r B}} \, r_u B_{\cdot i}

    with :math:`\sigma` the standard deviations of both scores over a sample of users
    and all items, so that a share means the same on any data. As factors, a user's is
    :math:`[\hat u_u, r_u]`, sparse.

    Args:
        model: The model of dense factors, such as :class:`TVDiff`.
        linear: The linear item model, fitted to the same training graph.
        share: Standard deviations of its scores for each one of the model's, at
            least 0. (default: ``0.3``)

    Raises:
        ValueError: If ``share`` is negative.

    Example:
        >>> from tvdiff_pyg.models import LocalEASE, TVDiff
        >>> model = TVDiff(num_users=2, num_items=3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> blend = LinearBlend(model, LocalEASE(2, l2=1.0).fit(adjacency))
        >>> items = blend.encode_items(adjacency)
        >>> user = blend.user_factors(adjacency, torch.tensor([1]), items)
        >>> blend.ranker(items).search(user, k=3)[1].shape
        torch.Size([1, 3])
    """

    def __init__(
        self, model: FactorModel, linear: ItemItemModel, share: float = 0.3
    ) -> None:
        super().__init__()
        if not share >= 0:
            raise ValueError(f"'share' needs to be at least 0 (got {share})")
        self.model = model
        self.linear = linear
        self.share = share
        self.normalization = model.normalization

    @torch.no_grad()
    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Compute both item sides, the linear one on the scale of the other.

        Args:
            adjacency: The training graph.
        """
        items = self.model.encode_items(adjacency)
        weight = self.linear.encode_items(adjacency).factor
        rows = adjacency.user_rows
        step = max(rows.num_rows // SAMPLED_USERS, 1)
        user = torch.arange(0, rows.num_rows, step, device=rows.col.device)
        factor = self.model.user_factors(adjacency, user, items)
        history = self.linear.encode_users(rows.select(user), items)
        own = _deviation_of_products(factor, items.factor)
        other = _deviation_of_scores(HistoryRanker(weight), history)
        return items._replace(linear=self.share * own / other * weight)

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Return the model's factors with the histories beside them.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.
            items: The item side.

        Returns:
            A sparse matrix ``[batch_size, channels + num_items]``.
        """
        return self._beside(self.model.encode_users(history, items), history, items)

    def user_factors(
        self, adjacency: BipartiteAdjacency, user: Tensor, items: ItemSide
    ) -> Tensor:
        """Do the same for users of the graph; see :meth:`FactorModel.user_factors`."""
        factor = self.model.user_factors(adjacency, user, items)
        return self._beside(factor, adjacency.user_rows.select(user), items)

    def _beside(self, factor: Tensor, history: CSR, items: ItemSide) -> Tensor:
        sparse = self.linear.encode_users(history, items)
        return torch.cat([factor.to_sparse(), sparse], dim=1)

    def ranker(self, items: ItemSide) -> Ranker:
        """Rank by both scores, user block by user block."""
        assert items.linear is not None
        return BlendRanker(items.factor, items.linear)

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.model}, {self.linear}, "
            f"share={self.share})"
        )


def _deviation_of_products(left: Tensor, right: Tensor) -> Tensor:
    """Compute the standard deviation of ``left @ right.t()``, from sums and Grams."""
    count = left.size(0) * right.size(0)
    mean = (left.sum(dim=0) @ right.sum(dim=0)) / count
    square = (gram(left) * gram(right)).sum() / count
    return _deviation(mean, square)


def _deviation_of_scores(ranker: HistoryRanker, history: Tensor) -> Tensor:
    """Compute the standard deviation of a linear model's scores, block by block."""
    users = torch.arange(history.size(0), device=history.device)
    moments = []
    for block in users.split(ranker.user_block):
        score = ranker.scores(history.index_select(0, block))
        moments.append(torch.stack([score.sum(), score.square().sum()]))
        count = users.numel() * score.size(1)
    mean, square = torch.stack(moments).sum(dim=0) / count
    return _deviation(mean, square)


def _deviation(mean: Tensor, square: Tensor) -> Tensor:
    # Scores that are all equal have no scale, and do not change a ranking.
    tiny = torch.finfo(mean.dtype).tiny
    return (square - mean.square()).clamp(min=tiny).sqrt()

"""Other ways to score what TV-Diff has learned: a second pass, and guidance."""

import torch
from discrete_noise import join
from torch import Tensor

from tvdiff_pyg.models import FactorScorer, TVDiffScorer
from tvdiff_pyg.models.score_scale import deviation_of_products, spread_users
from tvdiff_pyg.sparse import CSR


class RefinedScorer(FactorScorer):
    """Ranks by a second pass, which reads the best items of the first one as well.

    Args:
        scorer: What a pass is.
        num_added: How many items of the first pass, that the user has not, are added to
            the history.
        weight: What each of them weighs there.
    """

    def __init__(self, scorer: TVDiffScorer, num_added: int, weight: float) -> None:
        super().__init__(scorer.rows, scorer.item_factor)
        self._scorer, self._num_added, self._weight = scorer, num_added, weight

    @torch.no_grad()
    def query(self, history: CSR) -> Tensor:
        """Denoise histories twice."""
        first = self._scorer.query(history)
        _, item = self.ranker.search(first, self._num_added, history)
        user, place = (item >= 0).nonzero(as_tuple=True)
        pairs = torch.stack([user, item[user, place]])
        added = CSR.from_edge_index(pairs, (history.num_rows, history.num_cols))
        return self._scorer.query(join(history, added, self._weight))


class GuidedScorer(FactorScorer):
    r"""Ranks by :math:`(1 + g) f(z_u) - g f(0)`, with what an empty history is told.

    Args:
        scorer: What :math:`f` is.
        guidance: The weight :math:`g`.
    """

    def __init__(self, scorer: TVDiffScorer, guidance: float) -> None:
        super().__init__(scorer.rows, scorer.item_factor)
        self._scorer, self._guidance = scorer, guidance

    @torch.no_grad()
    def query(self, history: CSR) -> Tensor:
        """Denoise histories, and go on in the direction away from the empty one."""
        told = self._scorer.query(history)
        return told + self._guidance * (told - of_nothing(self._scorer))


def of_nothing(scorer: TVDiffScorer) -> Tensor:
    """Return the factors of an empty history, of shape ``[1, channels]``."""
    return scorer.denoise(scorer.embedding.new_zeros(1, scorer.embedding.size(1)))


def share_of_nothing(scorer: TVDiffScorer) -> float:
    """Return how much the scores of an empty history differ between items, as a share
    of how much those of users do: 0 where guidance changes no ranking.
    """
    centred = scorer.item_factor - scorer.item_factor.mean(dim=0)
    users = scorer.known(spread_users(scorer.rows))
    of_users, of_none = (
        deviation_of_products(factor, centred) for factor in (users, of_nothing(scorer))
    )
    return float(of_none / of_users)

"""The scorer of a blend: factors of a model, and sums of a linear one beside them."""

from torch import Tensor

from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.models.popularity_bias import PopularityBias
from tvdiff_pyg.models.scorer import FactorScorer, Scorer
from tvdiff_pyg.ranking import BlendQuery, BlendRanker, HistoryRanker
from tvdiff_pyg.sparse import CSR


class BlendScorer(Scorer[BlendQuery]):
    """Ranks by the sum of two scores, and of what popularity adds to them.

    Args:
        own: What scores by dense factors.
        by_history: What scores histories, on the scale of the other.
        popularity: What items score for their degree. (default: ``None``)
    """

    def __init__(
        self,
        own: FactorScorer,
        by_history: HistoryRanker,
        popularity: PopularityBias | None = None,
    ) -> None:
        self._own, self._by_history = own, by_history
        self._popularity = popularity
        super().__init__(
            own.rows, BlendRanker(own.item_factor, by_history, self.item_bias)
        )

    @property
    def factors(self) -> FactorScorer:
        """The scorer by dense factors alone."""
        return self._own

    @property
    def linear(self) -> HistoryRanker:
        """What scores histories, on the scale of the other."""
        return self._by_history

    @property
    def item_bias(self) -> Tensor | None:
        """What each item scores for all users alike, of shape ``[num_items]``."""
        return None if self._popularity is None else self._popularity.scores()

    def with_items(self, items: NewItems) -> "BlendScorer":
        """Fold new items in by the factors and their degrees alone: the linear model
        has no weights of theirs, and adds nothing to their scores.

        See :meth:`~tvdiff_pyg.models.Scorer.with_items`.
        """
        own = self._own.with_items(items).factors
        assert own is not None
        popularity = self._popularity and self._popularity.widened(items.rows.degree())
        by_history = self._by_history.widened(own.rows.num_cols)
        return BlendScorer(own, by_history, popularity)

    @property
    def unexplained(self) -> str | None:
        """What keeps those of the factors from it, if anything."""
        return self._own.unexplained

    def contributions(self, history: CSR, item: Tensor) -> Tensor:
        """Add those of both scores.

        See :meth:`~tvdiff_pyg.models.Scorer.contributions`.
        """
        linear = self._by_history.weights(history.col, item)
        return self._own.contributions(history, item) + linear

    def query(self, history: CSR) -> BlendQuery:
        """Return the factors of new users beside their histories."""
        return BlendQuery(self._own.query(history), history)

    def known(self, user: Tensor) -> BlendQuery:
        """Return the factors of known users beside their histories."""
        return BlendQuery(self._own.known(user), self.rows.select(user))

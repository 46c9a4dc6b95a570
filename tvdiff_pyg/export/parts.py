"""What a run is served by: factors, and the weights of a linear model beside them."""

from typing import Any, NamedTuple

from torch import Tensor

from tvdiff_pyg.models import FactorScorer, Scorer
from tvdiff_pyg.models.blend_scorer import BlendScorer
from tvdiff_pyg.sparse import CSR


class ServedParts(NamedTuple):
    """The parts of a score.

    Attributes:
        factors: What scores by inner products.
        linear: What each item of a history adds to the scores of others, of shape
            ``[num_items, num_items]``, if a linear model is blended in.
        item_bias: What each item scores for all users alike, of shape ``[num_items]``,
            if popularity is.
    """

    factors: FactorScorer
    linear: CSR | None = None
    item_bias: Tensor | None = None


def parts_of(scorer: Scorer[Any], model: str) -> ServedParts:
    """Part the scores of a model.

    Args:
        scorer: The model, prepared on a graph.
        model: The model's name, for messages.

    Raises:
        ValueError: If its scores are of another form.
    """
    if isinstance(scorer, BlendScorer):
        return ServedParts(scorer.factors, scorer.linear.rows(), scorer.item_bias)
    if isinstance(scorer, FactorScorer):
        return ServedParts(scorer)
    raise ValueError(f"'run' needs a model that scores by dense factors (got {model})")

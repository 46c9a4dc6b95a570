"""The linear item model that is blended in beside a model of dense factors."""

from dataclasses import dataclass

from tvdiff_pyg.config import Config
from tvdiff_pyg.models.baselines.local_ease import LocalEASEConfig
from tvdiff_pyg.models.blend import BlendConfig
from tvdiff_pyg.models.model import ModelConfig


@dataclass(frozen=True)
class LinearConfig(Config):
    """A linear item model beside the chosen one, as flat settings.

    Args:
        linear_share: What the scores of LocalEASE, a linear item model in closed
            form, count beside those of the model, in standard deviations of both; 0
            leaves it out.
        choose_linear_share: After training, let the part that chose the epoch choose
            that share as well, beginning with ``linear_share``: a few rankings more.
        linear_neighbors: Items that LocalEASE predicts an item from.
        linear_l2: Penalty of LocalEASE.

    Raises:
        ValueError: If a setting is outside its range.
    """

    linear_share: float = 0.0
    choose_linear_share: bool = False
    linear_neighbors: int = 100
    linear_l2: float = 50.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("linear_share", self.linear_share >= 0, "at least 0")
        self.check_at_least(1, "linear_neighbors")
        self.check("linear_l2", self.linear_l2 > 0, "positive")

    def beside(self, model: ModelConfig) -> ModelConfig:
        """Return the model with the linear one blended in, if it is to be.

        Args:
            model: Settings of the model of dense factors.
        """
        if self.linear_share == 0:
            return model
        linear = LocalEASEConfig(self.linear_neighbors, self.linear_l2)
        self.check(
            "linear_share", model.dense_factors, "0 unless a model has dense factors"
        )
        return BlendConfig(model, linear, self.linear_share)

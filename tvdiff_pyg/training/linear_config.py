"""The linear item model that is blended in beside a model of dense factors."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tvdiff_pyg.config import Config, names_read
from tvdiff_pyg.models.baselines.local_ease import LocalEASEConfig
from tvdiff_pyg.models.blend import BlendConfig
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.search_space import Space, log

# Of a linear model that is tried beside another: fitting them takes 2.3 GB.
MOST_WEIGHTS = 2**25
# Where a hundredth of all pairs are interactions, EASE wants larger penalties: 200 to
# 800 on parts of ml-100k, and 30 to 90 on sparse data.
DENSE, DENSE_PENALTY = 0.01, 4.0


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
        other_linear_neighbors: Those of a second LocalEASE, fitted after training; the
            part that chose the epoch chooses between both, and on a dense graph, of
            whose pairs a hundredth are interactions, a third of four times the penalty.
            0 for none.
        linear_l2: Penalty of LocalEASE.
        popularity_share: What the log of items' degrees counts beside both, in standard
            deviations as well. With ``choose_linear_share``, others are tried where it
            is above 0 or popularity alone ranks nearly as well.

    Raises:
        ValueError: If a setting is outside its range.
    """

    linear_share: float = 0.0
    choose_linear_share: bool = False
    linear_neighbors: int = 100
    other_linear_neighbors: int = 0
    linear_l2: float = 50.0
    popularity_share: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check("linear_share", self.linear_share >= 0, "at least 0")
        self.check_at_least(1, "linear_neighbors")
        self.check_at_least(0, "other_linear_neighbors")
        self.check("linear_l2", self.linear_l2 > 0, "positive")
        self.check("popularity_share", self.popularity_share >= 0, "at least 0")

    @staticmethod
    def names_read(given: Mapping[str, Any]) -> set[str]:
        """Return the names that are read, of all here but ``linear_share``.

        Args:
            given: Settings by name.
        """
        names = set(names_read(LinearConfig, {}))
        return {one for one in names if not LinearConfig.unread_unless(one, given)}

    @staticmethod
    def unread_unless(name: str, given: Mapping[str, Any]) -> str | None:
        """Say what a name needs in order to be read, if that is not so.

        Args:
            name: One of the names here.
            given: Settings by name.
        """
        if not given.get("linear_share"):
            return "'linear_share' is above 0"
        if name == "other_linear_neighbors" and not given.get("choose_linear_share"):
            return "'choose_linear_share' is set"
        return None

    @property
    def search_space(self) -> Space:
        """What tuning searches, by name; not the share where it is chosen later."""
        share = {} if self.choose_linear_share else {"linear_share": log(0.05, 2.0)}
        return {"linear_l2": log(1.0, 3000.0), **share}

    def beside(self, model: ModelConfig) -> ModelConfig:
        """Return the model with the linear one blended in, if it is to be.

        Args:
            model: Settings of the model of dense factors.
        """
        if self.linear_share == 0:
            return model
        self.check(
            "linear_share", model.dense_factors, "0 unless a model has dense factors"
        )
        first = LocalEASEConfig(self.linear_neighbors, self.linear_l2)
        return BlendConfig(model, first, self.linear_share, self.popularity_share)

    def other_fits(self, num_items: int) -> bool:
        """Whether another linear model is to be tried, and is not too large for it.

        Args:
            num_items: Number of items.
        """
        neighbors = min(self.other_linear_neighbors, num_items)
        return 0 < neighbors * num_items <= MOST_WEIGHTS

    def candidates(self, num_items: int, density: float) -> list[LocalEASEConfig]:
        """Return settings of the linear models between which is chosen after training.

        The first is there while the other model is trained. Those of as many neighbours
        are one model, and so are those that have all items as neighbours. The one of
        another penalty has the neighbours of the last.

        Args:
            num_items: Number of items.
            density: Share of all pairs that are interactions.
        """
        numbers = self.linear_neighbors, self.other_linear_neighbors
        first, other = (min(number, num_items) for number in numbers)
        both = self.other_fits(num_items) and first != other
        found = [LocalEASEConfig(one, self.linear_l2) for one in numbers[: 1 + both]]
        if other and density >= DENSE:
            found.append(replace(found[-1], l2=DENSE_PENALTY * self.linear_l2))
        return found

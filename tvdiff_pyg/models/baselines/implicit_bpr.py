"""Bayesian personalised ranking of the package `implicit`."""

from dataclasses import dataclass
from typing import Any

from tvdiff_pyg.models.baselines.implicit_factors import ImplicitConfig, ImplicitFactors
from tvdiff_pyg.models.model import register_model
from tvdiff_pyg.search_space import WIDTHS, Space, log


@dataclass(frozen=True)
class ImplicitBPRConfig(ImplicitConfig):
    """Settings of :class:`ImplicitBPR`.

    Args:
        factors: Length of the vectors, at least 1.
        regularization: Penalty of the vectors, at least 0.
        iterations: Passes over the interactions, at least 1.
        learning_rate: Length of a step, above 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    iterations: int = 100
    learning_rate: float = 0.01

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("learning_rate", self.learning_rate > 0, "positive")

    @property
    def search_space(self) -> Space:
        """Width, steps and penalty."""
        return {
            "factors": WIDTHS,
            "learning_rate": log(3e-3, 0.3),
            "regularization": log(1e-4, 0.1),
            "iterations": log(50, 300),
        }


@register_model("implicit-bpr", ImplicitBPRConfig)
class ImplicitBPR(ImplicitFactors):
    """`"BPR: Bayesian Personalized Ranking from Implicit Feedback"
    <https://arxiv.org/abs/1205.2618>`_ with item biases, of the package implicit.

    The biases are a further channel. It knows users by their id only.

    Args:
        factors: Length of the vectors, at least 1. (default: ``100``)
        regularization: Penalty of the vectors, at least 0. (default: ``0.01``)
        iterations: Passes over the interactions, at least 1. (default: ``100``)
        learning_rate: Length of a step, above 0. (default: ``0.01``)

    Raises:
        ImportError: If implicit is not installed.
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        factors: int = 100,
        regularization: float = 0.01,
        iterations: int = 100,
        learning_rate: float = 0.01,
    ) -> None:
        config = ImplicitBPRConfig(factors, regularization, iterations, learning_rate)
        super().__init__(config)

    def package_class(self) -> Any:
        """Return the package's class; see ``ImplicitFactors``."""
        from implicit.bpr import BayesianPersonalizedRanking

        return BayesianPersonalizedRanking

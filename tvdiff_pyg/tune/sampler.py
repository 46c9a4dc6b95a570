"""What is tried next: first what was given, then evenly, then what trials suggest."""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, TPESampler
from optuna.study import Study
from optuna.trial import FrozenTrial

from tvdiff_pyg.search_space import Choice, Range, Space
from tvdiff_pyg.tune.storage import counted


class StartThenTPE(BaseSampler):
    """Proposes settings by the place of a trial in the sequence of all.

    The first are the settings as they are given. Then come points of a scrambled Sobol
    sequence, which cover the space evenly however many there are; then proposals of a
    multivariate tree-structured Parzen estimator. What a place gets depends on the
    seed, on the place and on the trials before it, not on when the process was begun:
    an interrupted tuning goes on in the sequence that it would have had.

    Args:
        space: What is searched.
        first: What is tried first.
        seed: Seed of all that is random.
        startup_trials: How many Sobol points there are.
    """

    def __init__(
        self, space: Space, first: Mapping[str, Any], seed: int, startup_trials: int
    ) -> None:
        self.space, self.first = space, first
        self.seed, self.startup_trials = seed, startup_trials

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the space: all of it is proposed at once."""
        return distributions(self.space)

    def sample_relative(
        self,
        study: Study,
        trial: FrozenTrial,
        search_space: dict[str, BaseDistribution],
    ) -> dict[str, Any]:
        """Propose settings for a trial."""
        place = sum(other.number < trial.number for other in counted(study))
        if place == 0:
            return dict(self.first)
        if place <= self.startup_trials:
            return self.spread(place - 1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ExperimentalWarning)
            # The seeds of neighbouring places have to have nothing in common.
            [seed] = np.random.SeedSequence([self.seed, place]).generate_state(1)
            learned = TPESampler(
                seed=int(seed),
                n_startup_trials=1,
                multivariate=True,
                constant_liar=True,
            )
        found = learned.sample_relative(study, trial, search_space)
        # There is nothing to learn from while no trial has ended.
        return found or self.spread(place - 1)

    def spread(self, number: int) -> dict[str, Any]:
        """Return a point of the sequence that covers the space evenly.

        Args:
            number: Its place there, from 0.
        """
        engine = torch.quasirandom.SobolEngine(
            len(self.space), scramble=True, seed=self.seed
        )
        [point] = engine.fast_forward(number).draw(1, dtype=torch.float64).tolist()
        return {
            name: values.at(min(fraction, 1 - 1e-12))
            for (name, values), fraction in zip(self.space.items(), point, strict=True)
        }

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Refuse: nothing is searched beside the space."""
        raise ValueError(f"'{param_name}' needs to be in the search space")


def distributions(space: Space) -> dict[str, BaseDistribution]:
    """Return a space as Optuna has it.

    Args:
        space: What is searched.

    Example:
        >>> distributions({"num_layers": Range(1, 3)})
        {'num_layers': IntDistribution(high=3, log=False, low=1, step=1)}
    """
    return {name: _distribution(values) for name, values in space.items()}


def _distribution(values: Range | Choice) -> BaseDistribution:
    if isinstance(values, Choice):
        return CategoricalDistribution(values.values)
    kind = IntDistribution if values.whole else FloatDistribution
    return kind(values.low, values.high, log=values.log)

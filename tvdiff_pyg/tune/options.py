"""How settings are tuned, whatever model they are of."""

from dataclasses import dataclass

from tvdiff_pyg.config import Config
from tvdiff_pyg.grid.jobs import MOST_JOBS
from tvdiff_pyg.machine import Device, resolve_device
from tvdiff_pyg.metrics import DEFAULT_KS, MONITOR
from tvdiff_pyg.metrics.monitor import check_monitored
from tvdiff_pyg.ranges import check_number

#: Trials of a model where neither trials nor minutes are given.
TRIALS = 20


@dataclass(frozen=True)
class TuneOptions(Config):
    """How settings are tuned; each model has the same budget.

    Args:
        trials: Fits of each model, those that were pruned or failed included; 20 if
            minutes are not given either.
        minutes: Minutes of each model. No trial begins after them; one that trains
            then stops, and is ranked as it is.
        startup_trials: Trials that cover the space evenly, after the first one, of the
            settings as they are given, and before trials learn from each other.
        prune: Give a training up that ranks validation worse than most have at the same
            epoch.
        ks: Cut-offs of what is measured.
        monitor: The metric that settings are chosen by, and epochs, such as
            "recall@10": one that is always measured, at one of the cut-offs, and of
            which more is better.
        seed: Seed of the splits that are drawn, of all fits and of what is tried, in
            [0, 2**32).
        jobs: Trials at the same time, each in a process of its own; 0 for this process.
        device: Where to train.

    Raises:
        ValueError: If a value is out of range.
    """

    trials: int | None = None
    minutes: float | None = None
    startup_trials: int = 8
    prune: bool = True
    ks: tuple[int, ...] = DEFAULT_KS
    monitor: str = MONITOR
    seed: int = 0
    jobs: int = 1
    device: Device = "auto"

    def __post_init__(self) -> None:
        """Check the ranges."""
        object.__setattr__(self, "ks", check_monitored(self.ks, self.monitor))
        super().__post_init__()
        self.check_at_least(0, "startup_trials", "seed")
        self.check_at_least(0, "jobs", high=MOST_JOBS)
        if self.trials is not None:
            self.check_at_least(1, "trials")
        if self.minutes is not None:
            check_number("minutes", self.minutes, 0, above=True)
        resolve_device(self.device)

    @property
    def most_trials(self) -> int | None:
        """How many trials each model has; as many as there is time for if ``None``."""
        return TRIALS if self.trials is None and self.minutes is None else self.trials

"""The tuning of one model: trials until its budget is spent, kept as they end."""

import time
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Any

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import BaseStorage
from optuna.study import Study
from optuna.trial import TrialState

from tvdiff_pyg.grid.apart import EndedError
from tvdiff_pyg.grid.jobs import Jobs
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.metrics import DEFAULT_KS, MONITOR
from tvdiff_pyg.tune.candidate import Candidate
from tvdiff_pyg.tune.options import TuneOptions
from tvdiff_pyg.tune.sampler import StartThenTPE, distributions
from tvdiff_pyg.tune.storage import BEGUN, RECORD, counted, end_interrupted, end_trial
from tvdiff_pyg.tune.trial import Trial

_SECONDS = "seconds"
# What a fit in closed form is given at least: its process has to begin.
_LEAST_SECONDS = 1.0


class Session:
    """Tunes a candidate, on from where an earlier session was cut off.

    Args:
        candidate: The model.
        data: The data, as records name it.
        folder: The folder of the tuning, which holds the graph.
        storage: Where Optuna keeps what was tried.
        options: How it is tuned.
        ended: Called after each trial, with its record.

    Raises:
        ValueError: If an earlier session had other settings.
    """

    def __init__(
        self,
        candidate: Candidate,
        data: str,
        folder: Path,
        storage: BaseStorage,
        options: TuneOptions,
        ended: Callable[[Record], None],
    ) -> None:
        self.candidate, self.data, self.folder = candidate, data, folder
        self.options, self.ended = options, ended
        self.space = candidate.space
        sampler = StartThenTPE(
            self.space, candidate.first, options.seed, options.startup_trials
        )
        self.study = open_study(candidate.name, storage, sampler)
        self._check_begun()
        end_interrupted(self.study)
        self._lock = Lock()
        self._earlier = float(self.study.user_attrs.get(_SECONDS, 0.0))
        self._began = time.time()

    def carry_out(self) -> None:
        """Try settings until the budget is spent."""
        self._began = time.time()
        if self._is_spent():
            return
        with Jobs(self.options.jobs) as pool:
            work = [lambda: self._work(pool)] * max(self.options.jobs, 1)
            for _, finish in pool.each(work):
                finish()
        # Or what came after the last trial would be there to spend again.
        self._keep_seconds()

    def _work(self, pool: Jobs) -> None:
        while (trial := self._begin()) is not None:
            seconds = None
            if self.deadline is not None and not trial.settings.by_gradients:
                # A fit in closed form looks at no clock.
                seconds = max(self.deadline - time.time(), _LEAST_SECONDS)
            try:
                record = pool.call(trial.carry_out, seconds=seconds)
            except EndedError:
                raise
            except TimeoutError:
                self._cut_off(trial)
                return
            except Exception as error:  # Whatever it was, it ranks nothing.
                said = " ".join(str(error).split()) or type(error).__name__
                record = trial.record({"error": said})
            self._end(trial, record)

    @property
    def deadline(self) -> float | None:
        """When the minutes are over, in seconds of ``time.time()``."""
        if self.options.minutes is None:
            return None
        return self._began + 60 * self.options.minutes - self._earlier

    def _begin(self) -> Trial | None:
        """Propose settings, if there are trials and time left."""
        with self._lock:
            if self._is_spent():
                return None
            asked = self.study.ask(distributions(self.space))
        own = self.candidate
        return Trial(
            "tune",
            self.data,
            "" if own.name == own.settings["model"] else own.name,
            own.settings.but(**asked.params),
            self.options.seed,
            device=self.options.device,
            trial=asked.number,
            study=own.name,
            folder=str(self.folder),
            trial_id=asked._trial_id,
            prune=self.options.prune,
            ks=self.options.ks,
            monitor=self.options.monitor,
            deadline=self.deadline,
        )

    def _is_spent(self) -> bool:
        trials, most = len(counted(self.study)), self.options.most_trials
        if not self.space:  # There is nothing to try.
            most = 1
        if most is not None and trials >= most:
            return True
        return self.deadline is not None and time.time() >= self.deadline

    def _end(self, trial: Trial, record: Record) -> None:
        with self._lock:
            # First: what is killed in between has ended, and is told so later.
            storage = self.study._storage
            storage.set_trial_user_attr(trial.trial_id, RECORD, record)
            end_trial(self.study, trial.trial, record)
            self._keep_seconds()
            self.ended(record)

    def _cut_off(self, trial: Trial) -> None:
        """Leave the place of a trial free that the end of the budget has ended."""
        with self._lock:
            self.study.tell(trial.trial, state=TrialState.FAIL)
            self._keep_seconds()

    def _keep_seconds(self) -> None:
        seconds = self._earlier + time.time() - self._began
        self.study.set_user_attr(_SECONDS, seconds)

    def _check_begun(self) -> None:
        """Raise unless all that the sequence depends on is as it was."""
        now: dict[str, Any] = {
            **self.candidate.settings.flat(),
            "fixed": sorted(self.candidate.fixed),
            "seed": self.options.seed,
            "startup_trials": self.options.startup_trials,
            "prune": self.options.prune,
            "ks": list(self.options.ks),
            "monitor": self.options.monitor,
        }
        before = self.study.user_attrs.get(BEGUN)
        if before is None:
            self.study.set_user_attr(BEGUN, now)
            return
        # What there was not yet then was at its default.
        before = {"ks": list(DEFAULT_KS), "monitor": MONITOR, **before}
        for name in dict.fromkeys((*before, *now)):
            if before.get(name) != now.get(name):
                raise ValueError(
                    f"'{name}' needs to stay {before.get(name)!r}, as the tuning of "
                    f"{self.candidate.name!r} in 'out' began with "
                    f"(got {now.get(name)!r})"
                )


def open_study(
    name: str, storage: BaseStorage, sampler: BaseSampler | None = None
) -> Study:
    """Open a study, or begin it.

    Args:
        name: The candidate's name.
        storage: Where it is kept.
        sampler: What proposes settings, if any are to be. (default: ``None``)
    """
    return optuna.create_study(
        study_name=name,
        storage=storage,
        sampler=sampler,
        direction="maximize",
        load_if_exists=True,
    )

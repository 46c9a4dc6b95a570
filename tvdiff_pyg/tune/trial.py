"""One trial: a fit whose checks are reported, and what is recorded of it."""

import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import optuna
from optuna.pruners import MedianPruner

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.grid.cell import GridCell
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.training_record import record_of_training
from tvdiff_pyg.metrics import DEFAULT_KS, MONITOR
from tvdiff_pyg.training import FitOptions, Settings, fit
from tvdiff_pyg.tune.storage import open_storage
from tvdiff_pyg.tune.watch import Report, TrialWatch

#: The interactions of a tuning, without their test part.
GRAPH = "graph.pt"
#: So many trials are complete before one is given up.
COMPLETE = 4


@dataclass(frozen=True)
class Trial(GridCell):
    """A fit of a candidate, with settings that were proposed.

    Args:
        trial: Its number in the study of the candidate.
        study: The study.
        folder: The folder of the tuning.
        trial_id: What the journal knows it by.
        prune: Whether it may be given up.
        ks: Cut-offs of what is measured.
        monitor: The metric that chooses.
        deadline: When a training stops, in seconds of ``time.time()``; never if not
            given.
    """

    settings: Settings = field(default_factory=Settings)
    trial: int = 0
    study: str = field(default="", compare=False)
    folder: str = field(default="", compare=False)
    trial_id: int = field(default=0, compare=False)
    prune: bool = field(default=True, compare=False)
    ks: tuple[int, ...] = field(default=DEFAULT_KS, compare=False)
    monitor: str = field(default=MONITOR, compare=False)
    deadline: float | None = field(default=None, compare=False)

    def measure(self) -> Record:
        """Fit, and rank the validation part: there is no other.

        Returns:
            Metrics and costs; of a trial that was given up, its checks only.
        """
        checks: list[Record] = []
        watch = TrialWatch(self._reporter(checks), self.monitor, self.deadline)
        try:
            found = self._fit(watch)
        except optuna.TrialPruned as given_up:
            return {"curve": checks, "note": str(given_up)}
        if checks:
            found["curve"] = checks
        if watch.out_of_time:
            found["note"] = "stopped when the minutes were over"
        return found

    def _reporter(self, checks: list[Record]) -> Report:
        """Return what keeps a check, and says whether the trial is given up."""
        storage, pruner = open_storage(Path(self.folder)), pruner_of(self.settings)

        def report(epochs: int, value: float) -> bool:
            checks.append({"epoch": epochs, self.monitor: value})
            storage.set_trial_intermediate_value(self.trial_id, epochs, value)
            study = optuna.load_study(study_name=self.study, storage=storage)
            return self.prune and pruner.prune(study, storage.get_trial(self.trial_id))

        return report

    def _fit(self, watch: TrialWatch) -> Record:
        """Fit in a folder that is left behind nowhere."""
        graph = BipartiteGraph.load(Path(self.folder) / GRAPH)
        options = FitOptions(
            seed=self.seed,
            device=self.device,
            ks=self.ks,
            monitor=self.monitor,
            log="none",
            progress=False,
            diagnose=False,
        )
        with tempfile.TemporaryDirectory(prefix="tvdiff-tune-") as folder:
            run = Path(folder) / "run"
            told = fit(
                graph, self.settings, run=run, options=options, callbacks=[watch]
            )
        return record_of_training(told)


def pruner_of(settings: Settings) -> MedianPruner:
    """Return what gives trials up: those below the median of others at that epoch.

    Not before some trials are complete, nor in the epochs for which training would
    wait for a better one.

    Args:
        settings: What is trained.
    """
    training = settings.training
    patience = training.patience * training.check_every
    return MedianPruner(n_startup_trials=COMPLETE, n_warmup_steps=patience)

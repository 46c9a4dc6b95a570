"""Where Optuna keeps what was tried: a journal, which a killed process leaves whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from filelock import FileLock
from optuna.storages import BaseStorage, JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tvdiff_pyg.grid.checksums import with_checksum, without_checksum
from tvdiff_pyg.grid.records import Record, check_record, cut_off_torn_line
from tvdiff_pyg.metrics import MONITOR

JOURNAL = "journal.log"
#: What the record of a trial is kept by, from just before it ends.
RECORD = "record"
#: What a study began with is kept by, from its beginning.
BEGUN = "begun"


class _SystemLock:
    """A lock that the operating system holds: it ends with the process.

    Args:
        file: The file of the lock.
    """

    def __init__(self, file: Path) -> None:
        self._lock = FileLock(file)

    def acquire(self) -> bool:
        """Wait for the lock, and take it."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Let it go."""
        self._lock.release()


class _CheckedJournal(JournalFileBackend):
    """A journal whose lines are told from changed ones."""

    def append_logs(self, logs: list[dict[str, Any]]) -> None:
        super().append_logs([with_checksum(log) for log in logs])

    def read_logs(self, log_number_from: int) -> Iterator[dict[str, Any]]:
        logs = super().read_logs(log_number_from)
        for line, log in enumerate(logs, start=log_number_from + 1):
            try:
                yield without_checksum(log)
            except ValueError as error:
                raise ValueError(f"in line {line}, {error}") from error


def open_storage(folder: Path) -> BaseStorage:
    """Open the journal of a folder; several processes may at the same time.

    Args:
        folder: The folder, which is there.

    Raises:
        ValueError: If the journal is damaged.
    """
    lock = _SystemLock(folder / "journal.lock")
    backend = _CheckedJournal(str(folder / JOURNAL), lock_obj=lock)
    with _named(folder / JOURNAL):
        return JournalStorage(backend)


def check_records(storage: BaseStorage, folder: Path) -> None:
    """Raise unless all that a journal tells of trials can be read.

    Args:
        storage: The journal.
        folder: Its folder.

    Raises:
        ValueError: If something cannot.
    """
    with _named(folder / JOURNAL):
        for record in records_in(storage):
            check_record(record)


@contextmanager
def _named(file: Path) -> Iterator[None]:
    """Say of what Optuna does not understand which file it is from."""
    try:
        yield
    except OSError:
        raise
    except Exception as error:
        raise ValueError(
            f"'out' needs its journal as Optuna wrote it (got another in {file}: "
            f"{type(error).__name__}: {error})"
        ) from error


def mend_journal(folder: Path) -> None:
    """Cut off what a killed process has left half written, while nobody else writes.

    Args:
        folder: The folder.
    """
    file = folder / JOURNAL
    if file.exists():
        cut_off_torn_line(file)


def end_trial(study: Study, number: int, record: Record) -> None:
    """Tell a study what came of a trial, by its record.

    Args:
        study: The study.
        number: The trial's number there.
        record: With metrics; or with an error, which ranks nothing; or with neither,
            of a trial that was pruned.
    """
    if "metrics" in record:
        study.tell(number, record["metrics"]["validation"][monitor_of(study)])
    elif "error" in record:
        study.tell(number, 0.0)
    else:
        study.tell(number, state=TrialState.PRUNED)


def monitor_of(study: Study) -> str:
    """Return the metric that a study chooses by, from its beginning.

    Args:
        study: The study.
    """
    begun: dict[str, Any] = study.user_attrs.get(BEGUN, {})
    return str(begun.get("monitor", MONITOR))


def end_interrupted(study: Study) -> None:
    """Mark the trials that were interrupted as failed: their places are free again.

    Args:
        study: A study that nobody else works on.
    """
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        if RECORD in trial.user_attrs:
            end_trial(study, trial.number, trial.user_attrs[RECORD])
        else:
            study.tell(trial.number, state=TrialState.FAIL)


def counted(study: Study) -> list[FrozenTrial]:
    """Return the trials that count, in their order: those that were not interrupted.

    Args:
        study: A study.
    """
    return [
        trial
        for trial in study.get_trials(deepcopy=False)
        if RECORD in trial.user_attrs or not trial.state.is_finished()
    ]


def ended(study: Study) -> list[FrozenTrial]:
    """Return the trials that have ended, in their order.

    Args:
        study: A study.
    """
    return [trial for trial in counted(study) if trial.state.is_finished()]


def studies_in(storage: BaseStorage) -> list[Study]:
    """Return the studies of all models that were ever tuned there.

    Args:
        storage: The journal.
    """
    names = optuna.get_all_study_names(storage)
    return [optuna.load_study(study_name=name, storage=storage) for name in names]


def records_in(storage: BaseStorage) -> list[Record]:
    """Return the records of all trials that have ended, model by model.

    Args:
        storage: The journal.
    """
    return [
        trial.user_attrs[RECORD]
        for study in studies_in(storage)
        for trial in ended(study)
    ]

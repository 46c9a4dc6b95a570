"""The tuning of several models in one folder, kept as their trials end."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import optuna
from optuna.storages import BaseStorage

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.folders import locked
from tvdiff_pyg.grid.page import check_page
from tvdiff_pyg.grid.records import Record, write_records
from tvdiff_pyg.tune.candidate import Candidate
from tvdiff_pyg.tune.options import TuneOptions
from tvdiff_pyg.tune.outcome import outcome
from tvdiff_pyg.tune.report import write_report
from tvdiff_pyg.tune.session import Session, open_study
from tvdiff_pyg.tune.storage import (
    JOURNAL,
    check_records,
    mend_journal,
    monitor_of,
    open_storage,
    records_in,
    studies_in,
)
from tvdiff_pyg.tune.trial import GRAPH
from tvdiff_pyg.tune.tuned import Tuned

RECORDS = "trials.jsonl"

logger = logging.getLogger(__name__)


def carry_out(
    candidates: Sequence[Candidate],
    graph: BipartiteGraph,
    folder: Path,
    options: TuneOptions,
    data: str,
) -> list[Tuned]:
    """Tune candidates one after the other, and write the report, however it ends.

    Args:
        candidates: The models.
        graph: The interactions, without a test part.
        folder: The folder.
        options: How they are tuned.
        data: What records call the interactions.
    """
    with locked(folder, "out"), _quiet_optuna():
        check_page(folder, JOURNAL)
        _keep_graph(graph, folder)
        mend_journal(folder)
        storage = open_storage(folder)
        check_records(storage, folder)
        _check_monitor(storage, options.monitor)
        ended = _Keep(storage, folder, options.monitor)
        try:
            for one in candidates:
                Session(one, data, folder, storage, options, ended).carry_out()
        except KeyboardInterrupt as stop:
            kept = len(records_in(storage))
            raise KeyboardInterrupt(f"{kept} trials are kept in {folder}") from stop
        finally:
            if records_in(storage):
                write_report(studies_in(storage), folder)
        return [outcome(open_study(one.name, storage)) for one in candidates]


class _Keep:
    """Writes records as trials end, and says how they ended."""

    def __init__(self, storage: BaseStorage, folder: Path, monitor: str) -> None:
        self.storage, self.folder, self.monitor = storage, folder, monitor

    def __call__(self, record: Record) -> None:
        write_records(self.folder / RECORDS, records_in(self.storage))
        if "metrics" in record:
            value = record["metrics"]["validation"][self.monitor]
            how = f"validation {self.monitor} {value:.4f}"
        else:
            how = record.get("error") or record["note"]
        name = record.get("variant", record["model"])
        logger.info("%s, trial %d: %s", name, record["conditions"]["trial"] + 1, how)


def _check_monitor(storage: BaseStorage, monitor: str) -> None:
    """Raise if other models were chosen by another metric: one page compares all."""
    for study in studies_in(storage):
        if (began := monitor_of(study)) != monitor:
            raise ValueError(
                f"'monitor' needs to stay {began!r}, as the tuning of "
                f"{study.study_name!r} in 'out' began with (got {monitor!r})"
            )


def _keep_graph(graph: BipartiteGraph, folder: Path) -> None:
    """Keep what all trials are fitted to; raise if there are others already."""
    file = folder / GRAPH
    if not file.exists():
        graph.save(file)
        return
    other = first_difference(BipartiteGraph.load(file).to_dict(), graph.to_dict())
    if other is not None:
        raise ValueError(
            f"'out' needs to be of the same interactions, to go on with its tuning "
            f"(got {folder}, with other values of {other})"
        )


@contextmanager
def _quiet_optuna() -> Iterator[None]:
    """Let Optuna say no more than warnings."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(level)

"""How long a training takes to rank validation as the best closed form does.

    python benchmarks/time_to_reach.py --data lastfm ml-100k --root DIR

The closed form is the best of five that ``reproduce.py`` and ``ten_data_sets.py`` have
recorded of the data set, with seed 0, on validation. A training ends where it is as
good. Of those that are recorded there and were not carried out here, the table says
what their best epoch does.
"""

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from benchmark import Benchmark, Records, Table, kept
from engines import load_graph
from experiments import MODELS, WIDE, settings_of
from ten_data_sets import METRIC, TEN, TRAINED
from tuned import chosen_settings, tuned_settings
from watch import Watch

from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import MISSING, markdown_table, print_number, print_seconds
from tvdiff_pyg.study import Cell
from tvdiff_pyg.training import Settings, preset_names

NAME, SEED = "time_to_reach", 0
# Without "scaled-ials", which was tuned after these trainings.
CLOSED = ("ease", "local-ease", "item-knn", "ials", "popularity")
GRADIENTS = {name: TRAINED.get(name, overrides) for name, overrides in MODELS.items()}
DataName = Literal[TEN]
BESIDE = "reproduce_main", "ten_data_sets"


@dataclass(frozen=True)
class Reaching(Cell):
    """A training up to the target, or the fit in closed form that sets it.

    Args:
        target: NDCG@20 of validation.
    """

    target: float = 0.0

    def measure(self) -> Record:
        graph, settings = load_graph(self), self.settings
        start = time.process_time()
        if not settings.by_gradients:
            model = settings.model.build(graph.num_users, graph.num_items)
            model.prepare(model.adjacency_of(graph), self.seed)
            return {"seconds": {"reach": round(time.process_time() - start, 3)}}
        watch = Watch(METRIC, start, target=self.target)
        with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
            told = self.train(graph, Path(folder) / "run", [watch])
        last = watch.curve[-1]
        reached = last["seconds"] if last[METRIC] >= round(self.target, 5) else None
        return {
            "epochs": told["epochs"],
            "curve": watch.curve,
            "seconds": {"reach": reached},
        }


def cells(
    data: Sequence[DataName] = ("lastfm", "ml-100k"), root: str = "data"
) -> list[Reaching]:
    """Return the best closed form of each data set, and all trainings.

    Args:
        data: Data sets.
        root: Folder of the data sets.
    """
    return [cell for one in data for cell in _cells_on(one, root)]


def _cells_on(data: str, root: str) -> list[Reaching]:
    best = best_closed_form(recorded_on(data))
    if best is None:
        raise ValueError(f"'data' needs a recorded closed form (got none of {data!r})")
    closed, target = best["variant"], best["metrics"]["validation"][METRIC]
    settings = {closed: Settings(model=closed, **chosen_settings(data, closed))}
    for name, overrides in GRADIENTS.items():
        # Without published settings, those are of no data set.
        if name != "tvdiff" or data in preset_names():
            untuned = settings_of(data, name, WIDE, overrides)
            settings[name] = untuned.but(**(tuned_settings(data, name) or {}))
    further: dict[str, Any] = {"seed": SEED, "root": root, "device": "cpu"}
    return [
        Reaching(NAME, data, name, one, target=target, **further)
        for name, one in settings.items()
    ]


def recorded_on(data: str) -> Records:
    """Return what the tables of all models have of a data set."""
    found = kept(*BESIDE)
    return [one for one in found if one["data"] == data and one["seed"] == SEED]


def best_closed_form(records: Records) -> Record | None:
    """Return the closed form that ranks validation best."""
    closed = [one for one in records if one["variant"] in CLOSED]
    return max(closed, key=_of_validation, default=None)


def table(records: Records) -> str:
    """What each training takes on each data set, or that it does not get there."""
    rows = []
    for data in TEN:
        recorded = recorded_on(data)
        best = best_closed_form(recorded)
        if best is not None:
            own = {one["variant"]: one for one in records if one["data"] == data}
            others = {one["variant"]: one for one in recorded}
            cells = [
                _told(own.get(name), others.get(name), _of_validation(best))
                for name in (best["variant"], *GRADIENTS)
            ]
            target = print_number(_of_validation(best))
            rows.append([data, best["variant"], target, *cells])
    header = ["Data", "Closed form", "Validation NDCG@20", "Its fit", *GRADIENTS]
    return markdown_table([header, *rows])


def _told(own: Record | None, other: Record | None, target: float) -> str:
    """Say what it took; of one recorded elsewhere, what its end tells of that."""
    if own is not None:
        seconds, epochs = own["seconds"]["reach"], own.get("epochs")
        if seconds is None:
            return f"not in {epochs} epochs"
        return f"{print_seconds(seconds)}{f', {epochs} epochs' if epochs else ''}"
    if other is None:
        return MISSING
    if _of_validation(other) < target:
        return f"not in {other['epochs']} epochs"
    return f"at most {print_seconds(other['seconds']['fit'])}"


def _of_validation(record: Record) -> float:
    value: float = record["metrics"]["validation"][METRIC]
    return value


BENCHMARK = Benchmark(NAME, cells, {"time-to-reach": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

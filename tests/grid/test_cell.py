"""What tells one cell of a grid from another, and what its record holds."""

import json
from dataclasses import dataclass, field, replace
from typing import ClassVar

import pytest

from tests.study.conftest import GRAPH, SMALL
from tvdiff_pyg.grid import GridCell, Record, check_record
from tvdiff_pyg.study import Cell
from tvdiff_pyg.training import Settings


@dataclass(frozen=True)
class Timing(GridCell):
    timed: ClassVar[bool] = True

    protocol: None = None
    repeats: int = 3
    note: str = field(default="", compare=False)

    def measure(self) -> Record:
        return {"seconds": {"step": 0.5}, "measures": {"repeats": self.repeats}}


def test_a_record_holds_metrics_measures_and_costs() -> None:
    cell = Cell("oversmoothing", GRAPH, "2", Settings(**SMALL), seed=1)
    record = cell.carry_out()
    check_record(record)
    assert cell.is_recorded(json.loads(json.dumps(record)))
    assert 0 < record["metrics"]["test"]["ndcg@20"] < 1
    assert record["metrics"]["validation"]["recall@20"] > 0
    assert record["model"] == "tvdiff" and record["settings"]["hidden_channels"] == 8
    assert record["epochs"] == 2 and record["seconds"]["epoch"] > 0
    assert record["graph"]["users"] == 80 and record["protocol"] == "standard"
    assert {"mad", "entropy_clipped", "batch_edges"} <= set(record["measures"])
    assert record["findings"] == [] and record["linear_share"] == 0
    assert record["hardware"]["cores"] >= 1 and record["hardware"]["device"] == "cpu"
    assert "torch" in record["versions"]


def test_what_says_nothing_is_left_out() -> None:
    record = Timing("timing", "lastfm", note="hurried").carry_out()
    assert list(record) == [
        *("experiment", "data", "seed", "conditions"),
        *("hardware", "versions", "seconds", "measures"),
    ]
    assert record["conditions"] == {"repeats": 3}


@pytest.mark.parametrize(
    ("name", "value"),
    [("data", "gowalla"), ("variant", "a"), ("seed", 1), ("repeats", 5)],
)
def test_another_field_is_another_cell(name: str, value: object) -> None:
    cell = Timing("timing", "lastfm")
    other = replace(cell, **{name: value})
    assert cell.is_recorded(cell.carry_out())
    assert not other.is_recorded(cell.carry_out())
    assert not cell.is_recorded(other.carry_out())


def test_fields_that_are_not_compared_make_no_difference() -> None:
    cell = Timing("timing", "lastfm")
    assert replace(cell, note="hurried", root="elsewhere").is_recorded(cell.carry_out())


def test_seconds_of_another_machine_do_not_count() -> None:
    cell = Timing("timing", "lastfm")
    record = cell.carry_out()
    record["hardware"] = {**record["hardware"], "cpu": "an abacus"}
    assert not cell.is_recorded(record)
    assert Cell("timing", "lastfm").is_recorded({**Cell("timing", "lastfm").key()})


def test_settings_that_a_record_lacks_had_their_default() -> None:
    cell = Cell("losses", GRAPH, "bpr", Settings(**SMALL))
    record = cell.key()
    for name in ("linear_share", "noise_scale"):
        del record["settings"][name]
    assert cell.is_recorded(record)
    changed = Settings(**SMALL, linear_share=0.5)
    assert not replace(cell, settings=changed).is_recorded(record)
    beside = replace(cell, settings=changed.but(choose_linear_share=True))
    earlier = beside.key()
    del earlier["settings"]["other_linear_neighbors"]
    assert beside.is_recorded(earlier)


def test_settings_that_a_cell_does_not_read_make_no_difference() -> None:
    cell = Cell("losses", GRAPH, "bpr", Settings(**SMALL))
    record = cell.key()
    record["settings"]["of_another_model"] = 3
    assert cell.is_recorded(record)


def test_a_record_of_another_model_does_not_count() -> None:
    cell = Cell("losses", GRAPH, "bpr", Settings(**SMALL))
    assert not cell.is_recorded({**cell.key(), "model": "lightgcn"})
    flat = {"model": "tvdiff", **cell.key()["settings"]}
    assert flat == cell.settings.flat()

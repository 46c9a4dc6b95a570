"""How long trainings take to be as good as the best closed form."""

from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.grid import Record, append_record, check_record, read_records
from tvdiff_pyg.models import Popularity
from tvdiff_pyg.training import Settings

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
OTHERS = "others.jsonl"
SMALL: dict[str, Any] = {"hidden_channels": 8, "num_timesteps": 2, "max_epochs": 3}


@pytest.fixture
def reach(
    import_benchmark: ImportBenchmark, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> ModuleType:
    """Return the module, with nothing recorded elsewhere."""
    module = import_benchmark("time_to_reach")
    others = tmp_path / OTHERS
    monkeypatch.setattr(module, "kept", lambda *names: read_records(others))
    return module


def record(variant: str, ndcg: float, **found: Any) -> Record:
    return {
        "experiment": "ten_data_sets",
        "data": "ml-100k",
        "variant": variant,
        "seed": 0,
        "metrics": {"validation": {"ndcg@20": ndcg}, "test": {"ndcg@20": 0.9}},
        "seconds": {"fit": 30.0},
        "epochs": 24,
        "hardware": {},
        "versions": {},
        **found,
    }


def test_a_training_ends_where_it_is_as_good(reach: ModuleType) -> None:
    settings = Settings.over(SMALL)
    low, high = (
        reach.Reaching("x", GRAPH, "tvdiff", settings, target=target, device="cpu")
        for target in (0.001, 0.999)
    )
    reached = low.carry_out()
    check_record(reached)
    assert reached["epochs"] == 1 and len(reached["curve"]) == 1
    assert reached["seconds"]["reach"] == reached["curve"][0]["seconds"] > 0
    missed = high.carry_out()
    assert missed["epochs"] == 3 and missed["seconds"]["reach"] is None
    seconds = [one["seconds"] for one in missed["curve"]]
    assert seconds == sorted(seconds) and len(seconds) == 3


def test_a_closed_form_is_only_fitted(
    reach: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it takes is its fit, not its ranking."""
    monkeypatch.setattr(reach.Reaching, "train", None)
    settings = Settings(model="popularity")
    cell = reach.Reaching("x", GRAPH, "popularity", settings, target=0.1, device="cpu")
    found = cell.measure()
    assert found.keys() == {"seconds"} and found["seconds"]["reach"] >= 0
    assert isinstance(settings.model.build(3, 4), Popularity)


def test_the_table_says_what_each_took(reach: ModuleType, tmp_path: Path) -> None:
    others = [
        record("ease", 0.24),
        record("item-knn", 0.2),
        record("tvdiff, recommended", 0.25),
        record("diffrec", 0.19),
        record("lightgcn", 0.25),
        record("lightgcn", 0.1, seed=1),
    ]
    for one in others:
        append_record(tmp_path / OTHERS, one)
    own = [
        record("ease", 0.0, seconds={"reach": 0.5}, epochs=0),
        record("tvdiff, recommended", 0.0, seconds={"reach": 5.5}, epochs=4),
        record("bpr-mf", 0.0, seconds={"reach": None}, epochs=26),
    ]
    header, _, row = (
        line.strip("| ").split(" | ") for line in reach.table(own).splitlines()
    )
    found = dict(zip(header, row, strict=True))
    assert found["Closed form"] == "ease" and found["Validation NDCG@20"] == "0.2400"
    assert found["Its fit"] == "0.5 s"
    assert found["tvdiff, recommended"] == "5.5 s, 4 epochs"
    assert found["bpr-mf"] == "not in 26 epochs" and found["tvdiff"] == "–"
    # Of those that only others have recorded.
    assert found["diffrec"] == "not in 24 epochs"
    assert found["lightgcn"] == "at most 30 s"


def test_cells_have_the_target_of_what_is_recorded(
    reach: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="'data' needs a recorded closed form"):
        reach.cells(["ml-100k"])
    append_record(tmp_path / OTHERS, record("ease", 0.24))
    cells = {cell.variant: cell for cell in reach.cells(["ml-100k"])}
    assert {cell.key()["conditions"]["target"] for cell in cells.values()} == {0.24}
    assert "tvdiff" not in cells and {"ease", "lightgcn", "diffrec"} < set(cells)

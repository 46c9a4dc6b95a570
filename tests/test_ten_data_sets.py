"""The table of ten data sets."""

import importlib
import math
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg.grid import Record
from tvdiff_pyg.significance import shared_means


@pytest.fixture
def ten(
    import_benchmark: ImportBenchmark, monkeypatch: pytest.MonkeyPatch
) -> ModuleType:
    """Return the module, without what is recorded of other data sets."""
    module = import_benchmark("ten_data_sets")
    monkeypatch.setattr(module, "kept", lambda *names: [])
    return module


def record(variant: str, seed: int, ndcg: float, data: str = "ml-100k") -> Record:
    return {
        "experiment": "ten_data_sets",
        "data": data,
        "variant": variant,
        "protocol": "standard",
        "seed": seed,
        "metrics": {"validation": {"ndcg@20": ndcg / 2}, "test": {"ndcg@20": ndcg}},
        "seconds": {"fit": 10.0 + seed},
        "hardware": {},
        "versions": {},
    }


def rows(table: str) -> list[list[str]]:
    return [line.strip("| ").split(" | ") for line in table.splitlines()]


def test_the_preset_is_compared_on_the_seeds_that_both_have(ten: ModuleType) -> None:
    records = [
        record("tvdiff, recommended", 0, 0.42),
        record("tvdiff, recommended", 1, 0.9),
        record("ease", 0, 0.4),
        record("popularity", 0, 0.1),
    ]
    header, _, row = rows(ten.table("test", records))
    found = dict(zip(header, row, strict=True))
    assert found["Data"] == "ml-100k" and found["Seeds"] == "2"
    assert found["Recommended"] == "0.6600" and found["item-knn"] == "–"
    assert found["Best other"] == "ease" and found["Recommended to it"] == "+5.0%"
    assert found["Its training"] == "10 s" and found["95% interval"] == "–"
    *_, row = rows(ten.table("validation", records))
    assert row[2] == "0.3300"


def test_data_without_the_preset_is_compared_with_nothing(ten: ModuleType) -> None:
    *_, row = rows(ten.table("test", [record("ease", 0, 0.4)]))
    assert row[-4:] == ["–", "–", "–", "–"]


def test_an_interval_over_users_stands_where_both_models_kept_draws(
    ten: ModuleType,
) -> None:
    """It is that of the paired difference: users who differ by nothing narrow it."""
    users = np.random.default_rng(0).random(500)
    values = {"tvdiff, recommended": users + 0.1, "ease": users, "ials": users / 2}
    records = [record(name, 0, ndcg.mean()) for name, ndcg in values.items()]
    for one, ndcg in zip(records[:2], values.values(), strict=False):
        one["draws"] = {"ndcg@20": shared_means(range(500), ndcg).tolist()}
    header, _, row = rows(ten.table("test", records))
    found = dict(zip(header, row, strict=True))
    share = 0.1 / users.mean()
    error = share * users.std() / users.mean() / math.sqrt(500)
    low, high = (float(end.rstrip("%")) for end in found["95% interval"].split(" to "))
    assert found["Best other"] == "ease"
    assert low == pytest.approx(100 * (share - 1.96 * error), abs=0.2)
    assert high == pytest.approx(100 * (share + 1.96 * error), abs=0.2)
    # Without those of the other model there is none; of validation none is shown.
    del records[1]["draws"]
    *_, row = rows(ten.table("test", records))
    assert row[-2] == "–"
    assert "95% interval" not in ten.table("validation", records)


def test_models_are_ranked_where_all_were_run(ten: ModuleType, tmp_path: Path) -> None:
    values = dict(zip(ten.MODELS, (0.7, 0.6, 0.5, 0.4, 0.3, 0.2, 0.2), strict=True))
    reverse = {"ease": 0.1, "ials": 0.9}
    records = [record(name, 0, ndcg) for name, ndcg in values.items()]
    for name, ndcg in (values | reverse).items():
        records.append(record(name, 0, ndcg, "steam-200k-play"))
    records.append(record("ease", 0, 0.9, "yelp2018"))
    header, _, first, *others = rows(ten.ranks_table(records))
    assert header == ["Model", "Mean rank", "ml-100k", "steam-200k-play"]
    assert first == ["tvdiff, recommended", "1.5", "1", "2"]
    found = {row[0]: row[1:] for row in others}
    assert found["ease"] == ["5.0", "3", "7"] and found["ials"] == ["3.8", "6.5", "1"]
    # Demsar's table: 2.949 is the quantile of seven models.
    wanted = 2.949 * math.sqrt(7 * 8 / (6 * 2))
    assert ten.critical_difference(7, 2) == pytest.approx(wanted, rel=1e-3)
    ten.draw("ten_data_sets", records, tmp_path)
    assert (tmp_path / "results" / "ranks.png").read_bytes().startswith(b"\x89PNG")
    ten.draw("ten_data_sets", records[:1], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_bars_span_ranks_that_lie_within_the_difference(ten: ModuleType) -> None:
    groups = importlib.import_module("ranks")._groups
    assert groups([1.0, 2.0, 3.5, 6.0], 2.0) == [(1.0, 2.0), (2.0, 3.5)]
    assert groups([1.0, 2.0, 3.0], 5.0) == [(1.0, 3.0)]
    assert groups([1.0, 4.0], 2.0) == []


def test_other_data_sets_are_read_from_their_own_records(
    ten: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [record(variant, 0, 0.3, "lastfm") for variant in ("ease", "vaecf")]
    monkeypatch.setattr(ten, "kept", {"reproduce_main": others}.__getitem__)
    _, _, lastfm, movies = rows(ten.table("test", [record("ease", 0, 0.4)]))
    assert lastfm[:2] == ["lastfm", "1"] and "0.3000" in lastfm
    assert movies[0] == "ml-100k"


def test_cells_are_the_preset_and_what_was_tuned(ten: ModuleType) -> None:
    cells = ten.cells(["ml-100k"], ["tvdiff, recommended", "ease"], [3])
    ease, preset = cells
    assert ease.settings["l2"] != 500 and {cell.seed for cell in cells} == {3}
    known = ten.Settings.preset("recommended").flat()
    assert preset.settings.flat() == known and preset.data == "ml-100k"

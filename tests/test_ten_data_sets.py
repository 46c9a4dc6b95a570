"""The table of ten data sets."""

import math
from importlib import import_module
from itertools import chain
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


def of_row(table: str) -> dict[str, str]:
    """Return the only row of a table by its headings."""
    header, _, row = rows(table)
    return dict(zip(header, row, strict=True))


def test_the_preset_is_compared_on_the_seeds_that_both_have(ten: ModuleType) -> None:
    records = [
        record(ten.RECOMMENDED, 0, 0.42),
        record(ten.RECOMMENDED, 1, 0.9),
        record(ten.ALONE, 0, 0.39),
        record("ease", 0, 0.3),
        record("xsimgcl", 0, 0.4),
        record("popularity", 0, 0.1),
    ]
    found = of_row(ten.table(records))
    assert found["Data"] == "ml-100k" and found["Seeds"] == "2"
    assert found["Recommended"] == "0.6600" and found["alone"] == "0.3900"
    assert found["EASE"] == "0.3000" and found["Alone to it"] == "+30.0%"
    assert found["Best other"] == "xsimgcl" and found["its NDCG@20"] == "0.4000"
    assert found["Recommended to it"] == "+5.0%"
    assert found["Its training"] == "10 s" and found["95% interval"] == "–"


def test_data_without_the_preset_is_compared_with_nothing(ten: ModuleType) -> None:
    found = of_row(ten.table([record("ease", 0, 0.4)]))
    assert found["EASE"] == "0.4000" and found["Seeds"] == "0"
    assert [*found.values()].count("–") == 8


def test_each_model_has_a_line_with_what_it_reaches_on_each_data_set(
    ten: ModuleType,
) -> None:
    records = [
        record("xsimgcl", 0, 0.4),
        record("xsimgcl", 1, 0.6),
        record("ease", 0, 0.3, "steam-200k-play"),
    ]
    header, _, *lines = rows(ten.models_table("test", records))
    assert header == ["Model", "ml-100k", "steam-200k-play"]
    assert lines == [["ease", "–", "0.3000"], ["xsimgcl", "0.5000", "–"]]
    *_, last = rows(ten.models_table("validation", records))
    assert last == ["xsimgcl", "0.2500", "–"]


def test_an_interval_over_users_stands_where_both_models_kept_draws(
    ten: ModuleType,
) -> None:
    """It is that of the paired difference: users who differ by nothing narrow it."""
    users = np.random.default_rng(0).random(500)
    values = {"tvdiff, recommended": users + 0.1, "ease": users, "ials": users / 2}
    records = [record(name, 0, ndcg.mean()) for name, ndcg in values.items()]
    for one, ndcg in zip(records[:2], values.values(), strict=False):
        one["draws"] = {"ndcg@20": shared_means(range(500), ndcg).tolist()}
    found = of_row(ten.table(records))
    share = 0.1 / users.mean()
    error = share * users.std() / users.mean() / math.sqrt(500)
    low, high = (float(end.rstrip("%")) for end in found["95% interval"].split(" to "))
    assert found["Best other"] == "ease"
    assert low == pytest.approx(100 * (share - 1.96 * error), abs=0.2)
    assert high == pytest.approx(100 * (share + 1.96 * error), abs=0.2)
    # Without those of the other model there is none.
    del records[1]["draws"]
    assert of_row(ten.table(records))["95% interval"] == "–"


def test_models_are_ranked_where_all_were_run(ten: ModuleType, tmp_path: Path) -> None:
    num = len(ten.RANKED)
    values = {name: 0.9 - 0.01 * place for place, name in enumerate(ten.RANKED)}
    values["popularity"] = values["ials"]
    records = [record(name, 0, ndcg) for name, ndcg in values.items()]
    for name, ndcg in (values | {"ease": 0.1, "ials": 0.95, "slim": 1}).items():
        records.append(record(name, 0, ndcg, "steam-200k-play"))
    records.append(record("ease", 0, 0.9, "yelp2018"))
    header, _, first, *others = rows(ten.ranks_table(records))
    assert header == ["Model", "Mean rank", "ml-100k", "steam-200k-play"]
    assert first == [ten.RECOMMENDED, "1.5", "1", "2"]
    found = {row[0]: row[1:] for row in others}
    ease, ials = (ten.RANKED.index(name) + 1 for name in ("ease", "ials"))
    assert found["ease"] == [f"{(ease + num) / 2:.1f}", f"{ease}", f"{num}"]
    assert found["ials"][1:] == [f"{ials + 0.5:g}", "1"]
    assert found["popularity"][1] == f"{ials + 0.5:g}" and "slim" not in found
    # Demsar's table: 2.949 is the quantile of seven models.
    wanted = 2.949 * math.sqrt(7 * 8 / (6 * 2))
    assert ten.critical_difference(7, 2) == pytest.approx(wanted, rel=1e-3)
    ten.draw("ten_data_sets", records, tmp_path)
    assert (tmp_path / "results" / "ranks.png").read_bytes().startswith(b"\x89PNG")
    ten.draw("ten_data_sets", records[:1], tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_bars_span_ranks_that_lie_within_the_difference(ten: ModuleType) -> None:
    groups = import_module("ranks")._groups
    assert groups([1.0, 2.0, 3.5, 6.0], 2.0) == [(1.0, 2.0), (2.0, 3.5)]
    assert groups([1.0, 2.0, 3.0], 5.0) == [(1.0, 3.0)]
    assert groups([1.0, 4.0], 2.0) == []


def test_other_data_sets_are_read_from_their_own_records(
    ten: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [record(variant, 0, 0.3, "lastfm") for variant in ("ease", "vaecf")]
    files = {"reproduce_main": others, "ten_data_sets": [record("ials", 0, 0.2)]}
    monkeypatch.setattr(ten, "kept", lambda *names: chain(*map(files.get, names)))
    header, _, *lines = rows(ten.models_table("test", [record("ease", 0, 0.4)]))
    assert header == ["Model", "lastfm", "ml-100k"]
    assert lines == [["ease", "0.3000", "0.4000"], ["ials", "–", "0.2000"]]


def test_cells_are_the_preset_and_what_was_tuned(ten: ModuleType) -> None:
    cells = ten.cells(["ml-100k"], ["tvdiff, recommended", "ease"], [3])
    ease, preset = cells
    assert ease.settings["l2"] != 500 and {cell.seed for cell in cells} == {3}
    known = ten.Settings.preset("recommended").flat()
    assert preset.settings.flat() == known and preset.data == "ml-100k"


def test_of_the_papers_three_only_what_others_leave_out_is_run(
    ten: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ten, "chosen_settings", lambda data, model: {})
    models = ["tvdiff, recommended", "lightgcn", "popularity", "xsimgcl"]
    [cell] = ten.cells(["lastfm"], models)
    assert cell.variant == "xsimgcl" and cell.settings.flat()["hidden_channels"] == 256
    assert len(ten.cells(["ml-100k"], models)) == 4


def test_what_was_not_tuned_is_refused(
    ten: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    tuned = import_module("tuned")
    monkeypatch.setattr(tuned, "recorded", lambda name: [])
    tuned.tuned_settings.cache_clear()
    with pytest.raises(ValueError, match="'lightgcn' needs to be tuned on 'ml-100k'"):
        ten.cells(["ml-100k"], ["lightgcn"])
    tuned.tuned_settings.cache_clear()

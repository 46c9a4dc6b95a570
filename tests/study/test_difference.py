"""Differences of variants: their intervals over seeds, and over users and seeds."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import stats

from tests.study.conftest import GRAPH, SMALL, MakeRecord
from tvdiff_pyg.grid.records import Record, check_record, read_records
from tvdiff_pyg.significance import compare, mean_interval
from tvdiff_pyg.study import Cell, StudyOptions, find_study, run_study
from tvdiff_pyg.study.difference import Difference
from tvdiff_pyg.study.kept_users import KeptUsers
from tvdiff_pyg.study.report import judge
from tvdiff_pyg.study.results import results_of
from tvdiff_pyg.training import Settings


def test_the_interval_of_a_mean_is_students() -> None:
    values = np.random.default_rng(0).normal(1.0, 2.0, 7)
    test = stats.ttest_1samp(values, 0.0).confidence_interval(0.9)
    assert mean_interval(values.tolist(), 0.9) == pytest.approx(tuple(test))
    assert np.isnan(mean_interval([1.0])).all()
    with pytest.raises(ValueError, match="'values' needs finite numbers"):
        mean_interval([1.0, np.nan])
    with pytest.raises(ValueError, match="'level' needs to be"):
        mean_interval([1.0, 2.0], 1.0)


def test_positive_numbers_are_compared_by_ratio() -> None:
    """Halved in each of three seeds, whatever their size, is halved."""
    found = Difference.of_seeds([1.0, 10.0, 101.0], [2.0, 20.0, 200.0], 0.01)
    ratios = np.log([0.5, 0.5, 0.505])
    ends = stats.ttest_1samp(ratios, 0.0).confidence_interval()
    assert found.mean == pytest.approx(np.exp(ratios.mean()) - 1)
    assert (found.low, found.high) == pytest.approx(tuple(np.exp(ends) - 1))
    assert found.outcome == "fails"


def test_others_by_their_difference() -> None:
    found = Difference.of_seeds([0.0, -0.1, -0.2], [2.0, 2.1, 1.9], 0.01)
    assert found.mean == pytest.approx(-2.1 / 2) and found.outcome == "fails"
    assert Difference.of_seeds([0.0, 0.0], [0.0, 0.0], 0.0).outcome == (
        "indistinguishable"
    )


@pytest.mark.parametrize("less", [False, True])
def test_the_margin_is_stated(make_record: MakeRecord, less: bool) -> None:
    """7.643 in each seed against 7.642 makes no difference, unless nothing is one."""
    records = [
        make_record("mine", name, seed, mad=value + by)
        for name, value in (("1", 7.643), ("2", 7.642))
        for seed, by in enumerate((0.0, 0.00001, 0.00002))
    ]
    outcomes = {}
    for margin in (0.0, 0.01):
        [results] = results_of(records, margin)
        found = results.difference("mad", "1", "2", less)
        assert found is not None
        outcomes[margin] = found.outcome
    assert outcomes == {0.0: "fails" if less else "holds", 0.01: "indistinguishable"}
    with pytest.raises(ValueError, match="'margin' needs to be"):
        results_of(records, -0.1)


def frames(records: list[Record], folder: Path) -> dict[str, list[np.ndarray]]:
    """Keep what 200 users count, and return it by variant."""
    generator, kept = np.random.default_rng(1), KeptUsers(folder)
    users, values = generator.random(200), {}
    for record in records:
        better = 0.05 if record["variant"] == "1" else 0.0
        ndcg = users + better + 0.1 * generator.random(200)
        kept.write(record, pl.DataFrame({"user": np.arange(200), "ndcg@20": ndcg}))
        values.setdefault(record["variant"], []).append(ndcg)
    return values


def test_users_that_were_kept_are_drawn_anew(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    records = [make_record("mine", name, seed) for name in "12" for seed in (0, 1)]
    values = frames(records, tmp_path)
    wanted = compare(values["1"], values["2"])
    [results] = results_of(records, users=KeptUsers(tmp_path))
    found = results.difference("ndcg", "1", "2")
    mean = 0.1  # Of the records.
    assert found is not None and found.num_users == 200 and found.num_seeds == 2
    assert found.low == pytest.approx(wanted.low / mean)
    assert found.high == pytest.approx(wanted.high / mean)
    assert found.effect == pytest.approx(wanted.effect) and found.outcome == "holds"
    assert "2 seeds, 200 users, effect size +" in found.in_words()
    # One seed has an interval then, too; what is no metric of each user has none.
    [single] = results_of(records[::2], users=KeptUsers(tmp_path))
    one = single.difference("ndcg", "1", "2")
    assert one is not None and one.outcome == "holds"
    other = single.difference("recall", "1", "2")
    assert other is not None and other.num_users is None


def test_users_of_some_cells_are_not_enough(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    records = [make_record("mine", name, seed) for name in "12" for seed in (0, 1)]
    frames(records[:3], tmp_path)
    [results] = results_of(records, users=KeptUsers(tmp_path))
    found = results.difference("ndcg", "1", "2")
    assert found is not None and found.num_users is None
    KeptUsers(tmp_path).file(records[3]).write_text("damaged")
    with pytest.raises(ValueError, match="'users' needs files as they were written"):
        results_of(records, users=KeptUsers(tmp_path))


def test_a_study_keeps_what_users_count(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    options = StudyOptions(
        [GRAPH],
        ["1", "2"],
        [0],
        overrides=SMALL | {"max_epochs": 4, "patience": 1, "check_every": 1},
        jobs=0,
        progress=False,
        per_user=True,
    )
    run_study("oversmoothing", options, tmp_path)
    kept = KeptUsers(tmp_path / "users")
    records = read_records(tmp_path / "cells.jsonl")
    for record in records:
        frame = kept.read(record)
        assert frame is not None
        for metric in ("ndcg@20", "recall@20"):
            mean = record["metrics"]["test"][metric]
            assert frame[metric].mean() == pytest.approx(mean, abs=1e-6)
    found = judge(find_study("oversmoothing"), records, users=kept)
    [ranks] = [one for one in found if one.claim.startswith("One layer ranks")]
    assert " users" in ranks.effect
    assert " users" in (tmp_path / "report.md").read_text()
    assert not caplog.text
    kept.file(records[0]).unlink()
    run_study("oversmoothing", options, tmp_path)
    assert "'per_user' keeps nothing of 1 cells that are recorded" in caplog.text


def test_a_record_keeps_means_over_users_drawn_anew() -> None:
    settings = Settings.over(SMALL)
    cell = Cell("losses", GRAPH, "bpr", settings, draws=50, device="cpu")
    record = cell.carry_out()
    check_record(record)
    draws = np.asarray(record["draws"]["ndcg@20"])
    mean = record["metrics"]["test"]["ndcg@20"]
    assert draws.shape == (50,) and 0 < draws.std() < mean
    assert draws.mean() == pytest.approx(mean, abs=4 * draws.std() / np.sqrt(50))
    assert "draws" not in record.get("conditions", {}) and cell.is_recorded(record)

"""Cells that had not converged are flagged, and no verdict rests on them."""

from pathlib import Path

import pytest

from tests.study.conftest import MakeRecord
from tests.study.test_claims import COSTS_LESS, ranked
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.study import find_study, losses, oversmoothing, temperature
from tvdiff_pyg.study import write_report as write
from tvdiff_pyg.study.convergence import has_converged, unconverged_cells
from tvdiff_pyg.study.results import results_of
from tvdiff_pyg.study.summary import cell_table


@pytest.mark.parametrize(
    ("best", "epochs", "expected"),
    [
        (40, 40, False),  # The last check was the best.
        (35, 40, False),  # One check after it, of three.
        (30, 40, False),
        (25, 40, True),  # Patience ran out just then.
        (5, 20, True),
        (5, 19, False),  # Stopped from outside.
        (None, 0, True),  # Closed form.
    ],
)
def test_patience_decides(best: int | None, epochs: int, expected: bool) -> None:
    settings = {"patience": 3, "check_every": 5, "max_epochs": 40}
    record: Record = {"settings": settings, "epochs": epochs}
    if best is not None:
        record["best_epoch"] = best
    assert has_converged(record) is expected


def test_settings_of_a_record() -> None:
    # One that is missing had its default, ten checks, one an epoch.
    assert has_converged({"epochs": 20, "best_epoch": 10})
    assert not has_converged({"epochs": 19, "best_epoch": 10})
    # The only check of a short training comes at its end.
    short = {"max_epochs": 2, "check_every": 5, "patience": 1}
    assert not has_converged({"settings": short, "epochs": 2, "best_epoch": 2})
    for wrong in (0, "3", True):
        with pytest.raises(ValueError, match="'patience' needs to be at least 1"):
            has_converged(
                {"settings": {"patience": wrong}, "epochs": 9, "best_epoch": 1}
            )


def test_no_verdict_rests_on_a_rising_cell(make_record: MakeRecord) -> None:
    results = ranked(make_record, {"1": 0.2, "2": 0.1}, rising=("2",))
    verdict = oversmoothing.better_ranking(results)
    assert verdict is not None and verdict.outcome == "undecided"
    assert verdict.sentence.endswith(" Not converged: 2 (seeds 0, 1, 2).")
    # A single seed is enough.
    records = [
        make_record("mine", name, seed, ndcg=ndcg)
        for name, ndcg in (("1", 0.2), ("2", 0.1))
        for seed in (0, 1)
    ]
    records[3]["best_epoch"] = records[3]["epochs"] - 1
    [found] = results_of(records)
    verdict = oversmoothing.better_ranking(found)
    assert verdict is not None and verdict.outcome == "undecided"
    assert verdict.sentence.endswith(" Not converged: 2 (seed 1).")


def test_a_rising_cell_may_yet_be_the_best(make_record: MakeRecord) -> None:
    """One layer is not shown to rank best while another is rising, but to be beaten."""
    rising = ("4",)
    ahead = ranked(make_record, {"1": 0.3, "2": 0.2, "4": 0.1}, rising)
    verdict = oversmoothing.better_ranking(ahead)
    assert verdict is not None and verdict.outcome == "undecided"
    assert "with 2, the best of the deeper" in verdict.sentence
    behind = ranked(make_record, {"1": 0.2, "2": 0.3, "4": 0.4}, rising)
    verdict = oversmoothing.better_ranking(behind)
    assert verdict is not None and verdict.outcome == "fails"
    assert "with 2, the best of the deeper" in verdict.sentence
    assert "Not converged: 4 (" in verdict.sentence


def test_other_claims_of_the_best(make_record: MakeRecord) -> None:
    helps = ranked(make_record, {"none": 0.1, "bce": 0.2, "bpr": 0.1}, ("bpr",))
    verdict = losses.entropy_helps(helps)
    assert verdict is not None and verdict.outcome == "holds"
    costs = ranked(make_record, {"none": 0.3, "bce": 0.2, "bpr": 0.1}, ("bpr",))
    verdict = losses.entropy_helps(costs)
    assert verdict is not None and verdict.outcome == "undecided"
    rule = ranked(make_record, {"0.1": 0.1, "1": 0.2, "20": 0.05}, ("20",))
    verdict = temperature.size_rule(rule)
    assert verdict is not None and verdict.outcome == "undecided"


def test_costs_are_the_same_in_every_epoch(make_record: MakeRecord) -> None:
    results = ranked(make_record, {"1": 0.2, "2": 0.1}, rising=("1", "2"))
    verdict = COSTS_LESS(results)
    assert verdict is not None and verdict.outcome == "indistinguishable"
    assert "Not converged" not in verdict.sentence


def test_every_rising_cell_is_on_the_report(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    records = [
        make_record(data, name, seed)
        for data in ("lastfm", "gowalla")
        for name in ("1", "2", "4")
        for seed in (0, 1)
    ]
    for place in (2, 3, 5, 7):
        records[place]["best_epoch"] = records[place]["epochs"]
    named = unconverged_cells(cell_table(records))
    assert named == {"lastfm": "2 (seeds 0, 1), 4 (seed 1)", "gowalla": "1 (seed 1)"}
    page = write(find_study("oversmoothing"), records, tmp_path).read_text()
    text = (tmp_path / "report.md").read_text()
    for data, cells in named.items():
        assert f"<dt>{data}</dt><dd>{cells}</dd>" in page
        assert f"- {data}: {cells}.\n" in text
    [row] = [line for line in text.splitlines() if line.startswith("| lastfm | 2 |")]
    assert row.endswith("| 2 of 2 |")
    [row] = [line for line in text.splitlines() if line.startswith("| lastfm | 1 |")]
    assert row.endswith("|  |")
    converged = write(find_study("oversmoothing"), records[:2], tmp_path).read_text()
    assert "Not converged" not in converged

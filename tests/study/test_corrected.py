"""Holm's correction over the verdicts of a report."""

from pathlib import Path

import pytest

from tests.study.conftest import MakeRecord
from tvdiff_pyg.significance import Tails, holm
from tvdiff_pyg.study import find_study, write_report
from tvdiff_pyg.study.corrected import about_correction, correct
from tvdiff_pyg.study.difference import Outcome
from tvdiff_pyg.study.report import judge
from tvdiff_pyg.study.verdict import Verdict

SURE, LIKELY, OPEN = (Tails(p, 1 - p, 1.0) for p in (0.0001, 0.02, 0.3))
ALIKE = Tails(0.4, 0.6, 0.01)


def verdict(outcome: Outcome, tails: Tails | None) -> Verdict:
    return Verdict("A claim", "mine", outcome, "Numbers.", tails=tails)


def test_one_verdict_stands_as_it_is() -> None:
    [found] = correct([verdict("holds", LIKELY)])
    assert found.outcome == "holds" and found.p_value == pytest.approx(0.04)
    assert found.sentence == "Numbers."
    assert "over the 1 verdict of this table that rests on" in about_correction([found])


def test_what_is_likely_does_not_stand_beside_others() -> None:
    outcomes: list[tuple[Outcome, Tails | None]] = [
        ("holds", SURE),
        ("fails", LIKELY),
        ("undecided", OPEN),
        ("holds", None),
    ]
    found = correct([verdict(*one) for one in outcomes])
    assert [one.outcome for one in found] == [
        "holds",
        "undecided",
        "undecided",
        "holds",
    ]
    p_values = [one.p_value for one in found]
    assert p_values[:3] == pytest.approx(holm([0.0002, 0.04, 0.6]))
    assert p_values[3] is None
    told = "By itself the claim fails; corrected, p is 0.08."
    assert found[1].sentence.endswith(told) and found[2].sentence == "Numbers."
    about = about_correction(found)
    assert "over the 3 verdicts of this table" in about and "1 rest on none" in about


def test_that_nothing_differs_is_corrected_for_itself() -> None:
    alike = verdict("indistinguishable", ALIKE)
    alone, beside = correct([alike]), correct([alike, verdict("holds", SURE)])
    for found, p_value in ((alone[0], 0.02), (beside[0], 0.04)):
        assert found.outcome == "indistinguishable"
        assert found.p_value == pytest.approx(p_value)
    three = correct([alike] * 3)
    assert {one.outcome for one in three} == {"undecided"}
    assert "By itself the two are indistinguishable" in three[0].sentence


def test_a_report_says_over_how_many_verdicts(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    """Cells that had not converged decide nothing, so they do not count."""
    records = [
        make_record(data, name, seed, ndcg=ndcg * (1 + by), mad=0.5 + by)
        for data in ("mine", "rising")
        for name, ndcg in (("1", 0.2), ("2", 0.1))
        for seed, by in enumerate((0.0, 0.001, -0.002))
    ]
    for record in records:
        if record["data"] == "rising":
            record["best_epoch"] = record["epochs"]
    study = find_study("oversmoothing")
    found = judge(study, records)
    tested = [one for one in found if one.p_value is not None]
    rising = {one.claim for one in tested if one.data == "rising"}
    assert rising == {"One layer costs less time", "One layer costs less memory"}
    for page in (write_report(study, records, tmp_path), tmp_path / "report.md"):
        told = f"Holm's correction over the {len(tested)} verdicts"
        assert told in page.read_text().replace("&#39;", "'")

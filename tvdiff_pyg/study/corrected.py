"""Holm's correction over the verdicts that stand side by side in a report."""

from collections.abc import Sequence
from dataclasses import replace

from tvdiff_pyg.significance import holm
from tvdiff_pyg.study.difference import Outcome
from tvdiff_pyg.study.verdict import Verdict

#: What a corrected p-value has to be below, for a verdict to stand.
LEVEL = 0.05

SAID: dict[Outcome, str] = {
    "holds": "the claim holds",
    "fails": "the claim fails",
    "indistinguishable": "the two are indistinguishable",
}


def correct(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """Leave open what does not stand among so many verdicts.

    All that rest on intervals count, whatever came of them. That there is a difference,
    and that there is none beyond the margin, are corrected each for itself.

    Args:
        verdicts: All verdicts of a report, each decided by itself.
    """
    tested = [one for one in verdicts if one.tails is not None]
    differs = holm([one.tails.differs for one in tested if one.tails])
    alike = holm([one.tails.alike for one in tested if one.tails])
    p_values = {
        id(one): (of_alike if one.outcome == "indistinguishable" else of_differs)
        for one, of_differs, of_alike in zip(tested, differs, alike, strict=True)
    }
    return [_corrected(one, p_values.get(id(one))) for one in verdicts]


def about_correction(verdicts: Sequence[Verdict]) -> str:
    """Say over how many verdicts the correction was taken.

    Args:
        verdicts: All verdicts of a report, corrected.
    """
    count = sum(one.p_value is not None for one in verdicts)
    others = len(verdicts) - count
    if count == 0:
        return "No verdict rests on an interval, so none was corrected."
    rest = f"; {others} rest on none that could decide them" if others else ""
    return (
        f"p: Holm's correction over the {count} verdict{'s' if count > 1 else ''} of "
        f"this table that rest{'' if count > 1 else 's'} on intervals{rest}. A verdict "
        f"stands where it is below {LEVEL}."
    )


def _corrected(verdict: Verdict, p_value: float | None) -> Verdict:
    found = replace(verdict, p_value=p_value)
    if p_value is None or p_value < LEVEL or verdict.outcome == "undecided":
        return found
    told = f" By itself {SAID[verdict.outcome]}; corrected, p is {p_value:.2g}."
    return replace(found, outcome="undecided", sentence=verdict.sentence + told)

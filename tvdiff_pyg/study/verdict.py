"""Verdicts: what the numbers of a study say of a claim on a graph."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tvdiff_pyg.significance import Tails
from tvdiff_pyg.study.convergence import not_converged
from tvdiff_pyg.study.difference import Difference, Outcome
from tvdiff_pyg.study.results import Results


@dataclass(frozen=True)
class Verdict:
    """A claim, and what became of it on one graph.

    Args:
        claim: The claim.
        data: The graph.
        outcome: Whether it holds there.
        sentence: The numbers behind it.
        effect: By how much, if that can be said. (default: ``""``)
        tails: P-values of all that it compares, if it rests on intervals and they can
            decide it. (default: ``None``)
        p_value: That of the outcome, corrected for the verdicts beside it, likewise.
            (default: ``None``)
    """

    claim: str
    data: str
    outcome: Outcome
    sentence: str
    effect: str = ""
    tails: Tails | None = None
    p_value: float | None = None


Claim = Callable[[Results], Verdict | None]


def decide(
    results: Results,
    claim: str,
    sentence: str,
    differences: Sequence[Difference],
    chosen_from: Sequence[str] = (),
    stands: Outcome = "undecided",
) -> Verdict:
    """Decide a claim by differences, all of which have to agree.

    Args:
        results: The cells of a graph.
        claim: The claim.
        sentence: The numbers behind it.
        differences: What it says of the numbers.
        chosen_from: Variants of which the best were picked. Those that had not
            converged may yet be better, so they leave any outcome open but one.
            (default: none)
        stands: That one: what better variants could not overturn.
            (default: ``"undecided"``)
    """
    outcome = decide_all([one.outcome for one in differences])
    passed_over = results.unconverged(chosen_from)
    if passed_over and outcome != stands:
        outcome = "undecided"
    named = [cell for one in differences for cell in one.unconverged] + [*passed_over]
    sentence += not_converged(named)
    effect, tails = _effect(differences), _tails(differences)
    if passed_over and stands == "undecided":
        tails = None
    return Verdict(claim, results.data, outcome, sentence, effect, tails)


def decide_all(outcomes: Sequence[Outcome]) -> Outcome:
    """Join what was decided of several comparisons: one exception leaves it open.

    Args:
        outcomes: The outcomes.

    Example:
        >>> decide_all(["holds", "holds"]), decide_all(["holds", "fails"])
        ('holds', 'undecided')
    """
    distinct = set(outcomes)
    return distinct.pop() if len(distinct) == 1 else "undecided"


def seeds_of(count: int) -> str:
    """Say over how many seeds something was seen.

    Args:
        count: The number of seeds.

    Example:
        >>> seeds_of(1), seeds_of(3)
        ('one seed only', 'each of 3 seeds compared')
    """
    return "one seed only" if count == 1 else f"each of {count} seeds compared"


def _tails(differences: Sequence[Difference]) -> Tails | None:
    """Join the p-values of all that is claimed, if each has any."""
    found = [one.tails_of_claim for one in differences]
    each = [tails for tails in found if tails is not None]
    return Tails.of_all(each) if each and len(each) == len(found) else None


def _effect(differences: Sequence[Difference]) -> str:
    """Print a difference with its interval; of several, the least and the most."""
    if len(differences) == 1:
        return differences[0].in_words()
    ordered = sorted(differences, key=lambda one: one.mean)
    return f"{ordered[0].mean:+.1%} to {ordered[-1].mean:+.1%}" if ordered else ""

"""Verdicts on numbers whose answer is known."""

import itertools

import pytest

from tests.study.conftest import MakeRecord
from tvdiff_pyg.study import (
    diffusion,
    entropy,
    losses,
    oversmoothing,
    temperature,
    views,
)
from tvdiff_pyg.study.definition import find_study
from tvdiff_pyg.study.published import DELTA_ENTROPY, MODELS
from tvdiff_pyg.study.results import Results, results_of
from tvdiff_pyg.study.summary import cell_table, graph_label, seed_means
from tvdiff_pyg.study.verdict import Claim, decide_all

LOWER_RANK = oversmoothing.LessWithDepth(
    "Depth lowers the rank", "effective_rank_scores"
)
SAME_ENTROPY = entropy.CLAIMS[0]
COSTS_LESS = oversmoothing.LessWithOneLayer("One layer costs less", "epoch_seconds")
# What seeds add to a figure: little, so that its interval is narrow.
SEEDS = (0.0, 0.001, -0.001)


def depths(make: MakeRecord, seconds: dict[str, list[float]]) -> Results:
    [found] = results_of(
        [
            make("lastfm", variant, seed, epoch_seconds=value)
            for variant, values in seconds.items()
            for seed, value in enumerate(values)
        ]
    )
    return found


def ranked(
    make: MakeRecord,
    figures: dict[str, float],
    rising: tuple[str, ...] = (),
    data: str = "lastfm",
    train: int = 1000,
) -> Results:
    """Make three seeds of each variant, whose NDCG@20 are about what is given."""
    records = [
        make(data, variant, seed, ndcg=ndcg * (1 + by), train=train)
        for variant, ndcg in figures.items()
        for seed, by in enumerate(SEEDS)
    ]
    for record in records:
        if record["variant"] in rising:
            record["best_epoch"] = record["epochs"]
    [found] = results_of(records)
    return found


@pytest.mark.parametrize(
    ("deeper", "outcome"),
    [
        ([3.0, 6.0, 9.1], "holds"),
        ([0.1, 0.2, 0.3], "fails"),
        ([3.0, 0.2, 5.0], "undecided"),
        ([1.0, 2.0, 3.0], "indistinguishable"),  # No difference at all.
        ([1.001, 2.001, 3.004], "indistinguishable"),  # More in every seed.
    ],
)
def test_the_interval_over_seeds_decides(
    make_record: MakeRecord, deeper: list[float], outcome: str
) -> None:
    verdict = COSTS_LESS(depths(make_record, {"1": [1.0, 2.0, 3.0], "4": deeper}))
    assert verdict is not None and verdict.outcome == outcome
    assert "2.00 ± 1.00 with one layer" in verdict.sentence
    assert "Each of 3 seeds compared" in verdict.sentence
    assert "95% interval" in verdict.effect and "3 seeds" in verdict.effect


def test_depths_that_differ_leave_it_open(make_record: MakeRecord) -> None:
    seconds = {"1": [2.0, 2.1], "2": [3.0, 3.1], "3": [2.0, 2.1], "4": [1.0, 1.1]}
    verdict = COSTS_LESS(depths(make_record, seconds))
    assert verdict is not None and verdict.outcome == "undecided"
    told = "lower than with 2; higher than with 4; indistinguishable from 3."
    assert told in verdict.sentence
    assert verdict.effect == "-48.8% to +48.8%"


def test_one_seed_has_no_interval(make_record: MakeRecord) -> None:
    verdict = COSTS_LESS(depths(make_record, {"1": [2.0], "2": [30.0]}))
    assert verdict is not None and verdict.outcome == "undecided"
    assert "One seed only" in verdict.sentence
    assert verdict.effect == "+1400.0% (1 seed, no interval)"


def test_nothing_to_compare_is_no_verdict(make_record: MakeRecord) -> None:
    results = depths(make_record, {"1": [2.0]})
    for claim in (COSTS_LESS, oversmoothing.better_ranking, LOWER_RANK):
        assert claim(results) is None


def test_seeds_are_compared_with_themselves(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", "1", seed, epoch_seconds=seed) for seed in (2, 1)]
    records += [make_record("lastfm", "2", 1, epoch_seconds=5.0)]
    [results] = results_of(records)
    assert results.by_seed("1", "epoch_seconds") == {1: 1, 2: 2}
    found = results.difference("epoch_seconds", "2", "1")
    assert found is not None and found.mean == pytest.approx(4.0)
    assert found.num_seeds == 1


def test_the_test_set_does_not_choose_the_depth(make_record: MakeRecord) -> None:
    figures = {"1": (0.2, 0.2), "2": (0.1, 0.5), "3": (0.9, 0.1)}
    records = []
    for name, (test, validation) in figures.items():
        for seed, by in enumerate(SEEDS):
            record = make_record("lastfm", name, seed, ndcg=test + by)
            record["metrics"]["validation"] = {"recall@20": 0.5, "ndcg@20": validation}
            records.append(record)
    [results] = results_of(records)
    assert results.best(["2", "3"]) == "2"
    verdict = oversmoothing.better_ranking(results)
    assert verdict is not None and verdict.outcome == "holds"
    assert "0.1000 ± 0.0010 with 2, the best" in verdict.sentence
    assert verdict.effect.startswith("+100.0%")
    assert "Not converged" not in verdict.sentence


def test_the_best_variant_is_best_on_the_same_seeds(make_record: MakeRecord) -> None:
    figures = {("1", 0): 0.2, ("2", 0): 0.3, ("1", 1): 0.9}
    [results] = results_of(
        [make_record("lastfm", *cell, ndcg=ndcg) for cell, ndcg in figures.items()]
    )
    assert results.best() == "2"


@pytest.mark.parametrize(
    ("deepest", "outcome"),
    [(2.0, "holds"), (20.0, "fails"), (9.0, "indistinguishable")],
)
def test_the_ends_decide_what_depth_does(
    make_record: MakeRecord, deepest: float, outcome: str
) -> None:
    ranks = {"1": 9.0, "2": 20.0, "8": deepest}
    [results] = results_of(
        [
            make_record("lastfm", name, seed, effective_rank_scores=rank * (1 + by))
            for name, rank in ranks.items()
            for seed, by in enumerate(SEEDS)
        ]
    )
    verdict = LOWER_RANK(results)
    assert verdict is not None and verdict.outcome == outcome
    assert "From 1 to 8 layers, Rank, scores goes from 9.00 ± 0.01" in verdict.sentence
    assert verdict.effect.startswith(f"{deepest / 9 - 1:+.1%}")


def thermodynamic(make: MakeRecord, *each: tuple[float, ...]) -> Results:
    """Make a seed of each row of changes."""
    names = ("delta_entropy_softmax", "delta_entropy_clipped")
    [found] = results_of(
        [
            make("lastfm", model, seed, **dict.fromkeys(names, value))
            for seed, values in enumerate(each)
            for model, value in zip(MODELS, values, strict=True)
        ]
    )
    return found


def test_rank_agreement_counts_pairs() -> None:
    values = [-3.0, 1e6, 1e6 + 1, 2e9]
    for order in itertools.permutations(range(4)):
        pairs = list(itertools.combinations(order, 2))
        agree = sum(1 if first < second else -1 for first, second in pairs)
        found = entropy.rank_agreement(values, [float(x) for x in order])
        assert found == pytest.approx(agree / len(pairs), abs=1e-6)
        # A claim holds only where the order is the same, to the last digit.
        assert (found == 1.0) == (order == (0, 1, 2, 3))


def test_the_published_order_is_recognised(make_record: MakeRecord) -> None:
    same = DELTA_ENTROPY["lastfm"]
    verdict = SAME_ENTROPY(thermodynamic(make_record, same, same))
    assert verdict is not None and verdict.outcome == "holds"
    assert "4 of 4 signs agree, Kendall's tau of the order +1.00" in verdict.sentence

    reverse = tuple(-x for x in same)
    verdict = SAME_ENTROPY(thermodynamic(make_record, reverse, reverse))
    assert verdict is not None and verdict.outcome == "fails"
    assert "0 of 4 signs agree, Kendall's tau of the order -1.00" in verdict.sentence

    # Seeds that differ, a single one, and a training that had not ended.
    for seeds in ((same, reverse), (same,)):
        verdict = SAME_ENTROPY(thermodynamic(make_record, *seeds))
        assert verdict is not None and verdict.outcome == "undecided"
    unheard = thermodynamic(make_record, same).cells
    assert SAME_ENTROPY(Results("unheard-of", unheard)) is None


@pytest.mark.parametrize(
    ("train", "best", "outcome"),
    [(1000, "1", "holds"), (1000, "10", "fails"), (900_000, "10", "holds")],
)
def test_size_rule(
    make_record: MakeRecord, train: int, best: str, outcome: str
) -> None:
    figures = {name: 0.2 if name == best else 0.1 for name in ("0.1", "1", "10")}
    results = ranked(make_record, figures, train=train)
    verdict = temperature.size_rule(results)
    assert verdict is not None and verdict.outcome == outcome
    assert f"The best on validation is {best}" in verdict.sentence
    verdict = temperature.matters(results)
    assert verdict is not None and verdict.outcome == "holds"


def test_a_temperature_that_cannot_be_told_from_another_breaks_no_rule(
    make_record: MakeRecord,
) -> None:
    """The best, 0.1, is outside of what the rule allows, by less than seeds differ."""
    seeds = {"0.1": (0.1, 0.11, 0.14), "1": (0.11, 0.1, 0.12)}
    [results] = results_of(
        [
            make_record("mine", name, seed, ndcg=ndcg)
            for name, values in seeds.items()
            for seed, ndcg in enumerate(values)
        ]
    )
    verdict = temperature.size_rule(results)
    assert verdict is not None and verdict.outcome == "undecided"
    assert "is 0.1; 1 cannot be told from it there" in verdict.sentence


def test_no_gain_over_the_lowest_temperature(make_record: MakeRecord) -> None:
    results = ranked(make_record, {"0.1": 0.2, "5": 0.1})
    verdict = temperature.matters(results)
    assert verdict is not None and verdict.outcome == "fails"
    # Nothing near 1 was tried, so there is nothing to hold the rule against.
    assert temperature.size_rule(results) is None


def test_ladder(make_record: MakeRecord) -> None:
    def found(*ndcg: float) -> Results:
        names = ("vanilla", "I", "I+II", "I+II+III")
        return ranked(make_record, dict(zip(names, ndcg, strict=True)))

    rises, dips = (
        views.ladder(found(*ndcg))
        for ndcg in ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.15, 0.15))
    )
    assert rises is not None and rises.outcome == "holds"
    assert dips is not None and dips.outcome == "undecided"
    assert "I to I+II falls, I+II to I+II+III stays" in dips.sentence
    assert "0.2867" in dips.sentence


def test_entropy_against_none(make_record: MakeRecord) -> None:
    results = ranked(make_record, {"none": 0.2, "bce": 0.3, "bpr": 0.1})
    verdict = losses.entropy_helps(results)
    assert verdict is not None and verdict.outcome == "holds"
    assert "the best entropy on validation is bce" in verdict.sentence


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        (diffusion.reverse_process, ("fails", "50 noise-0.5, the best", "-33.3%")),
        (diffusion.training_alone, ("holds", "50 noise-0.5 one-pass", "+33.3%")),
        (diffusion.scoring_alone, ("fails", "50 noise-0.5 one-pass, ", "-50.0%")),
    ],
)
def test_diffusion_against_one_step(
    make_record: MakeRecord, claim: Claim, expected: tuple[str, str, str]
) -> None:
    figures = {"1": 0.3, "5": 0.1, "50 noise-0.5": 0.2, "50 noise-0.5 one-pass": 0.4}
    results, (outcome, told, share) = ranked(make_record, figures), expected
    verdict = claim(results)
    assert verdict is not None and verdict.outcome == outcome
    assert told in verdict.sentence and verdict.effect.startswith(share)
    assert claim(Results("lastfm", results.cells.filter(variant="1"))) is None
    assert set(figures) <= set(find_study("diffusion").variants)


def test_outcomes_join() -> None:
    assert decide_all(["fails", "fails"]) == "fails"
    assert decide_all(["holds", "indistinguishable"]) == "undecided"
    assert decide_all([]) == "undecided"


def test_means_and_spreads(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", "1", seed, ndcg=0.1 * seed) for seed in (1, 2, 3)]
    (row,) = seed_means(cell_table(records)).to_dicts()
    assert row["seeds"] == 3 and row["unconverged"] == 0
    assert row["ndcg"] == pytest.approx(0.2) and row["ndcg_spread"] == pytest.approx(
        0.1
    )
    (row,) = seed_means(cell_table(records[:1])).to_dicts()
    assert row["ndcg_spread"] is None


def test_labels_tell_graphs_apart() -> None:
    base = "synthetic:num_users=9,num_items=8,num_interactions=10"
    assert graph_label("lastfm") == "lastfm"
    assert graph_label(base) == "synthetic 9 x 8, 10"
    assert graph_label(f"{base},exponent=2.2") == "synthetic 9 x 8, 10, exponent 2.2"
    grown = "fractal:name=lastfm,factor_users=6,factor_items=7"
    assert graph_label(grown) == "lastfm, grown 6 x 7"
    assert graph_label(f"{grown},seed=2") == "lastfm, grown 6 x 7, seed 2"
    # What is left to a default is told as it was written.
    for written in ("fractal:name=lastfm", "synthetic:num_users=9", "synthetic"):
        assert graph_label(written) == written

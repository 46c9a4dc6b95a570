"""Verdicts on numbers whose answer is known."""

import itertools

import polars as pl
import pytest

from tests.study.conftest import MakeRecord
from tvdiff_pyg.study import entropy, losses, oversmoothing, temperature, views
from tvdiff_pyg.study.published import DELTA_ENTROPY, MODELS
from tvdiff_pyg.study.summary import cell_table, graph_label, of_variant, seed_means
from tvdiff_pyg.study.verdict import best_variant, decide, decide_all, differences

LOWER_RANK = oversmoothing.LessWithDepth(
    "Depth lowers the rank", "effective_rank_scores"
)
COSTS_LESS = oversmoothing.LessWithOneLayer("One layer costs less", "epoch_seconds")


def depths(make: MakeRecord, seconds: dict[str, list[float]]) -> pl.DataFrame:
    return cell_table(
        [
            make("lastfm", variant, seed, epoch_seconds=value)
            for variant, values in seconds.items()
            for seed, value in enumerate(values)
        ]
    )


@pytest.mark.parametrize(
    ("deeper", "outcome"),
    [
        ([3.0, 4.0, 5.0], "holds"),
        ([0.1, 0.2, 0.3], "fails"),
        ([3.0, 0.2, 5.0], "undecided"),
        ([1.0, 2.0, 3.0], "undecided"),  # No difference at all.
    ],
)
def test_every_seed_decides(
    make_record: MakeRecord, deeper: list[float], outcome: str
) -> None:
    cells = depths(make_record, {"1": [1.0, 2.0, 3.0], "4": deeper})
    verdict = COSTS_LESS(cells, "lastfm")
    assert verdict is not None and verdict.outcome == outcome
    assert "2.00 ± 1.00 with one layer" in verdict.sentence
    assert "Each of 3 seeds compared" in verdict.sentence


def test_depths_that_differ_leave_it_open(make_record: MakeRecord) -> None:
    cells = depths(make_record, {"1": [2.0], "2": [3.0], "4": [1.0]})
    verdict = COSTS_LESS(cells, "lastfm")
    assert verdict is not None and verdict.outcome == "undecided"
    assert "lower than with 2; higher than with 4" in verdict.sentence
    assert "One seed only" in verdict.sentence


def test_nothing_to_compare_is_no_verdict(make_record: MakeRecord) -> None:
    cells = depths(make_record, {"1": [2.0]})
    assert COSTS_LESS(cells, "lastfm") is None
    assert oversmoothing.better_ranking(cells, "lastfm") is None
    assert LOWER_RANK(cells, "lastfm") is None


def test_seeds_are_compared_with_themselves(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", "1", seed, epoch_seconds=seed) for seed in (2, 0)]
    records += [make_record("lastfm", "2", 0, epoch_seconds=5.0)]
    cells = cell_table(records)
    assert of_variant(cells, "lastfm", "1", "epoch_seconds") == [0, 2]
    assert differences(cells, "lastfm", "epoch_seconds", "2", "1") == [5.0]


def test_the_test_set_does_not_choose_the_depth(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", "1", 0, ndcg=0.2)]
    records += [make_record("lastfm", "2", 0, ndcg=0.1)]
    records += [make_record("lastfm", "3", 0, ndcg=0.9)]
    records[1]["metrics"]["validation"] = {"recall@20": 0.5, "ndcg@20": 0.5}
    records[2]["metrics"]["validation"] = {"recall@20": 0.1, "ndcg@20": 0.1}
    cells = cell_table(records)
    assert best_variant(cells, "lastfm", ["2", "3"]) == "2"
    verdict = oversmoothing.better_ranking(cells, "lastfm")
    assert verdict is not None and verdict.outcome == "holds"
    assert "0.1000 with 2, the best" in verdict.sentence
    assert "+100.0%" in verdict.sentence and "still rising" not in verdict.sentence


def test_the_best_variant_is_best_on_the_same_seeds(make_record: MakeRecord) -> None:
    figures = {("1", 0): 0.2, ("2", 0): 0.3, ("1", 1): 0.9}
    cells = cell_table(
        [make_record("lastfm", *cell, ndcg=ndcg) for cell, ndcg in figures.items()]
    )
    assert best_variant(cells, "lastfm") == "2"


def test_a_run_stopped_while_rising_says_so(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", name, 0) for name in ("1", "2")]
    records[0]["best_epoch"] = records[0]["epochs"]
    verdict = oversmoothing.better_ranking(cell_table(records), "lastfm")
    assert verdict is not None and verdict.sentence.endswith("still rising: 1.")


@pytest.mark.parametrize(
    ("deepest", "outcome"), [(2.0, "holds"), (10.0, "fails"), (9.0, "undecided")]
)
def test_the_ends_decide_what_depth_does(
    make_record: MakeRecord, deepest: float, outcome: str
) -> None:
    ranks = {"1": 9.0, "2": 20.0, "8": deepest}
    cells = cell_table(
        [
            make_record("lastfm", name, 0, effective_rank_scores=rank)
            for name, rank in ranks.items()
        ]
    )
    verdict = LOWER_RANK(cells, "lastfm")
    assert verdict is not None and verdict.outcome == outcome
    assert "From 1 to 8 layers, Rank, scores goes from 9.00 to" in verdict.sentence


def thermodynamic_cells(make: MakeRecord, values: tuple[float, ...]) -> pl.DataFrame:
    names = ("delta_entropy_softmax", "delta_entropy_clipped")
    return cell_table(
        [
            make("lastfm", model, 0, **dict.fromkeys(names, value))
            for model, value in zip(MODELS, values, strict=True)
        ]
    )


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
    same = thermodynamic_cells(make_record, DELTA_ENTROPY["lastfm"])
    verdict = entropy.entropy_order(same, "lastfm")
    assert verdict is not None and verdict.outcome == "holds"
    assert "4 of 4 signs agree, Kendall's tau of the order +1.00" in verdict.sentence

    reverse = thermodynamic_cells(
        make_record, tuple(-x for x in DELTA_ENTROPY["lastfm"])
    )
    verdict = entropy.entropy_order(reverse, "lastfm")
    assert verdict is not None and verdict.outcome == "fails"
    assert "0 of 4 signs agree, Kendall's tau of the order -1.00" in verdict.sentence
    assert entropy.entropy_order(same, "unheard-of") is None


@pytest.mark.parametrize(
    ("train", "best", "outcome"),
    [(1000, "1", "holds"), (1000, "10", "fails"), (900_000, "10", "holds")],
)
def test_size_rule(
    make_record: MakeRecord, train: int, best: str, outcome: str
) -> None:
    cells = cell_table(
        [
            make_record("mine", name, 0, ndcg=0.2 if name == best else 0.1, train=train)
            for name in ("0.1", "1", "10")
        ]
    )
    verdict = temperature.size_rule(cells, "mine")
    assert verdict is not None and verdict.outcome == outcome
    assert f"The best on validation is {best}" in verdict.sentence
    verdict = temperature.matters(cells, "mine")
    assert verdict is not None and verdict.outcome == "holds"


def test_no_gain_over_the_lowest_temperature(make_record: MakeRecord) -> None:
    cells = cell_table(
        [make_record("mine", "0.1", 0, ndcg=0.2), make_record("mine", "5", 0, ndcg=0.1)]
    )
    verdict = temperature.matters(cells, "mine")
    assert verdict is not None and verdict.outcome == "fails"


def test_ladder(make_record: MakeRecord) -> None:
    def table(*ndcg: float) -> pl.DataFrame:
        names = ("vanilla", "I", "I+II", "I+II+III")
        pairs = zip(names, ndcg, strict=True)
        return cell_table([make_record("lastfm", n, 0, ndcg=x) for n, x in pairs])

    rises, dips = (
        views.ladder(table(*ndcg), "lastfm")
        for ndcg in ((0.1, 0.2, 0.3, 0.4), (0.1, 0.2, 0.15, 0.4))
    )
    assert rises is not None and rises.outcome == "holds"
    assert dips is not None and dips.outcome == "undecided"
    assert "I to I+II falls" in dips.sentence and "0.2867" in dips.sentence


def test_entropy_against_none(make_record: MakeRecord) -> None:
    figures = {"none": 0.2, "bce": 0.3, "bpr": 0.1}
    cells = cell_table(
        [make_record("lastfm", name, 0, ndcg=ndcg) for name, ndcg in figures.items()]
    )
    verdict = losses.entropy_helps(cells, "lastfm")
    assert verdict is not None and verdict.outcome == "holds"
    assert "the best entropy on validation is bce" in verdict.sentence


def test_outcomes_join() -> None:
    assert decide([]) == "undecided"
    assert decide_all(["fails", "fails"]) == "fails"
    assert decide_all([]) == "undecided"


def test_means_and_spreads(make_record: MakeRecord) -> None:
    records = [make_record("lastfm", "1", seed, ndcg=0.1 * seed) for seed in (1, 2, 3)]
    (row,) = seed_means(cell_table(records)).to_dicts()
    assert row["seeds"] == 3
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

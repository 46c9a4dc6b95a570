"""Comparisons over users and seeds, against plain loops and exact counting."""

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.significance import (
    compare,
    compare_all,
    holm,
    interval_ahead,
    resampled_means,
    shared_means,
    user_values,
    word,
)
from tvdiff_pyg.significance.bootstrap import counts

pytest.importorskip("scipy", reason="comparisons need scipy")


def drawn(
    num_seeds: int, num_users: int, seed: int = 0, missing: float = 0.0
) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.normal(0.1, 1.0, (num_seeds, num_users))
    values[generator.random(values.shape) < missing] = np.nan
    return values


def slow_means(values: np.ndarray, resamples: int, seed: int) -> list[float]:
    """Write out every seed and user that was drawn, as often as it was."""
    generator = np.random.default_rng(seed)
    num_seeds, num_users = values.shape
    seeds = counts(generator, num_seeds, resamples).astype(int)
    users = counts(generator, num_users, resamples).astype(int)
    means = []
    for seed_count, user_count in zip(seeds, users, strict=True):
        rows = np.repeat(np.arange(num_seeds), seed_count)
        columns = np.repeat(np.arange(num_users), user_count)
        means.append(float(np.nanmean(values[np.ix_(rows, columns)])))
    return means


@pytest.mark.parametrize("shape", [(1, 30), (3, 20), (5, 4)])
@pytest.mark.parametrize("missing", [0.0, 0.2])
def test_means_are_those_of_all_that_was_drawn(
    shape: tuple[int, int], missing: float
) -> None:
    values = drawn(*shape, missing=missing)
    found = resampled_means(values, resamples=50, seed=3)
    assert found == pytest.approx(slow_means(values, 50, 3))


def test_large_draws_come_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    values = drawn(2, 40)
    monkeypatch.setattr("tvdiff_pyg.significance.bootstrap._ENTRIES", 400)
    found = resampled_means(values, resamples=25)
    assert found.shape == (25,) and np.isfinite(found).all()
    assert found.std() > 0 and len(set(found.tolist())) == 25


def test_the_spread_of_one_seed_is_the_standard_error_over_users() -> None:
    values = drawn(1, 400)
    error = values.std() / math.sqrt(400)
    assert resampled_means(values, 4000).std() == pytest.approx(error, rel=0.06)


def test_the_spread_of_seeds_counts_as_well() -> None:
    values = drawn(6, 500) + np.linspace(-2, 2, 6)[:, None]
    alone = resampled_means(values.mean(0, keepdims=True)).std()
    of_seeds = np.linspace(-2, 2, 6).std() / math.sqrt(6)
    both = resampled_means(values, 4000).std()
    assert both == pytest.approx(math.hypot(of_seeds, alone), rel=0.06)
    assert both > 5 * alone


def slow_holm(p_values: list[float]) -> list[float]:
    """The smallest level at which Holm's procedure rejects each."""

    def rejected(level: float) -> set[int]:
        order = sorted(range(len(p_values)), key=p_values.__getitem__)
        found: set[int] = set()
        for rank, place in enumerate(order):
            if p_values[place] > level / (len(p_values) - rank) + 1e-12:
                break
            found.add(place)
        return found

    levels = sorted({min(1.0, k * p) for p in p_values for k in range(1, 9)} | {1.0})
    return [
        next((level for level in levels if place in rejected(level)), 1.0)
        for place in range(len(p_values))
    ]


@given(st.lists(st.integers(0, 20).map(lambda k: k / 20), max_size=6))
def test_holm_rejects_what_the_procedure_does(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(slow_holm(p_values))


def student(t: float, freedom: int) -> float:
    """Two-sided p-value, by summing Student's density."""
    grid = np.linspace(0, abs(t), 200_001)
    norm = math.gamma((freedom + 1) / 2) / math.gamma(freedom / 2)
    density = (
        norm
        / math.sqrt(freedom * math.pi)
        * (1 + grid**2 / freedom) ** (-(freedom + 1) / 2)
    )
    area = (density[1:] + density[:-1]).sum() / 2 * (grid[1] - grid[0])
    return 1 - 2 * float(area)


def signed_rank(differences: np.ndarray) -> float:
    """Two-sided p-value, over all signs that there could have been."""
    ranks = np.argsort(np.argsort(abs(differences))) + 1
    middle = ranks.sum() / 2

    def far(signs: Any) -> float:
        return abs(ranks[np.array(signs) > 0].sum() - middle)

    found = far(np.sign(differences))
    every = [far(signs) for signs in itertools.product((-1, 1), repeat=len(ranks))]
    return float(np.mean([one >= found - 1e-9 for one in every]))


@pytest.mark.parametrize("seed", range(4))
def test_p_values_are_those_of_the_definitions(seed: int) -> None:
    one, other = drawn(3, 9, seed) + 0.4, drawn(3, 9, seed + 100)
    found = compare(one, other)
    by_user = (one - other).mean(axis=0)
    error = by_user.std(ddof=1) / 3
    assert found.t_test == pytest.approx(student(by_user.mean() / error, 8), abs=1e-6)
    assert found.wilcoxon == pytest.approx(signed_rank(by_user))
    assert found.effect == pytest.approx(by_user.mean() / by_user.std(ddof=1))
    assert found.difference == pytest.approx(by_user.mean())
    means = resampled_means(one - other)
    ends = np.quantile(means, [0.025, 0.975])
    assert (found.low, found.high) == pytest.approx(tuple(ends))
    assert (found.num_users, found.num_seeds) == (9, 3)


def test_a_comparison_turns_round() -> None:
    one, other = drawn(2, 50, 1), drawn(2, 50, 2)
    there, back = compare(one, other), compare(other, one)
    assert there.difference == pytest.approx(-back.difference)
    assert there.low == pytest.approx(-back.high)
    assert there.wilcoxon == pytest.approx(back.wilcoxon)
    assert there.effect == pytest.approx(-back.effect)


def test_only_what_both_have_counts() -> None:
    one, other = drawn(2, 30, 1), drawn(2, 30, 2)
    whole = compare(one[:, :20], other[:, :20])
    one[:, 20:], other[0, 25:] = np.nan, np.nan
    found = compare(one, other)
    assert found.num_users == 20
    assert found.difference == pytest.approx(whole.difference)
    assert found.wilcoxon == pytest.approx(whole.wilcoxon)


def test_users_who_are_served_alike_weaken_a_comparison() -> None:
    one = np.zeros((1, 200))
    one[0, :12] = 0.1
    alone = compare(one[:, :12], np.zeros((1, 12)))
    among = compare(one, np.zeros((1, 200)))
    assert alone.wilcoxon < among.wilcoxon < 1
    assert math.isnan(alone.effect) and alone.t_test == 0 < among.effect
    same = compare(one, one)
    assert (same.difference, same.t_test, same.wilcoxon) == (0, 1, 1)
    assert same.word(0.0) == "indistinguishable"


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2, 0.3, "better"),
        (-0.3, -0.2, "worse"),
        (-0.2, 0.3, "undecided"),
        (-0.1, 0.1, "indistinguishable"),
        (0.01, 0.05, "indistinguishable"),
        (0.05, 0.11, "better"),
        (0.0, 0.2, "undecided"),
    ],
)
def test_words(low: float, high: float, said: str) -> None:
    assert word(low, high, margin=0.1) == said


def test_one_against_all_is_corrected() -> None:
    values = {name: drawn(2, 60, seed) for seed, name in enumerate("abcd")}
    values["a"] = values["a"] + 0.3
    found = compare_all(values, "a")
    assert list(found) == ["b", "c", "d"]
    assert [one.adjusted for one in found.values()] == holm(
        [compare(values["a"], values[name]).wilcoxon for name in "bcd"]
    )
    assert all(one.adjusted >= one.wilcoxon for one in found.values())
    with pytest.raises(ValueError, match=r"'reference' needs to be one of \['a', 'b'"):
        compare_all(values, "e")


def test_frames_are_put_side_by_side_by_user() -> None:
    first = pl.DataFrame({"user": ["b", "a", "c"], "ndcg@20": [0.2, 0.1, 0.3]})
    second = pl.DataFrame({"user": ["d", "a"], "ndcg@20": [0.4, 0.5]})
    found = user_values({"one": [first, second], "two": [second, first]}, "ndcg@20")
    nan = float("nan")
    expected = [[0.2, 0.1, 0.3, nan], [nan, 0.5, nan, 0.4]]
    assert np.array_equal(found["one"], expected, equal_nan=True)
    assert np.array_equal(found["two"], expected[::-1], equal_nan=True)


FRAME = pl.DataFrame({"user": [1, 2, 3], "recall@20": [0.1, 0.2, 0.3]})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: user_values({"a": [FRAME]}, "ndcg@20"), "a column 'ndcg@20'"),
        (lambda: user_values({"a": [FRAME], "b": []}, "recall@20"), "a frame for each"),
        (lambda: user_values({}, "recall@20"), "a frame for each seed"),
        (
            lambda: user_values({"a": [pl.concat([FRAME, FRAME])]}, "recall@20"),
            "each user once in a frame",
        ),
        (lambda: compare([[1.0, 2.0]], [[1.0]]), r"'other' needs the shape of 'one'"),
        (lambda: compare([1.0, 2.0], [1.0, 2.0]), r"\[num_seeds, num_users\] .*\[2\]"),
        (lambda: compare([[1.0, math.nan]], [[1.0, 2.0]]), "two users in common"),
        (lambda: compare([[math.inf, 1]], [[1.0, 2.0]]), "needs finite values"),
        (
            lambda: compare([[1.0, 2.0]], [[1.0, 2.0]], level=1),
            "'level' needs to be in",
        ),
        (lambda: resampled_means([[1.0]], resamples=0), "'resamples' needs to be at"),
        (lambda: holm([0.1, 1.5]), r"'p_values' needs to be in \[0, 1\]"),
        (lambda: word(1.0, 0.0, 0.1), "'low' needs to be at most 'high'"),
        (lambda: word(0.0, 1.0, -0.1), "'margin' needs to be at least 0"),
    ],
)
def test_what_does_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()


def test_draws_alike_give_the_paired_difference_of_models_measured_apart() -> None:
    """Its spread is that of the users' differences, far below that of the users."""
    generator = np.random.default_rng(0)
    users = generator.random(3000)
    better = users + generator.normal(0.05, 0.1, 3000)
    ours, theirs = (shared_means(range(3000), one) for one in (better, users))
    paired = (better - users).std() / math.sqrt(3000)
    assert (ours - theirs).std() == pytest.approx(paired, rel=0.12)
    assert theirs.std() == pytest.approx(users.std() / math.sqrt(3000), rel=0.12)
    share = better.mean() / users.mean() - 1
    low, high = interval_ahead([ours], [theirs])
    assert low < share < high
    assert high - low == pytest.approx(2 * 1.96 * paired / users.mean(), rel=0.15)


def test_a_user_is_drawn_as_often_whoever_else_is_there() -> None:
    some, more = np.arange(40), np.arange(80)
    zero = np.where(more < 40, 1.0, 0.0)
    # Where all others count nothing, what is left are the draws of the same users.
    totals = [np.random.default_rng(draw).poisson(1.0, 80).sum() for draw in range(50)]
    sums = shared_means(more, zero, 50) * totals
    alone = [np.random.default_rng(draw).poisson(1.0, 40).sum() for draw in range(50)]
    assert sums == pytest.approx(alone)
    assert shared_means(some, np.ones(40), 50) == pytest.approx(np.ones(50))


def test_seeds_widen_an_interval_ahead() -> None:
    users = np.random.default_rng(0).random(400)
    theirs = [shared_means(range(400), users)] * 4
    ours = [shared_means(range(400), users * by) for by in (1.0, 1.1, 1.2, 1.3)]
    low, high = interval_ahead(ours, theirs)
    spread = np.std([0.0, 0.1, 0.2, 0.3]) / 2  # Of the mean of four.
    assert (low + high) / 2 == pytest.approx(0.15)
    assert high - low == pytest.approx(2 * 1.96 * spread, rel=0.12)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0, 1], [0.5], 9), "'values' needs a finite number for each of 2 users"),
        (([0, 1], [0.5, np.nan], 9), r"for each of 2 users \(got 1\)"),
        (([0], [0.5], 1), "'draws' needs to be"),
    ],
)
def test_what_draws_alike_need(arguments: tuple[Any, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        shared_means(*arguments)
    with pytest.raises(ValueError, match="'other' needs the shape of 'one'"):
        interval_ahead([[1.0, 2.0]], [[1.0]])

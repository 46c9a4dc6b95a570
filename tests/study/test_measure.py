"""What a study measures, against the same quantities written out in full."""

import math

import pytest
import torch

from tests.builders import tvdiff
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.models import BPRMF
from tvdiff_pyg.models.reference import to_dense
from tvdiff_pyg.study.measure import (
    Factors,
    batch_nodes_and_edges,
    measure,
    response_limits,
)
from tvdiff_pyg.training import Settings


@pytest.fixture(scope="module")
def factors() -> Factors:
    torch.manual_seed(0)
    graph = SyntheticBipartite(40, 30, 300)[0]
    model = tvdiff(40, 30, hidden_channels=8).eval()
    return Factors.of(model.scorer(model.adjacency(graph.train_index)))


def test_factors_give_the_scores_of_the_model() -> None:
    torch.manual_seed(0)
    graph = SyntheticBipartite(40, 30, 300)[0]
    for model in (tvdiff(40, 30, hidden_channels=8), BPRMF(40, 30, 8)):
        adjacency = model.eval().adjacency(graph.train_index)
        found = Factors.of(model.scorer(adjacency))
        user, item = model(adjacency)
        torch.testing.assert_close(found.user @ found.item.t(), user @ item.t())


def test_entropy_is_that_of_all_scores(factors: Factors) -> None:
    found = measure(factors)
    has_item = factors.rows.degree() > 0
    score = (factors.user @ factors.item.t()).double()[has_item]
    for name, row in (
        ("softmax", score.softmax(dim=1)),
        ("clipped", score.clamp(min=1e-6) / score.clamp(min=1e-6).sum(1, keepdim=True)),
    ):
        entropy = torch.special.entr(row).sum(dim=1) / math.log(2)
        change = entropy - factors.rows.degree()[has_item].double().log2()
        assert found[f"entropy_{name}"] == pytest.approx(float(entropy.mean()), 1e-5)
        assert found[f"delta_entropy_{name}"] == pytest.approx(
            float(change.sum()), 1e-4
        )


def test_mass_on_interactions_is_that_of_all_scores(factors: Factors) -> None:
    row = (factors.user @ factors.item.t()).double().softmax(dim=1)
    observed, degree = to_dense(factors.rows).bool(), factors.rows.degree()
    kept = (row * observed).sum(dim=1) * degree
    expected = float(kept.sum() - degree.sum())
    found = measure(factors)["delta_energy_observed_softmax"]
    assert found == pytest.approx(expected, rel=1e-5)


def test_roughness_is_that_of_the_score_matrix(factors: Factors) -> None:
    dense = to_dense(factors.rows).double()
    scale = [dense.sum(dim).clamp(min=1).rsqrt() for dim in (1, 0)]
    norm = scale[0][:, None] * dense * scale[1]
    score = (factors.user @ factors.item.t()).double()
    score = score * (dense.sum(0) > 0)
    rough = 1 - (score @ norm.t()).square().sum() / score.square().sum()
    found = measure(factors)["score_roughness_items"]
    assert found == pytest.approx(float(rough), abs=1e-5)


def test_a_sample_of_users_stands_for_all(factors: Factors) -> None:
    some = factors.sample(max_scores=10 * 30)
    again = factors.sample(max_scores=10 * 30)
    assert some.user.shape == (10, 8) and torch.equal(some.user, again.user)
    assert (some.rows.degree() > 0).all()
    assert factors.sample().user.size(0) == int((factors.rows.degree() > 0).sum())


def test_undefined_measures_are_none(factors: Factors) -> None:
    zero = Factors(factors.user * 0, factors.item, factors.rows)
    found = measure(zero)
    assert found["effective_rank_scores"] is None
    assert found["score_roughness_items"] is None
    assert found["entropy_softmax"] == pytest.approx(math.log2(30))


def test_deeper_batches_read_more() -> None:
    graph = SyntheticBipartite(400, 300, 3000)[0]
    model = tvdiff(400, 300)
    adjacency = model.adjacency(graph.train_index)
    users = graph.train_index[0].unique()
    sizes = []
    for num_layers in (1, 2, 3):
        settings = Settings(
            denoiser="gcn",
            num_layers=num_layers,
            batch_size=8,
            num_neighbors=3,
            num_pool=10,
        )
        sizes.append(batch_nodes_and_edges(adjacency, users, settings))
    edges = [size["batch_edges"] for size in sizes]
    nodes = [size["batch_nodes"] for size in sizes]
    assert edges == sorted(edges) and edges[0] < edges[1] < edges[2]
    assert nodes == sorted(nodes) and nodes[2] <= 700
    # Eight users with at most three items, ten of the pool, each with three users.
    assert edges[0] <= 8 * 3 + (8 * 3 + 10) * 3


def test_responses_come_with_what_can_be_detected(factors: Factors) -> None:
    found = measure(factors)
    limits = response_limits(factors.rows)
    assert set(limits) == {f"response_{band}_limit" for band in (2, 3, 4)}
    for name, limit in limits.items():
        assert found[name] == pytest.approx(float(limit))
        assert 0 < float(limit) < 1

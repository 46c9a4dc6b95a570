"""MultiVAE against its equations, computed on dense histories."""

import math

import pytest
import torch
from torch import Tensor

from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.models import MultiVAE
from tvdiff_pyg.sparse import BipartiteAdjacency

SIZE = (9, 7)
MATRIX = random_matrix(*SIZE, density=0.4)
USERS = torch.tensor([4, 0, 4, 8])


def make(**arguments: float) -> tuple[MultiVAE, BipartiteAdjacency]:
    torch.manual_seed(0)
    options = {"hidden_channels": 6, "latent_channels": 3, "dropout": 0.0}
    model = MultiVAE(*SIZE, **{**options, **arguments}).double()  # type: ignore[arg-type]
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter)
    return model, model.adjacency(pairs_of(MATRIX))


def dense_code(model: MultiVAE, history: Tensor) -> tuple[Tensor, Tensor]:
    norm = history.norm(dim=1, keepdim=True).clamp(min=1)
    hidden = (history / norm) @ model.item_embedding.weight + model.bias
    mean, log_variance = model.to_code(hidden.tanh()).chunk(2, dim=1)
    return mean, log_variance


def dense_score(model: MultiVAE, code: Tensor) -> Tensor:
    score: Tensor = model.decoder(model.from_code(code).tanh())
    return score


def test_the_loss_is_the_likelihood_and_the_divergence() -> None:
    model, graph = make(beta=0.6, anneal_steps=4)
    model.num_steps.fill_(3)
    history = MATRIX[USERS].double()
    mean, log_variance = dense_code(model, history)
    noise = torch.randn(4, 3, dtype=torch.double, generator=torch.manual_seed(5))
    code = mean + torch.exp(log_variance / 2) * noise
    likelihood = (history * dense_score(model, code).log_softmax(dim=1)).sum(dim=1)
    prior, found = (
        torch.distributions.Normal(*parts)
        for parts in ((0.0, 1.0), (mean, torch.exp(log_variance / 2)))
    )
    divergence = torch.distributions.kl_divergence(found, prior).sum(dim=1)
    expected = (-likelihood + 0.6 * 3 / 4 * divergence).mean()
    expected_grad = torch.autograd.grad(expected, list(model.parameters()))
    loss = model.training_loss(graph, USERS, generator=torch.manual_seed(5))
    torch.testing.assert_close(loss.free_energy, expected)
    torch.testing.assert_close(loss.energy, -likelihood.mean())
    torch.testing.assert_close(loss.entropy, -divergence.mean())
    grad = torch.autograd.grad(loss.free_energy, list(model.parameters()))
    torch.testing.assert_close(grad, expected_grad)


def test_it_ranks_by_the_mean_of_the_code() -> None:
    model, graph = make(dropout=0.5)
    scorer = model.train().scorer(graph)
    query = scorer.known(torch.arange(9))
    mean, _ = dense_code(model, MATRIX.double())
    torch.testing.assert_close(
        query @ scorer.item_factor.t(), dense_score(model, mean), check_dtype=False
    )
    assert model.training


def test_the_divergence_grows_by_the_steps_of_training() -> None:
    model, graph = make(beta=0.4, anneal_steps=2)
    weights = []
    for _ in range(4):
        weights.append(float(model.beta))
        model.training_loss(graph, USERS)
    assert weights == pytest.approx([0, 0.2, 0.4, 0.4])
    model.eval().training_loss(graph, USERS)
    assert int(model.num_steps) == 4
    again = model.config.build(*SIZE)
    again.load_state_dict(model.state_dict())
    assert isinstance(again, MultiVAE) and float(again.beta) == pytest.approx(0.4)


def test_dropout_leaves_out_items_of_histories_alone() -> None:
    model, graph = make(dropout=0.5)
    one, two = (model.encode(graph.user_rows)[0] for _ in range(2))
    assert not torch.equal(one, two)
    model.eval()
    one, two = (model.encode(graph.user_rows)[0] for _ in range(2))
    assert torch.equal(one, two)


def test_it_learns_two_communities() -> None:
    torch.manual_seed(0)
    block = torch.block_diag(torch.ones(20, 10), torch.ones(20, 10))
    kept = block * (torch.rand(40, 20) < 0.7)
    model = MultiVAE(40, 20, hidden_channels=16, latent_channels=4)
    graph = model.adjacency(pairs_of(kept))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        loss = model.training_loss(graph, torch.arange(40)).free_energy
        loss.backward()
        optimizer.step()
    scorer = model.scorer(graph)
    score = scorer.known(torch.arange(40)) @ scorer.item_factor.t()
    inside, outside = score[block > 0], score[block == 0]
    assert inside.mean() > outside.mean() + 1 and bool(loss.isfinite())


def test_single_items_are_refused() -> None:
    model, graph = make()
    with pytest.raises(ValueError, match=r"'item' needs to be left out.*\(got 4\)"):
        model.training_loss(graph, USERS, USERS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hidden_channels", 0),
        ("latent_channels", 0),
        ("anneal_steps", 0),
        ("dropout", 1.0),
        ("beta", -0.1),
        ("beta", math.nan),
    ],
)
def test_settings_out_of_range_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"'{name}'"):
        make(**{name: value})

"""cornac's RecVAE as factors: against its own training and its own network."""

from typing import Any

import pytest
import torch

from tests.models.graphs import graph_of
from tests.oracle import pairs_of, random_matrix
from tests.training.runs import plain
from tvdiff_pyg import BipartiteGraph, Recommender
from tvdiff_pyg.models import RecVAE

# cornac is installed for slow tests only.
pytestmark = pytest.mark.slow

MATRIX = random_matrix(30, 110, density=0.2)  # cornac ranks 100
MATRIX[3] = 0.0
OPTIONS = {"hidden_dim": 7, "latent_dim": 3, "n_epochs": 1, "batch_size": 8}


def fitted() -> RecVAE:
    pytest.importorskip("cornac")
    return RecVAE(**OPTIONS).fit(graph_of(MATRIX), seed=1)


def test_it_is_trained_as_by_cornac() -> None:
    model = fitted()
    from cornac.data import Dataset
    from cornac.models import RecVAE as Cornac

    ids = [dict(zip(range(size), range(size), strict=True)) for size in (30, 110)]
    user, item = pairs_of(MATRIX).numpy()
    ratings = (user, item, MATRIX[user, item].numpy())
    own = Cornac(seed=1, use_gpu=False, **OPTIONS)
    own.fit(Dataset(30, 110, *ids, ratings, seed=1))
    for name in ("encoder", "decoder"):
        found = getattr(model, name).state_dict()
        torch.testing.assert_close(found, getattr(own.recvae_model, name).state_dict())


def test_scores_are_those_of_the_network() -> None:
    model: Any = fitted()
    scorer = model.scorer(graph_of(MATRIX))
    found = scorer.known(torch.arange(30)) @ scorer.item_factor.t()
    expected = model.decoder(model.encoder(MATRIX.float(), 0)[0])
    torch.testing.assert_close(found, expected)


def test_seeds_repeat_and_leave_the_generator_alone() -> None:
    before = torch.get_rng_state()
    first = fitted()
    assert torch.equal(torch.get_rng_state(), before)
    assert plain(fitted().state_dict()) == plain(first.state_dict())


def test_users_are_told_apart_after_training() -> None:
    pytest.importorskip("cornac")
    blocks = torch.block_diag(*[torch.ones(8, 6)] * 3)
    graph = graph_of(blocks)
    model = RecVAE(hidden_dim=16, latent_dim=4, n_epochs=60, batch_size=8, lr=5e-3)
    scorer = model.fit(graph).scorer(graph)
    score = scorer.known(torch.arange(24)) @ scorer.item_factor.t()
    assert blocks.gather(1, score.topk(6, dim=1).indices).all()


def test_new_histories_need_no_fitting() -> None:
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), 30, 110)
    recommender = Recommender(fitted(), graph)
    known = recommender.recommend([4, 7], k=3)
    history = [row.nonzero().flatten().tolist() for row in MATRIX[[4, 7]]]
    folded = recommender.recommend(history, k=3)
    assert (folded.items, folded.scores) == (known.items, known.scores)


@pytest.mark.parametrize("name", ["hidden_dim", "n_enc_epochs", "gamma", "lr"])
def test_arguments_are_checked(name: str) -> None:
    pytest.importorskip("cornac")
    with pytest.raises(ValueError, match=rf"'{name}' needs to be .* \(got 0\)"):
        RecVAE(**{name: 0})


def test_what_it_cannot_score_is_refused() -> None:
    pytest.importorskip("cornac")
    with pytest.raises(ValueError, match="RecVAE needs to be fitted before it scores"):
        RecVAE().scorer(graph_of(MATRIX))

"""cornac's autoencoder as factors: against cornac's own scores."""

import sys

import pytest
import torch

from tests.models.graphs import graph_of
from tests.oracle import pairs_of, random_matrix
from tests.training.runs import plain
from tvdiff_pyg import BipartiteGraph, Recommender
from tvdiff_pyg.models import VAECF

# cornac is installed for slow tests only.
pytestmark = pytest.mark.slow

MATRIX = random_matrix(30, 20, density=0.3)
OPTIONS = {"k": 3, "n_epochs": 2, "batch_size": 8}
STRUCTURE = (7, 5)


def fitted() -> VAECF:
    pytest.importorskip("cornac")
    model = VAECF(autoencoder_structure=STRUCTURE, **OPTIONS)
    return model.fit(graph_of(MATRIX), seed=1)


def test_scores_are_those_of_cornac() -> None:
    model, graph = fitted(), graph_of(MATRIX)
    scorer = model.scorer(graph)
    found = scorer.known(torch.arange(30)) @ scorer.item_factor.t()

    from cornac.data import Dataset
    from cornac.models import VAECF

    ids = [dict(zip(range(size), range(size), strict=True)) for size in (30, 20)]
    user, item = pairs_of(MATRIX).numpy()
    data = Dataset(30, 20, *ids, (user, item, MATRIX[user, item].numpy()))
    own = VAECF(seed=1, autoencoder_structure=list(STRUCTURE), **OPTIONS).fit(data)
    # It scores by a softmax, which keeps the order.
    expected = torch.stack([torch.from_numpy(own.score(user)) for user in range(30)])
    torch.testing.assert_close(found.softmax(dim=1), expected)


def test_seeds_repeat_and_leave_the_generator_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    first = fitted()
    assert torch.equal(torch.rand(1), expected)
    assert plain(fitted().state_dict()) == plain(first.state_dict())


def test_users_are_told_apart_after_training() -> None:
    pytest.importorskip("cornac")
    blocks = torch.block_diag(*[torch.ones(8, 6)] * 3)
    graph = graph_of(blocks)
    model = VAECF(k=4, autoencoder_structure=(16,), n_epochs=200, batch_size=8)
    scorer = model.fit(graph).scorer(graph)
    score = scorer.known(torch.arange(24)) @ scorer.item_factor.t()
    best = score.topk(6, dim=1).indices
    assert blocks.gather(1, best).all()


def test_new_histories_need_no_fitting() -> None:
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), 30, 20)
    recommender = Recommender(fitted(), graph)
    known = recommender.recommend([4, 7], k=3)
    history = [row.nonzero().flatten().tolist() for row in MATRIX[[4, 7]]]
    folded = recommender.recommend(history, k=3)
    assert (folded.items, folded.scores) == (known.items, known.scores)


def test_cornac_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cornac.models", None)
    message = r"'cornac' needs to be installed .* pip install 'tvdiff_pyg\[baselines"
    with pytest.raises(ImportError, match=message):
        VAECF()


def test_what_it_cannot_score_is_refused() -> None:
    pytest.importorskip("cornac")
    assert repr(VAECF(k=3)).startswith("VAECF(k=3, autoencoder_structure=(256,)")
    with pytest.raises(ValueError, match="VAECF needs to be fitted before"):
        VAECF().scorer(graph_of(MATRIX))
    message = r"'adjacency' needs 20 items, as VAECF was fitted to \(got 4\)"
    with pytest.raises(ValueError, match=message):
        fitted().scorer(graph_of(torch.eye(4)))

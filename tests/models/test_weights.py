"""Weights of interactions in both towers, against the paper's equations."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.test_tvdiff import (
    DENOISERS,
    ENTROPIES,
    SIZE,
    dense,
    make_model,
    reverse_by_hand,
)
from tests.oracle import NORMALIZATIONS, normalise, pairs_of, random_matrix
from tvdiff_pyg import Recommender
from tvdiff_pyg.config import from_flat
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import MODELS, TVDiff
from tvdiff_pyg.models.reference import dense_training_loss
from tvdiff_pyg.negatives import NegativeSampler
from tvdiff_pyg.nn import spectral_embedding
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sampled.batch import TrainingBatch
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.sparse.lookup import look_up
from tvdiff_pyg.training import FitOptions, Settings, fit

BINARY = random_matrix(*SIZE, density=0.35)
# Powers of two: exact in single precision, and no two towers alike.
WEIGHTED = BINARY * 2.0 ** torch.randint(
    -2, 3, SIZE, generator=torch.Generator().manual_seed(3)
)
PAIRS = pairs_of(BINARY)
WEIGHT = WEIGHTED[tuple(PAIRS)].float()
USERS = BINARY.any(dim=1).nonzero().flatten()
READERS = {"tvdiff", "diffrec"}


def weighted_graph() -> BipartiteGraph:
    """The graph of these pairs, given in no order."""
    order = torch.randperm(WEIGHT.numel(), generator=torch.Generator().manual_seed(1))
    return BipartiteGraph.from_edge_index(
        PAIRS[:, order], *SIZE, edge_weight=WEIGHT[order]
    )


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@torch.no_grad()
def test_scores_are_those_of_the_equations(normalization: str) -> None:
    model = make_model(normalization=normalization).eval()
    scorer = model.scorer(model.adjacency_of(weighted_graph()))
    factors = scorer.known(torch.arange(SIZE[0])), scorer.item_factor
    found, expected = factors[0] @ factors[1].t(), reverse_by_hand(model, WEIGHTED)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert not found.allclose(reverse_by_hand(model, BINARY), atol=1e-3)


@pytest.mark.parametrize("denoiser", DENOISERS, ids=str)
@torch.no_grad()
def test_every_denoiser_reads_them(denoiser: dict[str, Any]) -> None:
    model = make_model(**denoiser).eval()
    adjacency = model.adjacency_of(weighted_graph())
    user_factor, item_factor = model(adjacency)
    score = user_factor @ item_factor.t()
    torch.testing.assert_close(score, dense(model, adjacency, adjacency.user_rows))
    # As the layer alone weighs them, from an adjacency with values.
    at_zero = model.denoiser(WEIGHTED.t().to_sparse_csr(), 0)
    expected = model.denoiser.item_tower(adjacency.item_rows)[0]
    torch.testing.assert_close(at_zero[1], expected, rtol=1e-5, atol=1e-6)
    user_factor, item_factor = model(model.adjacency(PAIRS))
    assert not score.allclose(user_factor @ item_factor.t(), atol=1e-3)


@torch.no_grad()
def test_dropout_left_on_reads_them() -> None:
    model = make_model(score_with_dropout=True, dropout=0.0, double=False)
    adjacency = model.adjacency_of(weighted_graph())
    found = model.scorer(adjacency).rank(torch.arange(SIZE[0]), k=SIZE[1])
    expected = reverse_by_hand(model, WEIGHTED).sort(dim=1, descending=True)
    torch.testing.assert_close(found[0].double(), expected[0], rtol=1e-4, atol=1e-5)


class Recorder(NegativeSampler):
    """Keeps what a sampler draws."""

    def __init__(self, sampler: NegativeSampler) -> None:
        super().__init__()
        self.sampler = sampler
        self.drawn: CSR | None = None

    def forward(self, *args: Any) -> CSR:
        assert args[0].value is None
        self.drawn = self.sampler(*args)
        return self.drawn


@pytest.mark.parametrize("over", ["users", "interactions"])
@pytest.mark.parametrize("entropy_type", ENTROPIES)
def test_the_loss_weighs_messages_and_no_targets(entropy_type: str, over: str) -> None:
    if over == "interactions" and entropy_type != "bpr":
        pytest.skip("batches over interactions are of pairwise entropies")
    model = make_model(
        hidden_channels=SIZE[1] + 3, entropy_type=entropy_type, temperature=2.0
    )
    model.sampler = Recorder(model.sampler)
    adjacency = model.adjacency_of(weighted_graph())
    user = USERS[[3, 0, 2, 2]]
    item = BINARY[user].argmax(dim=1) if over == "interactions" else None
    out = model.training_loss(adjacency, user, item, torch.Generator().manual_seed(7))

    generator = torch.Generator().manual_seed(7)
    timestep = model.diffusion.sample_timestep(user.numel(), generator)
    shape = user.numel(), SIZE[1]
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    # By hand: towers of weighted interactions, targets of zeros and ones.
    denoiser, level = model.denoiser, (1 - model.diffusion.betas.double()).cumprod(0)
    level = level[timestep].unsqueeze(-1)
    x_t = level.sqrt() * WEIGHTED[user] + (1 - level).sqrt() * noise
    item_factor = torch.tanh(
        normalise(WEIGHTED, "symmetric").t() @ denoiser.user_embedding.weight
    )
    user_factor = denoiser.user_factor(x_t @ denoiser.item_embedding.weight, timestep)
    score = user_factor @ item_factor.t()
    energy = (BINARY[user] - score).square().mean()
    torch.testing.assert_close(out.energy, energy, rtol=1e-6, atol=1e-7)

    positive = pairs_of(BINARY[user])
    if item is not None:
        positive = torch.stack([torch.arange(user.numel()), item])
    patterns = CSR.from_edge_index(positive, shape)
    negative = model.sampler.drawn
    if negative is not None and model.loss_fn.entropy.pairwise:
        patterns = patterns.head(negative.degree())
    parts = denoiser, model.diffusion, model.loss_fn
    batch = adjacency, user, timestep, noise, patterns, negative
    expected = dense_training_loss(*parts, *batch)
    torch.testing.assert_close(tuple(out), tuple(expected), rtol=1e-6, atol=1e-7)
    gradients = [
        torch.autograd.grad(loss.free_energy, list(model.parameters()))
        for loss in (out, expected)
    ]
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("over", ["users", "interactions"])
@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_sample_of_all_is_the_exact_engine(num_layers: int, over: str) -> None:
    model = make_model(
        denoiser="gcn", num_layers=num_layers, entropy_type="bpr", temperature=2.0
    )
    adjacency = model.adjacency_of(weighted_graph())
    index = USERS if over == "users" else PAIRS[:, ::5]
    hops = -1, SIZE[1], num_layers
    batch = next(iter(neighbor_loader(adjacency, index, *hops, batch_size=99)))

    def gradients(loss: Any) -> list[Tensor]:
        torch.manual_seed(1)
        model.zero_grad()
        values = loss()
        values.free_energy.backward()
        return [*values, *(one.grad for one in model.parameters())]

    found = gradients(lambda: model.sampled_loss(adjacency, batch))
    exact = (index,) if over == "users" else tuple(index)
    expected = gradients(lambda: model.training_loss(adjacency, *exact))
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("over", ["users", "interactions"])
def test_a_capped_sample_weighs_each_edge(over: str) -> None:
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, edge_weight=WEIGHT)
    normed = normalise(WEIGHTED, "symmetric")
    index = USERS if over == "users" else PAIRS[:, ::3]
    torch.manual_seed(0)
    for drawn in neighbor_loader(adjacency, index, 2, 7, batch_size=4):
        batch = TrainingBatch.sampled(adjacency, drawn, "symmetric")
        user, item = drawn["user"].n_id, drawn["item"].n_id
        own = user[: batch.known.num_rows]
        if over == "interactions":
            own = user[drawn["user", "item"].edge_label_index[0]]
        for rows, ids, degree, weight in (
            (batch.messages, (own, item), BINARY.sum(dim=1), WEIGHTED),
            (batch.item_rows, (item, user), BINARY.sum(dim=0), normed.t()),
            # Targets stand for others of their user, but whatever they weigh.
            (batch.observed, (own, item), BINARY.sum(dim=1), BINARY),
        ):
            row, col = ids[0][rows.row()], ids[1][rows.col]
            stands_for = degree[row] / rows.degree()[rows.row()]
            torch.testing.assert_close(
                rows.values().double(), stands_for * weight[row, col]
            )
        assert batch.known.value is None


def test_look_up_finds_every_entry() -> None:
    rows = CSR.from_edge_index(PAIRS, SIZE, torch.arange(PAIRS.size(1)).float())
    order = torch.randperm(PAIRS.size(1))
    found = look_up(rows, *PAIRS[:, order])
    assert found.tolist() == order.tolist()
    assert look_up(rows, PAIRS[0, :0], PAIRS[1, :0]).numel() == 0


@torch.no_grad()
def test_the_spectrum_is_that_of_the_weighted_graph() -> None:
    torch.manual_seed(0)
    adjacency = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, edge_weight=WEIGHT)
    user, _ = spectral_embedding(adjacency.user_rows, channels=16, rank=3)
    left = torch.linalg.svd(normalise(WEIGHTED, "symmetric")).U[:, :3]
    expected = (left @ left.t()).float()
    torch.testing.assert_close(user @ user.t(), expected, rtol=0, atol=1e-3)


@torch.no_grad()
def test_weights_of_one_are_none() -> None:
    model = make_model(double=False, dropout=0.5)
    ones = torch.ones_like(WEIGHT)
    graph = BipartiteGraph.from_edge_index(PAIRS, *SIZE, edge_weight=ones)
    losses = []
    for adjacency in (model.adjacency_of(graph), model.adjacency(PAIRS)):
        torch.manual_seed(0)
        losses.append(model.training_loss(adjacency, USERS).free_energy)
    assert torch.equal(*losses)


def test_a_new_history_weighs_one() -> None:
    model = make_model(double=False)
    items = BINARY[5].nonzero().flatten()
    recommender = Recommender(model, weighted_graph())
    found = torch.tensor(recommender.recommend([items.tolist()], k=5).scores)
    history = CSR.from_edge_index(pairs_of(BINARY[5:6]), (1, SIZE[1]))
    scorer = model.scorer(recommender.adjacency)
    score = scorer.query(history) @ scorer.item_factor.t()
    best = score.masked_fill(BINARY[5:6].bool(), -torch.inf).topk(5).values
    torch.testing.assert_close(found, best)
    assert not found.allclose(torch.tensor(recommender.recommend([5], k=5).scores))


@pytest.mark.parametrize("name", MODELS.names())
def test_who_does_not_read_them_refuses_them(name: str) -> None:
    kind = MODELS[name].config
    assert kind is not None
    config: Any = from_flat(kind, {})
    if name in READERS:
        config.check_weights("weight_column")
        return
    with pytest.raises(
        ValueError, match=f"'weight_column' has no use with model '{name}'"
    ):
        config.check_weights("weight_column")


@pytest.mark.parametrize(
    ("change", "who"),
    [
        ({"model": "ease"}, "model 'ease'"),
        ({"model": "lightgcn"}, "model 'lightgcn'"),
        ({"linear_share": 0.3}, "the linear model that 'linear_share' blends in"),
    ],
    ids=str,
)
def test_a_fit_refuses_them(change: Any, who: str, tmp_path: Path) -> None:
    settings = Settings(**change)
    said = f"'edge_weight' has no use with {who}, which reads no weights"
    with pytest.raises(ValueError, match=said):
        fit(
            weighted_graph(),
            settings,
            run=tmp_path / "run",
            options=FitOptions(progress=False),
        )
    assert not (tmp_path / "run").exists()
    with pytest.raises(ValueError, match=said):
        settings.model.build(*SIZE).adjacency_of(weighted_graph())


def test_without_weights_nothing_is_multiplied() -> None:
    model: TVDiff = make_model(double=False)
    adjacency = model.adjacency(PAIRS)
    assert adjacency.user_rows.value is None
    batch = TrainingBatch.full(adjacency, USERS)
    assert batch.messages.value is None and batch.observed.value is None

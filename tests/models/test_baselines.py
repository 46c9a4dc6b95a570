"""BPR-MF and LightGCN against PyG's LightGCN and a few dense lines."""

import pytest
import torch
import torch.nn.functional as F
import torch_geometric.nn.models as pyg
from torch import Tensor

from tests.builders import build, tvdiff
from tests.oracle import CORNERS, normalise, pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender, evaluate
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import BPRMF, DiffRec, LightGCN, TrainableModel
from tvdiff_pyg.models.baselines.embedding import EmbeddingModel
from tvdiff_pyg.negatives import NegativeSampler
from tvdiff_pyg.nn import MLPDenoiser
from tvdiff_pyg.sparse import CSR

SIZE = (12, 15)
MATRIX = random_matrix(*SIZE, density=0.3)
USER = torch.tensor([0, 5, 5, 11])
POSITIVE = torch.stack([MATRIX[user].nonzero()[0, 0] for user in USER])
NEGATIVE = torch.stack([(MATRIX[user] == 0).nonzero()[-1, 0] for user in USER])
KINDS = [
    ("bpr-mf", {}),
    ("lightgcn", {"num_layers": 1}),
    ("lightgcn", {"num_layers": 3}),
]


class Fixed(NegativeSampler):
    """Always returns the same negatives."""

    def forward(self, observed: CSR, *args: object, **kwargs: object) -> CSR:
        return CSR(torch.arange(USER.numel() + 1), NEGATIVE, observed.num_cols)


def make(
    name: str, options: dict, size: tuple[int, int] = SIZE, double: bool = True
) -> EmbeddingModel:
    torch.manual_seed(0)
    model = build(name, *size, hidden_channels=6, **options)
    assert isinstance(model, EmbeddingModel)
    return model.double() if double else model


def tables(model: EmbeddingModel) -> Tensor:
    """The learned vectors, users before items."""
    if isinstance(model, BPRMF):
        return torch.cat([model.user_embedding.weight, model.item_embedding.weight])
    return model.net.embedding.weight


def propagate(model: EmbeddingModel, matrix: Tensor) -> tuple[Tensor, Tensor]:
    """The mean of all powers of the dense adjacency, applied to the vectors."""
    num_users, num_items = matrix.shape
    weight = normalise(matrix, "symmetric")
    square = torch.zeros(num_users + num_items, num_users + num_items).double()
    square[:num_users, num_users:] = weight
    square[num_users:, :num_users] = weight.t()
    layers = [tables(model)]
    for _ in range(model.num_layers if isinstance(model, LightGCN) else 0):
        layers.append(square @ layers[-1])
    out = torch.stack(layers).mean(dim=0)
    return out[:num_users], out[num_users:]


def dense_loss(model: EmbeddingModel) -> Tensor:
    """BPR from the scores of all pairs."""
    user_factor, item_factor = propagate(model, MATRIX)
    score = (user_factor @ item_factor.t())[USER]
    row = torch.arange(USER.numel())
    return -F.logsigmoid(score[row, POSITIVE] - score[row, NEGATIVE]).mean()


@pytest.mark.parametrize(("name", "options"), KINDS)
@pytest.mark.parametrize("corner", CORNERS)
def test_factors_follow_the_equations(corner: str, name: str, options: dict) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.float64)
    model = make(name, options, tuple(matrix.shape))
    factors = model(model.adjacency(pairs_of(matrix)))
    torch.testing.assert_close(factors, propagate(model, matrix), atol=1e-7, rtol=1e-6)


@pytest.mark.parametrize("num_layers", [1, 3])
def test_lightgcn_is_the_one_of_pyg(num_layers: int) -> None:
    model = make("lightgcn", {"num_layers": num_layers}, double=False)
    theirs = pyg.LightGCN(sum(SIZE), 6, num_layers)
    theirs.load_state_dict(model.net.state_dict())
    edge_index = pairs_of(MATRIX) + torch.tensor([[0], [SIZE[0]]])
    both_ways = torch.cat([edge_index, edge_index.flip(0)], dim=1)
    adjacency = model.adjacency(pairs_of(MATRIX))
    embedding = theirs.get_embedding(both_ways)
    torch.testing.assert_close(torch.cat(model(adjacency)), embedding)

    model.sampler = Fixed()
    loss = model.training_loss(adjacency, USER, POSITIVE)
    rank = [
        theirs(both_ways, torch.stack([USER, item + SIZE[0]]))
        for item in (POSITIVE, NEGATIVE)
    ]
    expected = theirs.recommendation_loss(*rank, lambda_reg=0.0)
    torch.testing.assert_close(loss.free_energy, expected)


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_loss_and_gradients_follow_the_equations(name: str, options: dict) -> None:
    model = make(name, options)
    model.sampler = Fixed()
    parameters = list(model.parameters())
    loss = model.training_loss(model.adjacency(pairs_of(MATRIX)), USER, POSITIVE)
    expected = dense_loss(model)
    torch.testing.assert_close(loss.free_energy, expected)
    assert loss.energy == 0 and loss.entropy == -loss.free_energy
    torch.testing.assert_close(
        torch.autograd.grad(loss.free_energy, parameters),
        torch.autograd.grad(expected, parameters),
        atol=1e-7,
        rtol=1e-6,
    )


@pytest.mark.parametrize("item", [POSITIVE, None], ids=["interactions", "users"])
def test_negatives_are_never_observed(item: Tensor | None) -> None:
    model, drawn = make("bpr-mf", {}), []
    model.sampler.register_forward_hook(lambda *args: drawn.append(args[-1]))
    adjacency = model.adjacency(pairs_of(MATRIX))
    for seed in range(20):
        model.training_loss(adjacency, USER, item, torch.manual_seed(seed))
    for negative in drawn:
        assert negative.nnz > 0
        assert (MATRIX[USER][negative.row(), negative.col] == 0).all()


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_a_user_with_all_items_ranks_nothing(name: str, options: dict) -> None:
    model = make(name, options, (1, 3))
    adjacency = model.adjacency(torch.tensor([[0, 0, 0], [0, 1, 2]]))
    loss = model.training_loss(adjacency, torch.tensor([0]))
    loss.free_energy.backward()
    assert loss.free_energy == 0
    assert all((weight.grad == 0).all() for weight in model.parameters())


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_evaluation_propagates_once(
    name: str, options: dict, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, calls = make(name, options, double=False), []
    model.register_forward_hook(lambda *args: calls.append(args))
    held_out = torch.tensor([[0, 4, 9], [3, 1, 7]])
    graph = BipartiteGraph.from_edge_index(
        pairs_of(MATRIX * (torch.arange(SIZE[1]) > 7)), *SIZE, test_index=held_out
    )
    task = EvaluationTask.from_graph(graph, "test")
    scorer = model.scorer(model.adjacency(graph.train_index))
    metrics = evaluate(scorer, task, batch_size=1)
    assert len(calls) == 1 and 0 < metrics["recall@10"] <= 1


@pytest.mark.parametrize(("name", "options"), KINDS)
def test_recommending(name: str, options: dict) -> None:
    model = make(name, options, double=False)
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), *SIZE)
    recommender = Recommender(model, graph)
    user_factor, item_factor = model(recommender.adjacency)
    score = (user_factor @ item_factor.t())[7].masked_fill(MATRIX[7] > 0, -torch.inf)
    best = recommender.recommend([3, 7], k=4).items[1]
    assert best == score.topk(4).indices.tolist()

    message = rf"{type(model).__name__} knows users by their id, so a new history needs"
    with pytest.raises(ValueError, match=message):
        recommender.recommend([[1, 2]])


def test_names_build_models() -> None:
    diffrec = build("diffrec", 3, 4)
    assert isinstance(diffrec, DiffRec) and diffrec.loss_fn.temperature == 0
    assert isinstance(diffrec.denoiser, MLPDenoiser)
    assert diffrec.normalization == "none"
    assert tvdiff(3, 4).normalization == "symmetric"
    assert repr(build("bpr-mf", 3, 4)) == "BPRMF(3, 4, hidden_channels=64)"
    assert (
        repr(build("lightgcn", 3, 4, num_layers=2))
        == "LightGCN(3, 4, hidden_channels=64, num_layers=2)"
    )


@pytest.mark.parametrize("name", ["bpr-mf", "lightgcn"])
def test_weights_are_drawn_anew(name: str) -> None:
    model = make(name, {})
    before = tables(model).clone()
    model.reset_parameters()
    assert (tables(model) != before).all()


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        ("deep", {}, r"'model' needs to be one of \['tvdiff', .*\(got 'deep'\)"),
        ("bpr-mf", {"num_users": 0}, r"'num_users' needs to be at least 1 \(got 0\)"),
        ("lightgcn", {"num_layers": 0}, r"'num_layers' needs to be at least 1 \(got 0"),
        ("bpr-mf", {"hidden_channels": 0}, r"'hidden_channels' .* 1 \(got 0\)"),
    ],
)
def test_arguments_are_checked(model: str, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(**{"num_users": 3, "num_items": 4, "model": model, **options})


def test_a_model_of_ones_own_says_what_it_lacks() -> None:
    model = TrainableModel(2, 3)
    adjacency = model.adjacency(torch.tensor([[0], [1]]))
    with pytest.raises(NotImplementedError):
        model.training_loss(adjacency, torch.tensor([0]))

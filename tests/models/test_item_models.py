"""Models between items against dense oracles; implicit's factors against implicit."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import each_model
from tests.models.graphs import graph_of
from tests.oracle import CORNERS, pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender, evaluate
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import (
    EASE,
    IALS,
    SLIM,
    ImplicitBPR,
    ItemItemModel,
    ItemKNN,
    LocalEASE,
    Model,
    Popularity,
)
from tvdiff_pyg.ranking import scores as module
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, products, sparse_product

MATRIX = random_matrix(30, 20, density=0.3)
MODELS = [
    EASE(l2=2.0),
    LocalEASE(5, l2=2.0),
    ItemKNN(4, shrink=3.0),
    ItemKNN(100, similarity="jaccard"),
]


@pytest.fixture
def implicit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave out without the package, and keep its advice on threads quiet."""
    pytest.importorskip("implicit")
    monkeypatch.setattr("implicit.utils._checked_blas_config", True)


@pytest.fixture
def one_thread() -> Iterator[None]:
    """What implicit learns repeats with one thread, and it takes as many as PyTorch."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def dense_weight(model: ItemItemModel, matrix: object) -> Tensor:
    """``B`` by the equations, in double precision."""
    matrix = torch.as_tensor(matrix).double()
    count = matrix.t() @ matrix
    if isinstance(model, EASE):
        inverse = torch.linalg.inv(count + model.config.l2 * torch.eye(len(count)))
        return torch.eye(len(count)) - inverse @ torch.diag(1 / inverse.diagonal())
    assert isinstance(model, ItemKNN)
    users = matrix.sum(dim=0)
    norm = (users[:, None] * users).sqrt()
    if model.config.similarity == "jaccard":
        norm = users[:, None] + users - count
    similarity = torch.where(count > 0, count / (norm + model.config.shrink), 0.0)
    similarity.fill_diagonal_(0.0)
    kept = torch.zeros_like(similarity)
    for item in range(len(count)):
        best = similarity[:, item].argsort(descending=True)[
            : model.config.num_neighbors
        ]
        kept[best, item] = similarity[best, item]
    return kept


def scores(model: Model, graph: BipartiteAdjacency, user: Tensor) -> Tensor:
    """The score of every item, from a ranking of all of them."""
    score, item = model.scorer(graph).rank(user, graph.user_rows.num_cols)
    return torch.zeros_like(score).scatter_(1, item, score)


def weights(model: ItemItemModel, graph: BipartiteAdjacency) -> Tensor:
    weight = model.fit(graph).weight
    assert weight is not None
    return weight.to_dense().t()


@pytest.mark.parametrize("block", [1, 45, 2**24])
@pytest.mark.parametrize("model", [MODELS[0], *MODELS[2:]], ids=repr)
def test_weights_follow_the_equations(
    model: ItemItemModel, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.models.baselines.ease.BLOCK_ENTRIES", block)
    monkeypatch.setattr("tvdiff_pyg.models.baselines.neighbors.PAIRS_AT_ONCE", block)
    found, expected = weights(model, graph_of(MATRIX)), dense_weight(model, MATRIX)
    assert (found.diagonal() == 0).all()
    if isinstance(model, EASE):
        torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=1e-5)
        return
    # Which of two equals is kept is open; how similar the kept ones are is not.
    sort = {"dim": 0, "descending": True}
    found, order = found.double().sort(**sort)
    torch.testing.assert_close(found, expected.sort(**sort).values)
    full = dense_weight(
        ItemKNN(20, model.config.shrink, model.config.similarity), MATRIX
    )
    torch.testing.assert_close(found, full.gather(0, order).where(found > 0, 0.0))


def test_among_all_items_local_weights_are_those_of_ease() -> None:
    matrix = random_matrix(60, 15, density=0.7)  # any two items share a user
    found = weights(LocalEASE(14, l2=2.0), graph_of(matrix)).double()
    expected = dense_weight(EASE(l2=2.0), matrix)
    torch.testing.assert_close(found, expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(
    "limits",
    [
        {"ITEM_BLOCK": 1},
        {"ITEM_BLOCK": 3},
        {"BLOCK_NUMBERS": 1},
        {"BLOCK_NUMBERS": 60},
        {},
    ],
)
@pytest.mark.parametrize("num_neighbors", [1, 4, 9])
def test_local_weights_solve_the_system_of_their_neighbours(
    num_neighbors: int, limits: dict[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, limit in limits.items():
        monkeypatch.setattr(f"tvdiff_pyg.models.baselines.neighborhood.{name}", limit)
    matrix = torch.cat([MATRIX, torch.zeros(30, 2)], dim=1)  # items without a user
    graph, count = graph_of(matrix), matrix.double().t() @ matrix.double()
    found = weights(LocalEASE(num_neighbors, l2=2.0), graph).double()
    nearest = weights(ItemKNN(num_neighbors), graph)
    torch.testing.assert_close(found != 0, nearest != 0)
    for item in range(22):
        kept = found[:, item].nonzero().view(-1)
        assert kept.numel() == (num_neighbors if item < 20 else 0)
        system = count[kept][:, kept] + 2.0 * torch.eye(kept.numel())
        solution = torch.linalg.solve(system, count[kept, item])
        torch.testing.assert_close(found[kept, item], solution, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=repr)
@pytest.mark.parametrize("corner", CORNERS)
def test_scores_are_history_times_weights(corner: str, model: ItemItemModel) -> None:
    matrix = torch.tensor(CORNERS[corner])
    graph = graph_of(matrix)
    expected = matrix.float() @ weights(model, graph)
    users = torch.arange(matrix.size(0))
    torch.testing.assert_close(scores(model, graph, users), expected)
    for user in users.split(1):
        torch.testing.assert_close(scores(model, graph, user), expected[user])
    if isinstance(model, EASE):
        dense = matrix.double() @ dense_weight(model, matrix)
        torch.testing.assert_close(expected.double(), dense, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_rankings_do_not_depend_on_blocks(
    model: ItemItemModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    graph = graph_of(MATRIX)
    model.fit(graph)
    whole = model.scorer(graph).rank(torch.arange(30), 5, graph.user_rows)
    monkeypatch.setattr(module, "BLOCK_ENTRIES", 60)
    blocked = model.scorer(graph).rank(torch.arange(30), 5, graph.user_rows)
    torch.testing.assert_close(blocked, whole)
    assert (MATRIX[torch.arange(30)[:, None], whole[1]] == 0).all()


def checkerboard(num_blocks: int = 3, width: int = 5) -> tuple[Tensor, Tensor]:
    """Blocks of ones; of each user, the item on the diagonal is withheld."""
    full = torch.block_diag(*[torch.ones(width, width)] * num_blocks)
    return full - torch.eye(len(full)), torch.arange(len(full)).repeat(2, 1)


@pytest.mark.parametrize(
    "kind",
    each_model(["ease", "local-ease", "slim", "item-knn", "ials", "implicit-bpr"]),
)
def test_a_withheld_item_ranks_first(kind: str, request: pytest.FixtureRequest) -> None:
    matrix, withheld = checkerboard()
    graph, model = graph_of(matrix), make(kind, request)
    model.fit(graph)
    held_out = BipartiteGraph.from_edge_index(
        pairs_of(matrix), *matrix.shape, test_index=withheld
    )
    task = EvaluationTask.from_graph(held_out, "test")
    for batch_size in (1, 4, 100):
        assert evaluate(model.scorer(graph), task, (1,), batch_size)["recall@1"] == 1


def make(kind: str, request: pytest.FixtureRequest) -> Any:
    if kind == "ease":
        return EASE(l2=1.0)
    if kind == "local-ease":
        return LocalEASE(5, l2=1.0)
    if kind == "slim":
        return SLIM(5, l1=0.1, l2=1.0)
    if kind == "item-knn":
        return ItemKNN(5)
    request.getfixturevalue("implicit")
    if kind == "ials":
        return IALS(factors=16)
    # BPR draws its negatives: it takes a while to be sure.
    return ImplicitBPR(factors=16, iterations=500, learning_rate=0.1)


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_new_histories_need_no_fitting(model: ItemItemModel) -> None:
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), 30, 20)
    recommender = Recommender(model.fit(graph_of(MATRIX)), graph)
    known = recommender.recommend([4, 7], k=3)
    history = [row.nonzero().flatten().tolist() for row in MATRIX[[4, 7]]]
    found = recommender.recommend(history, k=3)
    assert (found.items, found.scores) == (known.items, known.scores)
    with pytest.raises(ValueError, match=r"'model' needs dense factors .*\(got \w+\)"):
        recommender.index()


def test_recommending_what_is_popular() -> None:
    graph = BipartiteGraph.from_edge_index(torch.tensor([[0, 1, 1], [0, 1, 0]]), 2, 3)
    assert Recommender(Popularity(), graph).recommend([0, 1], k=1).items == [[1], [2]]


@pytest.mark.parametrize("model", [EASE(), LocalEASE(), ItemKNN()])
def test_unfitted_models_are_refused(model: ItemItemModel) -> None:
    name = type(model).__name__
    with pytest.raises(ValueError, match=f"{name} needs to be fitted before it scores"):
        model.scorer(graph_of(MATRIX))
    model.fit(graph_of(MATRIX))
    message = rf"'adjacency' needs 20 items, as {name} was fitted to \(got 4\)"
    with pytest.raises(ValueError, match=message):
        model.scorer(graph_of([[0, 1, 1, 0]]))


def test_a_matrix_that_does_not_fit_is_refused() -> None:
    # A square of them would be 4 TB; nothing of that size may be asked for.
    rows = CSR(torch.tensor([0, 1]), torch.tensor([0]), 1_000_000)
    message = r"square matrix of them in .* \(got 1,000,000 items: 3.73e\+03 GB\)"
    with pytest.raises(ValueError, match=message):
        EASE().fit(BipartiteAdjacency(rows, rows.transpose()))


def test_a_penalty_below_rounding_is_refused() -> None:
    matrix = torch.ones(2000, 4)
    with pytest.raises(ValueError, match=r"'l2' needs to be larger .* \(got 1e-09\)"):
        EASE(l2=1e-9).fit(graph_of(matrix))
    with pytest.raises(ValueError, match=r"'l2' needs to be larger .* \(got 1e-09\)"):
        LocalEASE(l2=1e-9).fit(graph_of(matrix))


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        (EASE, {"l2": 0.0}, r"'l2' needs to be positive \(got 0.0\)"),
        (LocalEASE, {"l2": -1.0}, r"'l2' needs to be positive \(got -1.0\)"),
        (LocalEASE, {"num_neighbors": 0}, r"'num_neighbors' .* at least 1 \(got 0\)"),
        (SLIM, {"l1": -1.0}, r"'l1' needs to be at least 0 \(got -1.0\)"),
        (SLIM, {"l2": 0.0}, r"'l2' needs to be positive \(got 0.0\)"),
        (SLIM, {"iterations": 0}, r"'iterations' needs to be at least 1 \(got 0\)"),
        (ItemKNN, {"num_neighbors": 0}, r"'num_neighbors' .* at least 1 \(got 0\)"),
        (ItemKNN, {"shrink": -1.0}, r"'shrink' needs to be at least 0 \(got -1.0\)"),
        (ItemKNN, {"similarity": "dot"}, r"'similarity' .*'jaccard'\] \(got 'dot'\)"),
        (IALS, {"factors": 0}, r"'factors' needs to be at least 1 \(got 0\)"),
        (IALS, {"alpha": 0.0}, r"'alpha' needs to be positive \(got 0.0\)"),
        (ImplicitBPR, {"learning_rate": -1.0}, r"'learning_rate' .* \(got -1.0\)"),
    ],
)
def test_arguments_are_checked(kind: Any, options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**options)


def test_names_show_settings() -> None:
    assert repr(EASE(3.0)) == "EASE(l2=3.0)"
    expected = "ItemKNN(num_neighbors=7, shrink=0.0, similarity='cosine')"
    assert repr(ItemKNN(7)) == expected


# None leaves it to PyTorch, where it can; a number is what is added up at once.
@pytest.mark.parametrize("steps", [None, 1, 6, 2**23])
@pytest.mark.parametrize("weighted", [(0,), (1,), (0, 1), ()])
def test_sparse_products(
    weighted: tuple[int, ...], steps: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if steps is not None:
        monkeypatch.setattr(products, "_cpu_has_sparse_product", lambda: False)
        monkeypatch.setattr(products, "STEPS_AT_ONCE", steps)
    factors = [random_matrix(5, 7, seed=1).float(), random_matrix(7, 4, seed=2).float()]
    sides = [graph_of(factor).user_rows for factor in factors]
    for place in weighted:
        factors[place] *= torch.rand(factors[place].shape) + 0.1
        rows = sides[place]
        sides[place] = rows.with_value(factors[place][rows.row(), rows.col])
    expected = factors[0] @ factors[1]
    torch.testing.assert_close(sparse_product(*sides), expected)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(sparse_product(*sides), expected)


@pytest.mark.parametrize("shape", [(0, 3, 2), (2, 0, 3), (2, 3, 0), (2, 3, 4)])
@pytest.mark.parametrize("by_torch", [True, False])
def test_products_of_nothing_are_zero(
    by_torch: bool, shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_torch:
        monkeypatch.setattr(products, "_cpu_has_sparse_product", lambda: False)
    none = torch.empty(2, 0, dtype=torch.long)
    left = CSR.from_edge_index(none, shape[:2])
    right = CSR.from_edge_index(none, shape[1:])
    expected = torch.zeros(shape[0], shape[2])
    torch.testing.assert_close(sparse_product(left, right), expected)


def test_implicit_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "implicit.als", None)
    message = r"'implicit' needs to be installed .* pip install 'tvdiff_pyg\[baselines"
    with pytest.raises(ImportError, match=message):
        IALS()


@pytest.mark.parametrize("kind", [IALS, ImplicitBPR])
@pytest.mark.slow
@pytest.mark.usefixtures("implicit", "one_thread")
def test_scores_are_those_of_implicit(kind: Any) -> None:
    from scipy.sparse import csr_matrix  # there with implicit only

    graph, users = graph_of(MATRIX), torch.arange(30)
    model, solver = kind(factors=8).fit(graph, seed=3), kind(factors=8).solver(3)
    solver.fit(csr_matrix(MATRIX), show_progress=False)
    found = scores(model, graph, users)
    item, score = solver.recommend(
        users.numpy(), csr_matrix(MATRIX), N=20, filter_already_liked_items=False
    )
    expected = torch.zeros(30, 20).scatter_(
        1, torch.from_numpy(item).long(), torch.from_numpy(score)
    )
    torch.testing.assert_close(found, expected)
    again = kind(factors=8).fit(graph).fit(graph, seed=3)
    torch.testing.assert_close(scores(again, graph, users), found)


@pytest.mark.slow
@pytest.mark.usefixtures("implicit", "one_thread")
def test_histories_are_folded_in_by_least_squares() -> None:
    model = IALS(factors=6, alpha=7.0, regularization=0.5).fit(graph_of(MATRIX))
    scorer = model.scorer(graph_of(MATRIX))
    new = random_matrix(3, 20, seed=5)
    found = scorer.query(graph_of(new).user_rows)
    table = scorer.item_factor.double()
    for history, factor in zip(new, found, strict=True):
        weight = torch.diag(1 + 6 * history)
        left = table.t() @ weight @ table + 0.5 * torch.eye(6)
        right = table.t() @ weight @ history
        solution = torch.linalg.solve(left, right)
        torch.testing.assert_close(factor.double(), solution, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
@pytest.mark.usefixtures("implicit")
def test_what_implicit_cannot_score_is_refused() -> None:
    model = ImplicitBPR(factors=4)
    assert repr(model).startswith("ImplicitBPR(factors=4, regularization=0.01")
    graph = graph_of(MATRIX)
    with pytest.raises(ValueError, match="needs to be fitted before it scores"):
        model.scorer(graph)
    scorer = model.fit(graph).scorer(graph)
    with pytest.raises(ValueError, match="knows users by their id"):
        scorer.rank_histories(graph.user_rows, k=1)
    message = r"'adjacency' needs 30 users, as ImplicitBPR was fitted to \(got 1\)"
    with pytest.raises(ValueError, match=message):
        model.scorer(graph_of([[0, 1, 1, 0]]))


def elastic_net(count: Tensor, target: Tensor, l1: float, l2: float) -> Tensor:
    """The minimum among weights of at least 0, by projected gradients."""
    system, weight = count + l2 * torch.eye(len(count)), torch.zeros_like(target)
    step = 1 / torch.linalg.eigvalsh(system).max()
    for _ in range(5000):
        weight = (weight - step * (system @ weight - target + l1)).clamp(min=0)
    return weight


@pytest.mark.parametrize("block", [3, 128])
@pytest.mark.parametrize(("l1", "l2"), [(0.0, 2.0), (1.5, 0.5), (1e3, 1.0)])
def test_slim_is_the_least_of_its_elastic_net(
    l1: float, l2: float, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.models.baselines.neighborhood.ITEM_BLOCK", block)
    matrix = torch.cat([MATRIX, torch.zeros(30, 2)], dim=1)  # items without a user
    graph, count = graph_of(matrix), matrix.double().t() @ matrix.double()
    found = weights(SLIM(6, l1, l2), graph).double()
    nearest = weights(ItemKNN(6), graph)
    assert (found.diagonal() == 0).all() and (found[nearest == 0] == 0).all()
    for item in range(20):
        near = nearest[:, item].nonzero().view(-1)
        expected = elastic_net(count[near][:, near], count[near, item], l1, l2)
        torch.testing.assert_close(found[near, item], expected, atol=1e-4, rtol=1e-4)
    assert not found[:, 20:].any()
    assert SLIM(6, l1, l2).fit(graph).weight._nnz() == int((found != 0).sum())


def test_slim_without_an_l1_penalty_and_signs_is_ease() -> None:
    # Blocks of items that are met together: no weight of EASE is below 0.
    matrix = torch.block_diag(torch.ones(3, 3), torch.ones(4, 2))
    expected = dense_weight(EASE(l2=1.0), matrix).clamp(min=0)
    found = weights(SLIM(5, l1=0.0, l2=1.0), graph_of(matrix)).double()
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)

"""TV-Diff on factors against the same model on whole interaction vectors."""

import pytest
import torch
from torch import Tensor
from torch_geometric import EdgeIndex
from torch_geometric.data import HeteroData

from tests.builders import build, tvdiff
from tests.oracle import (
    CORNERS,
    NORMALIZATIONS,
    assert_covariance,
    assert_same_moments,
    item_tower,
    pairs_of,
    random_matrix,
    user_tower,
)
from tvdiff_pyg.diffusion import SCHEDULES, GaussianDiffusion, LinearVarianceSchedule
from tvdiff_pyg.models import TVDiff, TVDiffConfig
from tvdiff_pyg.models.reference import dense_scores, dense_training_loss, to_dense
from tvdiff_pyg.negatives import NegativeSampler
from tvdiff_pyg.ranking import top_k
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

SIZE = (12, 15)
MATRIX = random_matrix(*SIZE, density=0.3)
NOISY = {"noise_scale": 1.0, "noise_min": 0.05, "noise_max": 0.8}
ENTROPIES = ["bpr", "bce", "nll"]
DENOISERS = [
    {"denoiser": "mlp"},
    {"denoiser": "gcn", "num_layers": 1},
    {"denoiser": "gcn", "num_layers": 2, "layer_weights": True},
    {"denoiser": "gcn", "num_layers": 3, "combine": "mean", "activation": "none"},
    {"denoiser": "gcn", "num_layers": 4, "combine": "residual"},
]


def make_model(
    size: tuple[int, int] = SIZE, double: bool = True, **kwargs: object
) -> TVDiff:
    torch.manual_seed(0)
    defaults = {"hidden_channels": 6, "dropout": 0.0, "num_timesteps": 5, **NOISY}
    model = tvdiff(*size, **{**defaults, **kwargs})
    return model.double() if double else model


def dense(
    model: TVDiff, adjacency: BipartiteAdjacency, history: CSR, *args: object
) -> Tensor:
    """The scores of the dense reference."""
    items = model.denoiser.item_tower(adjacency.item_rows)
    return dense_scores(model.denoiser, model.diffusion, history, *items, *args)


def reverse_by_hand(model: TVDiff, matrix: Tensor) -> Tensor:
    """All T steps on dense vectors, from the equations."""
    denoiser, betas = model.denoiser, model.diffusion.betas.double()
    level, x_t = (1 - betas).cumprod(0), matrix
    item_factor = item_tower(denoiser, matrix)
    for t in reversed(range(betas.numel())):
        timestep = torch.full((matrix.size(0),), t)
        pred = user_tower(denoiser, x_t, timestep) @ item_factor.t()
        before = level[t - 1] if t else torch.ones(())
        coef1 = betas[t] * before.sqrt() / (1 - level[t])
        coef2 = (1 - before) * (1 - betas[t]).sqrt() / (1 - level[t])
        x_t = coef1 * pred + coef2 * x_t
    return x_t


@pytest.mark.parametrize("double", [True, False], ids=["float64", "float32"])
@pytest.mark.parametrize("num_timesteps", [1, 5, 40])
@pytest.mark.parametrize("schedule", SCHEDULES.names())
@torch.no_grad()
def test_projected_scores_are_dense_scores(
    schedule: str, num_timesteps: int, double: bool
) -> None:
    model = make_model(double=double, schedule=schedule, num_timesteps=num_timesteps)
    model.eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    user_factor, item_factor = model(adjacency)
    score = user_factor @ item_factor.t()
    expected = dense(model, adjacency, adjacency.user_rows)

    assert torch.equal(score.argsort(dim=1), expected.argsort(dim=1))
    torch.testing.assert_close(score, expected, rtol=1e-4, atol=1e-6)
    by_hand = reverse_by_hand(model, MATRIX).to(score.dtype)
    torch.testing.assert_close(score, by_hand, rtol=1e-4, atol=1e-5)


@torch.no_grad()
def test_one_pass_is_the_denoiser_on_the_histories() -> None:
    model = make_model(num_timesteps=40, reverse_steps=1).eval()
    adjacency, denoiser = model.adjacency(pairs_of(MATRIX)), model.denoiser
    user_factor, _ = model(adjacency)
    expected = user_tower(denoiser, MATRIX, torch.zeros(MATRIX.size(0)).long())
    torch.testing.assert_close(user_factor, expected.to(user_factor.dtype))
    assert TVDiff.from_config(model.config, *SIZE).diffusion.reverse_steps == 1


@pytest.mark.parametrize("denoiser", DENOISERS, ids=str)
@torch.no_grad()
def test_every_denoiser_is_scored_on_factors(denoiser: dict) -> None:
    model = make_model(num_timesteps=5, **denoiser).eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    user_factor, item_factor = model(adjacency)
    expected = dense(model, adjacency, adjacency.user_rows)
    assert expected.std() > 1e-3
    torch.testing.assert_close(user_factor @ item_factor.t(), expected)


@pytest.mark.parametrize("denoiser", DENOISERS, ids=str)
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
def test_every_denoiser_is_trained_on_factors(denoiser: dict, negatives: str) -> None:
    model = make_model(
        hidden_channels=SIZE[1] + 3,
        negatives=negatives,
        entropy_type="bce",
        accept_ratio=0.5,
        **denoiser,
    )
    assert_losses_agree(model, USER, None, None, 1e-9)


def test_one_layer_is_the_anisotropic_denoiser() -> None:
    anisotropic, gcn = make_model(), make_model(denoiser="gcn", num_layers=1)
    assert anisotropic.state_dict().keys() == gcn.state_dict().keys()
    adjacency = gcn.adjacency(pairs_of(MATRIX))
    losses = [
        model.training_loss(adjacency, USER, generator=torch.manual_seed(0))
        for model in (anisotropic, gcn)
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"denoiser": "deep"}, r"'denoiser' needs to be one of .*\(got 'deep'\)"),
        ({"num_layers": 2}, r"'num_layers' is not read by TVDiffConfig"),
        ({"denoiser": "mlp", "num_layers": 3}, r"'num_layers' is not read by"),
    ],
)
def test_denoisers_are_checked(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TVDiffConfig.of(**options)


@pytest.mark.parametrize("normalization", NORMALIZATIONS)
@pytest.mark.parametrize("corner", CORNERS)
@torch.no_grad()
def test_hard_graphs_score_by_the_equations(corner: str, normalization: str) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.float64)
    model = make_model(tuple(matrix.shape), normalization=normalization).eval()
    user_factor, item_factor = model(model.adjacency(pairs_of(matrix)))
    by_hand = reverse_by_hand(model, matrix)
    torch.testing.assert_close(
        user_factor @ item_factor.t(), by_hand, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    ("start_step", "ancestral"), [(4, False), (2, False), (None, True), (3, True)]
)
@pytest.mark.parametrize("num_items", [4, 9], ids=["few items", "cholesky"])
@torch.no_grad()
def test_noisy_scores_have_the_dense_distribution(
    num_items: int, start_step: int | None, ancestral: bool
) -> None:
    num_draws = 20_000
    model = make_model((3, num_items), hidden_channels=4).eval()
    matrix = random_matrix(3, num_items, 0.5)
    matrix[1] = 1  # An item without a user would have no score to vary.
    adjacency = model.adjacency(pairs_of(matrix))
    history = adjacency.user_rows.select(torch.zeros(num_draws, dtype=torch.long))
    scorer = model.scorer(adjacency)

    generator = torch.Generator().manual_seed(1)
    user_factor = scorer.query(history, start_step, ancestral, generator)
    torch.manual_seed(2)
    expected = dense(model, adjacency, history, start_step, ancestral)
    score = user_factor @ scorer.item_factor.t()
    assert score.std(dim=0).min() > 1e-4
    assert_same_moments(score, expected)


def test_scoring_noise_is_seeded() -> None:
    model = make_model().eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    scorer = model.scorer(adjacency)
    draws = [
        scorer.query(adjacency.user_rows, 3, True, torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])


def test_some_users_are_rows_of_all_users() -> None:
    model = make_model().eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    user = torch.tensor([5, 0, 5])
    everyone, items = model(adjacency)
    some, same_items = model(adjacency, user)
    torch.testing.assert_close(some, everyone[user])
    assert torch.equal(items, same_items)


def test_no_user_at_all() -> None:
    model = make_model().eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    user_factor, _ = model(adjacency, torch.empty(0, dtype=torch.long))
    assert user_factor.shape == (0, 6)


class Recorder(NegativeSampler):
    """Passes a sampler's draws on and remembers them, and what it was asked."""

    def __init__(self, sampler: NegativeSampler) -> None:
        super().__init__()
        self.sampler, self.drawn, self.asked = sampler, None, ()
        self.needs_factors = sampler.needs_factors

    def forward(self, *args: object) -> CSR:
        self.asked, self.drawn = args, self.sampler(*args)
        return self.drawn


def assert_losses_agree(
    model: TVDiff, user: Tensor, item: Tensor | None, noise: Tensor | None, tol: float
) -> None:
    """Value, parts and all gradients; the seed repeats timesteps and noise."""
    model.sampler = Recorder(model.sampler)
    adjacency = model.adjacency(pairs_of(MATRIX))
    out = model.training_loss(adjacency, user, item, torch.Generator().manual_seed(7))

    generator = torch.Generator().manual_seed(7)
    timestep = model.diffusion.sample_timestep(user.numel(), generator)
    if noise is None:
        shape = (user.numel(), SIZE[1])
        noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    observed, negative = adjacency.user_rows.select(user), model.sampler.drawn
    positive = observed
    if item is not None:
        one_each = torch.stack([torch.arange(user.numel()), item])
        positive = CSR.from_edge_index(one_each, (user.numel(), SIZE[1]))
    if negative is not None and model.loss_fn.entropy.pairwise:
        positive = positive.head(negative.degree())
    parts = model.denoiser, model.diffusion, model.loss_fn
    expected = dense_training_loss(
        *parts, adjacency, user, timestep, noise, positive, negative
    )
    torch.testing.assert_close(tuple(out), tuple(expected), rtol=tol, atol=tol)
    if negative is not None:
        assert torch.equal(model.sampler.asked[4], timestep)
    parameters = list(model.parameters())
    gradient = torch.autograd.grad(out.free_energy, parameters)
    expected_gradient = torch.autograd.grad(expected.free_energy, parameters)
    torch.testing.assert_close(gradient, expected_gradient, rtol=tol, atol=tol)


USER = torch.tensor([3, 0, 7, 7, 11])
ITEM = torch.stack([MATRIX[user].nonzero().flatten()[-1] for user in USER])


@pytest.mark.parametrize("normalization", ["symmetric", "none"])
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@pytest.mark.parametrize("entropy_type", ENTROPIES)
def test_training_loss_is_the_dense_loss(
    entropy_type: str, negatives: str, normalization: str
) -> None:
    # With more channels than items the projected noise is that of the dense vector.
    model = make_model(
        hidden_channels=SIZE[1] + 3,
        entropy_type=entropy_type,
        negatives=negatives,
        accept_ratio=0.5,
        temperature=2.0,
        normalization=normalization,
    )
    assert_losses_agree(model, USER, None, None, 1e-9)


def test_training_loss_over_interactions_is_the_dense_loss() -> None:
    model = make_model(hidden_channels=SIZE[1] + 3, temperature=2.0)
    assert_losses_agree(model, USER, ITEM, None, 1e-9)


def test_training_loss_with_tiny_noise_is_the_dense_loss() -> None:
    # Fewer channels than items: the Cholesky path, whose noise is too small to see.
    model = make_model(entropy_type="bce", temperature=2.0)
    model.diffusion = GaussianDiffusion(
        5, LinearVarianceSchedule(1e-10), fix_first_beta=False
    )
    noise = torch.zeros(USER.numel(), SIZE[1], dtype=torch.float64)
    assert_losses_agree(model, USER, None, noise, 1e-5)


@pytest.mark.parametrize("num_items", [4, 9], ids=["few items", "cholesky"])
@pytest.mark.parametrize("training", [True, False])
@torch.no_grad()
def test_dropout_on_noise_raises_its_covariance(training: bool, num_items: int) -> None:
    # A user without items is nothing but noise, which the sampler sees in the factors.
    model = make_model((2, num_items), hidden_channels=4, dropout=0.75).train(training)
    denoiser, model.sampler = model.denoiser, Recorder(model.sampler)
    adjacency = model.adjacency(pairs_of([[0] * num_items, [1] * num_items]))
    user = torch.zeros(20_000, dtype=torch.long)
    model.training_loss(adjacency, user, generator=torch.manual_seed(0))
    _, _, user_factor, _, timestep, _ = model.sampler.asked

    silent = user_tower(denoiser, torch.zeros(1, num_items).double(), timestep)
    scale = model.diffusion.sqrt_one_minus_alphas_cumprod[timestep].double()
    noise = (user_factor.atanh() - silent.atanh()) / scale[:, None]
    gram = denoiser.item_embedding.weight.t() @ denoiser.item_embedding.weight
    assert_covariance(noise, gram / (0.25 if training else 1))


@pytest.mark.parametrize("num_noise_items", [None, 4])
@pytest.mark.parametrize("entropy_type", ENTROPIES)
@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@pytest.mark.parametrize("corner", CORNERS)
def test_training_stays_finite_on_hard_graphs(
    corner: str, negatives: str, entropy_type: str, num_noise_items: int | None
) -> None:
    pairs = pairs_of(CORNERS[corner])
    num_users = len(CORNERS[corner])
    model = make_model(
        (num_users, 4),
        double=False,
        hidden_channels=3,
        dropout=0.5,
        entropy_type=entropy_type,
        negatives=negatives,
        num_noise_items=num_noise_items,
    )
    generator = torch.Generator().manual_seed(0)
    user = torch.arange(num_users)
    out = model.training_loss(model.adjacency(pairs), user, generator=generator)
    out.free_energy.backward()
    assert all(part.isfinite() for part in out)
    for parameter in model.parameters():
        assert parameter.grad is None or parameter.grad.isfinite().all()


def test_training_loss_is_seeded() -> None:
    model = make_model(negatives="hard")
    adjacency = model.adjacency(pairs_of(MATRIX))
    losses = [
        model.training_loss(
            adjacency, USER, generator=torch.Generator().manual_seed(seed)
        ).free_energy
        for seed in (0, 0, 1)
    ]
    assert losses[0] == losses[1] != losses[2]


@pytest.mark.parametrize("negatives", ["uniform", "hard"])
@pytest.mark.parametrize("entropy_type", ENTROPIES)
def test_autocast_is_close_to_single_precision(
    entropy_type: str, negatives: str
) -> None:
    # All accepted items are drawn, so that rounding cannot change which.
    matrix = random_matrix(20, 30, density=0.5)
    model = make_model(
        (20, 30),
        double=False,
        hidden_channels=16,
        entropy_type=entropy_type,
        negatives=negatives,
        accept_ratio=1.0,
    )
    adjacency, user = model.adjacency(pairs_of(matrix)), torch.arange(20)

    def loss() -> Tensor:
        generator = torch.Generator().manual_seed(0)
        return model.training_loss(adjacency, user, generator=generator).free_energy

    expected = loss()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        out = loss()
    assert out.item() == pytest.approx(expected.item(), rel=0.05)
    expected_gradient = torch.autograd.grad(expected, list(model.parameters()))
    gradient = torch.autograd.grad(out, list(model.parameters()))
    for one, other in zip(gradient, expected_gradient, strict=True):
        assert (one - other).norm() <= 0.25 * other.norm()


def test_scoring_under_autocast_is_close_to_single_precision() -> None:
    model = make_model(double=False).eval()
    adjacency = model.adjacency(pairs_of(MATRIX))
    expected = torch.mm(
        *(f if n == 0 else f.t() for n, f in enumerate(model(adjacency)))
    )
    with torch.autocast("cpu", dtype=torch.bfloat16):
        user_factor, item_factor = model(adjacency)
    out = user_factor.float() @ item_factor.float().t()
    assert (out - expected).norm() <= 0.05 * expected.norm()


@pytest.mark.parametrize(
    ("entropy_type", "negatives"),
    [("bpr", "uniform"), ("bce", "uniform"), ("nll", "uniform"), ("bpr", "hard")],
)
def test_checkerboard(entropy_type: str, negatives: str) -> None:
    # Two groups of users like two groups of items. Each user's own item is withheld,
    # so that only the others of the group tell that it belongs.
    size = 20
    board = torch.block_diag(*2 * [torch.ones(size // 2, size // 2)])
    seen = board - torch.eye(size)
    torch.manual_seed(0)
    model = tvdiff(
        size,
        size,
        num_timesteps=5,
        hidden_channels=16,
        entropy_type=entropy_type,
        negatives=negatives,
        accept_ratio=0.5,
    )
    adjacency, user = model.adjacency(pairs_of(seen)), torch.arange(size)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        model.training_loss(adjacency, user).free_energy.backward()
        optimizer.step()
    _, item = top_k(*model.eval()(adjacency), 1, adjacency.user_rows)
    assert item.flatten().tolist() == list(range(size))


def test_adjacency_is_weighed_as_the_model_reads_it() -> None:
    pairs = pairs_of(MATRIX)
    for normalization in NORMALIZATIONS:
        model = make_model(normalization=normalization)
        expected = BipartiteAdjacency.from_edge_index(pairs, SIZE, normalization)
        value = model.adjacency(pairs).item_rows.value
        if normalization == "none":
            assert value is None
        else:
            assert torch.equal(value, expected.item_rows.value)


def test_adjacency_of_edges_in_any_format() -> None:
    pairs, model = pairs_of(MATRIX), make_model()
    expected = model.adjacency(pairs)
    value = torch.rand(pairs.size(1))
    coo = torch.sparse_coo_tensor(
        pairs.flip(0), value, SIZE[::-1], check_invariants=True
    )
    twice = torch.cat([pairs, pairs.flip(1)], dim=1)
    for edges in (coo, EdgeIndex(pairs, sparse_size=SIZE), pairs.int(), twice):
        found = model.adjacency(edges)
        for rows in ("user_rows", "item_rows"):
            one, other = getattr(found, rows), getattr(expected, rows)
            assert torch.equal(one.key(), other.key())
            assert torch.equal(one.values(), other.values())
    small = EdgeIndex(pairs % 3, sparse_size=(3, 3))
    with pytest.raises(ValueError, match=r"'graph' needs 12 users and 15 items"):
        model.adjacency(small)
    data = HeteroData()
    data["user", "rates", "item"].edge_index = pairs
    with pytest.raises(ValueError, match=r"needs to be edges alone; 'adjacency_of'"):
        model.adjacency(data)


def test_to_dense_adds_duplicates_up() -> None:
    csr = CSR(torch.tensor([0, 3, 3]), torch.tensor([1, 1, 2]), 3)
    assert to_dense(csr).tolist() == [[0, 2, 1], [0, 0, 0]]
    weighted = csr.with_value(torch.tensor([0.5, 1.0, 2.0]))
    assert to_dense(weighted).tolist() == [[0, 1.5, 2], [0, 0, 0]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            {"negatives": "easy"},
            r"'negatives' needs to be one of \['uniform', 'hard'",
        ),
        ({"num_users": 0}, r"'num_users' needs to be at least 1 \(got 0\)"),
        ({"dropout": 1.0}, r"'dropout' needs to be in \[0, 1\) \(got 1.0\)"),
        ({"normalization": "x"}, r"'normalization' needs to be one of .* \(got 'x'\)"),
        ({"num_timesteps": 0}, r"'num_timesteps' needs to be at least 1 \(got 0\)"),
        ({"reverse_steps": 0}, r"'reverse_steps' needs to be at least 1 \(got 0\)"),
        ({"reverse_steps": 51}, r"'reverse_steps' needs to be at most 50 \(got 51\)"),
        ({"schedule": "x"}, r"'schedule' needs to be one of .* \(got 'x'\)"),
        ({"noise_max": 1e-9}, r"'noise_scale' needs to satisfy"),
        ({"temperature": -1.0}, r"'temperature' needs to be at least 0 \(got -1.0\)"),
        ({"entropy_type": "x"}, r"'entropy_type' needs to be one of .* \(got 'x'\)"),
        (
            {"negatives": "hard", "accept_ratio": 0.0},
            r"'accept_ratio' needs to be in \(0, 1\] \(got 0.0\)",
        ),
        (
            {"num_noise_items": 0},
            r"'num_noise_items' needs to be at least 1 \(got 0\)",
        ),
    ],
)
def test_errors(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        tvdiff(**{"num_users": 3, "num_items": 4, **arguments})


@pytest.mark.parametrize("model", ["tvdiff", "bpr-mf"])
@pytest.mark.parametrize(
    ("user", "item", "message"),
    [
        ([0, 3], None, r"'user' needs to be in \[0, 3\) \(got 3\)"),
        ([-1], [0], r"'user' needs to be in \[0, 3\) \(got -1\)"),
        ([[0]], None, r"'user' needs to be of shape \[1\] \(got \[1, 1\]\)"),
        ([0.0], None, r"'user' needs to hold integers \(got torch.float32\)"),
        ([0], [4], r"'item' needs to be in \[0, 4\) \(got 4\)"),
        ([0], [1, 2], r"'item' needs to be of shape \[1\] \(got \[2\]\)"),
        ([0, 1], [True, False], r"'item' needs to hold integers \(got torch.bool\)"),
    ],
)
def test_batches_are_checked(
    model: str, user: list, item: list | None, message: str
) -> None:
    model = build(model, 3, 4)
    adjacency = model.adjacency(torch.tensor([[0, 1, 2], [0, 1, 3]]))
    given = [None if x is None else torch.tensor(x) for x in (user, item)]
    with pytest.raises(ValueError, match=message):
        model.training_loss(adjacency, *given)

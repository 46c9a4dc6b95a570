"""Noise of other kinds, a second pass and guidance, against dense computations."""

import importlib
from types import ModuleType
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.benchmarks import ImportBenchmark
from tests.builders import tvdiff
from tests.oracle import (
    CORNERS,
    assert_frequencies,
    assert_mean,
    item_tower,
    pairs_of,
    random_matrix,
    user_tower,
)
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.grid import Record, check_record
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.models.reference import to_dense
from tvdiff_pyg.nn import AnisotropicDenoiser
from tvdiff_pyg.sparse import CSR

pytestmark = pytest.mark.usefixtures("forgetful_registries")

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
DRAWS, MAX_RATE = 4000, 0.8
CORRUPTIONS = ["masks", "rescaled masks", "flips", "popular flips"]


@pytest.fixture
def noise(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("discrete_noise")


@pytest.fixture
def other(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("other_diffusion")


@pytest.fixture
def scoring(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("rescoring")


def rows_of(matrix: Tensor) -> CSR:
    return CSR.from_edge_index(pairs_of(matrix), (matrix.size(0), matrix.size(1)))


def expected(matrix: Tensor, corruption: str, rate: Tensor) -> Tensor:
    """The mean of corrupted histories, written out."""
    rate = rate.double()[:, None]
    if corruption == "rescaled masks":
        return matrix
    kept = (1 - rate) * matrix
    if corruption == "masks":
        return kept
    popular = corruption == "popular flips"
    weight = matrix.sum(dim=0) if popular else torch.ones(matrix.size(1)).double()
    chance = (1 - matrix) * weight
    total = chance.sum(dim=1, keepdim=True)
    chance = torch.where(total > 0, chance / total.clamp(min=1), 0)
    return kept + rate * matrix.sum(dim=1, keepdim=True) * chance


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("name", CORNERS)
def test_corrupted_histories_have_the_stated_mean(
    noise: ModuleType, corruption: str, name: str
) -> None:
    matrix = torch.tensor(CORNERS[name]).double()
    generator = torch.Generator().manual_seed(1)
    rate = torch.linspace(0.0, 0.7, matrix.size(0))
    repeated = torch.arange(matrix.size(0)).repeat(DRAWS)
    rows = rows_of(matrix).select(repeated)
    found = noise.corrupt(rows, corruption, rate[repeated], generator)
    sample = to_dense(found).view(DRAWS, *matrix.shape).double()
    assert_mean(sample, expected(matrix, corruption, rate))


@pytest.mark.parametrize("corruption", ["flips", "popular flips"])
def test_as_many_others_come_as_are_lost(noise: ModuleType, corruption: str) -> None:
    matrix = random_matrix(50, 30)
    rows = rows_of(matrix)
    found = noise.corrupt(rows, corruption, torch.full((50,), 0.5))
    assert torch.equal(found.degree(), rows.degree())
    dense = to_dense(found).double()
    # Those that were there come back from nowhere: each is there once at most.
    assert (dense[matrix > 0] <= 1).all() and 0 < dense[matrix > 0].mean() < 1


def test_weights_of_interactions_stay(noise: ModuleType) -> None:
    matrix = random_matrix(20, 30)
    rows = rows_of(matrix)
    weighed = rows.with_value(torch.full((rows.nnz,), 3.0))
    for corruption, kept in (("masks", {3.0}), ("flips", {1.0, 3.0})):
        found = noise.corrupt(weighed, corruption, torch.full((20,), 0.5))
        assert set(found.values().tolist()) == kept


def test_a_row_has_one_rate(noise: ModuleType) -> None:
    """Over rates in [0, 1), what is left of a row is any number of items alike."""
    generator = torch.Generator().manual_seed(0)
    rows = rows_of(torch.ones(6000, 4))
    rate = noise.draw_rates(rows, 1.0, generator)
    left = noise.mask(rows, rate, generator).degree()
    assert_frequencies(torch.bincount(left, minlength=5), torch.full((5,), 0.2))
    rate = noise.draw_rates(rows, 0.5, generator)
    assert 0.49 < rate.max() < 0.5 and rate.min() < 0.01


def test_nothing_is_corrupted_in_scoring(noise: ModuleType) -> None:
    denoiser = noise.DiscreteDenoiser(
        50, 30, hidden_channels=8, dropout=0.0, max_rate=MAX_RATE
    )
    plain = AnisotropicDenoiser(50, 30, hidden_channels=8, dropout=0.0)
    plain.load_state_dict(denoiser.state_dict())
    rows = rows_of(random_matrix(50, 30))
    whole = plain.project(rows)
    assert not torch.equal(denoiser.train().project(rows), whole)
    assert torch.equal(denoiser.eval().project(rows), whole)


def test_rates_out_of_range(noise: ModuleType) -> None:
    with pytest.raises(
        ValueError, match="'max_rate' needs to be above 0 and at most 1"
    ):
        noise.DiscreteConfig(max_rate=0.0)
    with pytest.raises(ValueError, match=r"'max_rate' .* between 0 and 1 \(got 1.0\)"):
        noise.DiscreteConfig(corruption="rescaled masks", max_rate=1.0)


def scored(matrix: Tensor) -> tuple[TVDiff, Any, Any]:
    """Return a model of one step, its scorer, and its passes over dense histories."""
    torch.manual_seed(0)
    model = tvdiff(*matrix.shape, hidden_channels=8, num_timesteps=1).eval()
    item = item_tower(model.denoiser, matrix)

    def one_pass(history: Tensor) -> Tensor:
        zero = torch.zeros(history.size(0), dtype=torch.long)
        return user_tower(model.denoiser, history, zero) @ item.t()

    return model, model.scorer(model.adjacency(pairs_of(matrix))), one_pass


def all_scores(scorer: Any) -> Tensor:
    users = torch.arange(scorer.rows.num_rows)
    found: Tensor = scorer.known(users) @ scorer.item_factor.t()
    return found.double()


@pytest.mark.parametrize(("num_added", "weight"), [(2, 0.5), (20, 0.1)])
def test_a_second_pass_reads_the_best_of_the_first(
    scoring: ModuleType, num_added: int, weight: float
) -> None:
    matrix = random_matrix(20, 25)
    matrix[0], matrix[1] = 1.0, 0.0
    _, scorer, one_pass = scored(matrix)
    first = one_pass(matrix).masked_fill(matrix > 0, -torch.inf)
    history = matrix.clone()
    for user in range(20):
        best = first[user].argsort(descending=True)[:num_added]
        history[user, best[first[user, best] > -torch.inf]] = weight
    found = all_scores(scoring.RefinedScorer(scorer, num_added, weight))
    torch.testing.assert_close(found, one_pass(history), atol=1e-5, rtol=1e-5)
    assert (found[1:] - one_pass(matrix)[1:]).abs().max() > 1e-3


@pytest.mark.parametrize("guidance", [-0.5, 2.0])
def test_guidance_leaves_the_empty_history(
    scoring: ModuleType, guidance: float
) -> None:
    matrix = random_matrix(9, 25)
    _, scorer, one_pass = scored(matrix)
    score, nothing = one_pass(matrix), one_pass(torch.zeros(1, 25).double()).detach()
    want = (1 + guidance) * score - guidance * nothing
    found = all_scores(scoring.GuidedScorer(scorer, guidance))
    torch.testing.assert_close(found, want, atol=1e-5, rtol=1e-5)
    spread = score.detach().var(1, correction=0).mean().sqrt()
    want_share = nothing.std(correction=0) / spread
    assert scoring.share_of_nothing(scorer) == pytest.approx(float(want_share), 1e-3)


def test_guidance_by_a_constant_is_told(scoring: ModuleType) -> None:
    matrix = random_matrix(9, 25)
    model, _, _ = scored(matrix)
    torch.nn.init.zeros_(model.denoiser.time_projection.weight)
    scorer = model.scorer(model.adjacency(pairs_of(matrix)))
    assert scoring.share_of_nothing(scorer) < 1e-6


def test_a_cell_is_trained_and_ranked_in_each_way(other: ModuleType) -> None:
    cells = other.cells([GRAPH], ["popular flips to 0.5"], [0], device="cpu")
    settings = cells[0].settings.but(max_epochs=2, hidden_channels=8)
    record = other.OtherDiffusion("x", GRAPH, "masks to 1", settings, device="cpu")
    record = record.carry_out()
    check_record(record)
    assert record["settings"]["corruption"] == "popular flips"
    assert record["measures"].keys() == {
        other.NOTHING,
        *other.SECOND,
        *other.GUIDED,
    }
    for table in other.BENCHMARK.tables.values():
        assert isinstance(table.render([record]), str)


def test_ranking_again_without_a_change_is_the_same(
    other: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(other, "SECOND", {"none": (1, 0.0)})
    monkeypatch.setattr(other, "GUIDED", {"no": 0.0})
    graph = BipartiteGraph.from_edge_index(
        pairs_of(random_matrix(9, 25)),
        9,
        25,
        validation_index=pairs_of(random_matrix(9, 25, 0.1, seed=1)),
        test_index=pairs_of(random_matrix(9, 25, 0.1, seed=2)),
    )
    found = other.rescored(tvdiff(9, 25, num_timesteps=1), graph)
    assert found["none"] == pytest.approx(found["no"])
    assert found["none"]["validation"] != found["none"]["test"]


def given(variant: str, seed: int, validation: float, test: float) -> Record:
    """A record of one training, whose ways to rank are all alike."""
    ways = importlib.import_module("other_diffusion")
    both = {"validation": validation, "test": test}
    metrics = {part: {"ndcg@20": one, "recall@20": one} for part, one in both.items()}
    return {
        "data": "mine",
        "variant": variant,
        "protocol": "standard",
        "seed": seed,
        "metrics": metrics,
        "best_epoch": 4,
        "measures": {ways.NOTHING: 0.1}
        | {way: dict(both) for way in (*ways.SECOND, *ways.GUIDED)},
    }


def test_validation_alone_chooses(other: ModuleType) -> None:
    records = []
    for seed in range(3):
        records += [
            given("dropout 0.5", seed, 0.2, 0.400 + 0.001 * seed),
            given("masks to 0.5", seed, 0.3, 0.300 + 0.001 * seed),
            given("masks to 1", seed, 0.1, 0.500 + 0.001 * seed),
        ]
    told = other.tried(records)
    row = next(line for line in told.splitlines() if "masks, a rate" in line)
    assert "| masks to 0.5 | 0.3000" in row and "-25." in row and "fails" in row
    assert "| `standard` |" in row and "Holm" in told
    assert "0.3010" in other.ways(records) and "masks to 1" in other.trained(records)


def test_noise_that_there_is_not(other: ModuleType) -> None:
    with pytest.raises(ValueError, match=r"'noise' needs .*\(got 'salt'\)"):
        other.cells(noise=["salt"])
    assert len(other.cells(["ml-100k"])) == 3 * len(other.NOISE)

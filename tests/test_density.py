"""How graphs are thinned, and what is said of leads at several densities."""

from itertools import pairwise
from types import ModuleType

import pytest
import torch

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg import BipartiteGraph
from tvdiff_pyg.data import SyntheticBipartite, hold_out
from tvdiff_pyg.grid import Record, check_record
from tvdiff_pyg.training import Settings

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
ALONE, RECOMMENDED = "tvdiff, recommended, alone", "tvdiff, recommended"


@pytest.fixture
def density(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("density")


@pytest.fixture
def graph() -> BipartiteGraph:
    return hold_out(SyntheticBipartite(80, 60, 900)[0], seed=0)


def pairs_of(index: torch.Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


def test_thinner_graphs_are_parts_of_denser_ones(
    density: ModuleType, graph: BipartiteGraph
) -> None:
    found = [density.thinned(graph, share, seed=3) for share in density.SHARES]
    parts = [pairs_of(one.train_index) for one in found]
    assert parts[0] == pairs_of(graph.train_index)
    assert all(thin < dense for dense, thin in pairwise(parts))
    degree = graph.train_index[0].bincount(minlength=80)
    for share, one in zip(density.SHARES, found, strict=True):
        kept = one.train_index[0].bincount(minlength=80)
        assert torch.equal(kept, (degree * share).ceil().long())
        assert one.num_users == 80 and one.num_items == 60
        # It is whole, and sorted as a graph keeps it.
        again = BipartiteGraph.from_hetero_data(one)
        assert torch.equal(again.train_index, one.train_index)


def test_what_is_held_out_stays_so(density: ModuleType, graph: BipartiteGraph) -> None:
    thin = density.thinned(graph, 0.125, seed=0)
    assert torch.equal(thin.validation_index, graph.validation_index)
    assert torch.equal(thin.test_index, graph.test_index)
    held_out = pairs_of(torch.cat([graph.validation_index, graph.test_index], dim=1))
    assert held_out and not held_out & pairs_of(thin.train_index)


def test_the_seed_draws(density: ModuleType, graph: BipartiteGraph) -> None:
    first, again, other = (
        pairs_of(density.thinned(graph, 0.5, seed).train_index) for seed in (0, 0, 1)
    )
    assert first == again and first != other


def test_each_user_draws_evenly(density: ModuleType) -> None:
    pairs = torch.stack([torch.tensor([0] * 4 + [2]), torch.tensor([0, 1, 2, 3, 1])])
    graph = BipartiteGraph.from_edge_index(pairs, num_users=3, num_items=4)
    count = torch.zeros(4)
    for seed in range(400):
        user, item = density.thinned(graph, 0.25, seed).train_index
        assert user.tolist() == [0, 2] and item[1] == 1
        count[item[0]] += 1
    assert count.min() > 70


def test_a_cell_trains_on_what_is_left(density: ModuleType) -> None:
    small = {"hidden_channels": 8, "num_timesteps": 2, "max_epochs": 1}
    further = {"device": "cpu", "draws": 3}
    cells = [
        density.Thinned("x", GRAPH, ALONE, Settings(**small), share=share, **further)
        for share in (1.0, 0.125)
    ]
    whole, thin = (cell.carry_out() for cell in cells)
    check_record(thin)
    assert thin["graph"]["train"] < whole["graph"]["train"] / 4
    assert thin["graph"]["test"] == whole["graph"]["test"]
    assert cells[1].is_recorded(thin) and not cells[0].is_recorded(thin)


def test_cells_are_all_models_at_each_density(density: ModuleType) -> None:
    cells = density.cells(["ml-100k"], [1.0, 0.5], [0, 2])
    assert len(cells) == 2 * 2 * (len(density.EASE) + 5)
    assert len({str(cell.key()) for cell in cells}) == len(cells)
    found = {cell.variant: cell.settings for cell in cells}
    assert found[ALONE]["linear_share"] == 0 < found[RECOMMENDED]["linear_share"]
    assert found["ease 300"]["l2"] == 300 and found["lightgcn"]["num_layers"] == 2


def record(
    variant: str, share: float, seed: int, ndcg: float, **further: int
) -> Record:
    found = {"ndcg@20": ndcg, "recall@20": ndcg}
    return {
        "experiment": "density",
        "data": "made up",
        "variant": variant,
        "seed": seed,
        "conditions": {"share": share},
        "metrics": {"validation": {"ndcg@20": ndcg / 2}, "test": found},
        "draws": {"ndcg@20": [ndcg * scale for scale in (0.9, 1.0, 1.2)]},
        "graph": {"users": 10, "items": 20, "train": int(100 * share)},
        **further,
    }


def both(thin: float, whole: float, **further: int) -> list[Record]:
    """Leads of TV-Diff alone over LightGCN, which is ahead of EASE."""
    return [
        one
        for seed in range(3)
        for share, lead in ((1.0, whole), (0.25, thin))
        for height in [share / 4 + seed / 100]
        for one in (
            record(ALONE, share, seed, height * (lead + seed / 1000), **further),
            record(RECOMMENDED, share, seed, height * 1.5),
            record("lightgcn", share, seed, height),
            record("ease 30", share, seed, height * 0.8),
            record("ease 100", share, seed, height * 0.9),
        )
    ]


@pytest.mark.parametrize(
    ("thin", "whole", "outcome"),
    [
        (1.3, 1.1, "holds"),
        (1.1, 1.3, "fails"),
        (0.8, 0.7, "holds"),
        (1.2, 1.2, "indistinguishable"),
    ],
)
def test_leads_are_compared_and_not_heights(
    density: ModuleType, thin: float, whole: float, outcome: str
) -> None:
    (found,) = density.densities(both(thin, whole)).values()
    verdict = density.verdict(found)
    assert verdict.outcome == outcome
    assert f"{whole / thin - 1:+.0%}"[:2] in verdict.effect
    assert f"{thin - 0.999:+.1%} to lightgcn at 1/4" in verdict.sentence
    assert f"| {outcome} |" in density.verdicts(both(thin, whole))


def test_a_verdict_needs_convergence_and_two_densities(density: ModuleType) -> None:
    (found,) = density.densities(both(1.3, 1.1, epochs=9, best_epoch=9)).values()
    verdict = density.verdict(found)
    assert verdict.outcome == "undecided"
    assert f"Not converged: {ALONE} at 1/4" in verdict.sentence
    assert density.verdict(found[:1]) is None


def test_validation_chooses_the_penalty_and_the_rival(density: ModuleType) -> None:
    header, _, thin, whole = (
        line.strip("| ").split(" | ")
        for line in density.table(both(1.3, 1.1)).splitlines()
    )
    rows = [dict(zip(header, row, strict=True)) for row in (thin, whole)]
    assert [row["Kept"] for row in rows] == ["1/4", "1"]
    assert [row["Density"] for row in rows] == ["12.50%", "50.00%"]
    assert [row["Pairs a user"] for row in rows] == ["2.5", "10.0"]
    for row, lead in zip(rows, ("+30.1%", "+10.1%"), strict=True):
        assert row["its penalty"] == "100" and row["Best other"] == "lightgcn"
        assert row["Alone to it"] == lead and row["popularity"] == "–"
        assert row["Recommended to it"] == "+50.0%"
    # What is best on test alone does not count.
    records = both(1.3, 1.1)
    for one in records:
        if one["variant"] == "ease 30":
            one["metrics"]["test"]["ndcg@20"] = 0.99
    assert "| 100 |" in density.table(records) and "0.99" not in density.table(records)

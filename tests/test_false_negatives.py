"""What is counted as a false negative."""

from types import ModuleType

import pytest
import torch

from tests.benchmarks import ImportBenchmark
from tvdiff_pyg import BipartiteGraph
from tvdiff_pyg.grid import check_record
from tvdiff_pyg.models import Model, TVDiffConfig
from tvdiff_pyg.negatives import NegativeSampler, UniformNegativeSampler
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.training import Settings

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"


@pytest.fixture
def false(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("false_negatives")


class Given(NegativeSampler):
    """Draws the items that it was given, whoever asks."""

    def __init__(self, *items: int) -> None:
        super().__init__()
        self.items = items

    def forward(self, observed: CSR, *others: object) -> CSR:  # type: ignore[override]
        rows = observed.num_rows
        pairs = torch.stack(
            [
                torch.arange(rows).repeat_interleave(len(self.items)),
                torch.tensor(self.items).repeat(rows),
            ]
        )
        return CSR.from_edge_index(pairs, (rows, observed.num_cols))


def graph_of_two() -> tuple[Model, BipartiteGraph]:
    """User 0 met item 0, and meets 1 and 2 later; user 1 met 3, and meets 2."""
    graph = BipartiteGraph.from_edge_index(
        torch.tensor([[0, 1], [0, 3]]),
        2,
        5,
        validation_index=torch.tensor([[0], [1]]),
        test_index=torch.tensor([[0, 1], [2, 2]]),
    )
    return TVDiffConfig().build(2, 5), graph


@pytest.mark.parametrize(
    ("items", "share"), [((4,), 0.0), ((2,), 1.0), ((1,), 0.5), ((1, 2, 4), 0.5)]
)
def test_both_held_out_parts_count(
    false: ModuleType, items: tuple[int, ...], share: float
) -> None:
    assert false.Drawer(*graph_of_two(), seed=0).share(Given(*items), 0) == share


def test_uniform_ones_are_false_by_chance(false: ModuleType) -> None:
    drawer = false.Drawer(*graph_of_two(), seed=0)
    # Of four items that are not observed, two of user 0 and one of user 1.
    shares = []
    for seed in range(400):
        drawer._seed = seed
        shares.append(drawer.share(UniformNegativeSampler(), 0))
    assert sum(shares) / len(shares) == pytest.approx(3 / 8, abs=0.05)


def test_a_cell_has_all_samplers(false: ModuleType) -> None:
    small = {"hidden_channels": 8, "num_timesteps": 3, "max_epochs": 1}
    settings = Settings.over({}, negatives="hard", **small)
    record = false.FalseNegatives("x", GRAPH, settings=settings, device="cpu")
    record = record.carry_out()
    check_record(record)
    assert len(record["measures"]) == 1 + len(false.RATIOS) * len(false.DECAYS)
    assert len(false.table([record]).splitlines()) == 2 + len(record["measures"])

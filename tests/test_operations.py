"""The operations that the speed benchmark counts by hand, against PyTorch's counter."""

from types import ModuleType

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from tests.benchmarks import ImportBenchmark
from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix

SIZE, BATCH = (150, 900), 100


@pytest.fixture
def operations(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("operations")


@pytest.mark.parametrize("channels", [32, 200])
@pytest.mark.parametrize("num_noise_items", [None, 300])
def test_dense_products_are_counted(
    operations: ModuleType, channels: int, num_noise_items: int | None
) -> None:
    matrix = random_matrix(*SIZE, density=0.05)
    widths = {"hidden_channels": channels, "time_channels": 2}
    model = tvdiff(*SIZE, **widths, num_noise_items=num_noise_items)
    adjacency, user = model.adjacency(pairs_of(matrix)), torch.arange(BATCH)
    with FlopCounterMode(display=False) as counter:
        model.training_loss(adjacency, user).free_energy.backward()

    edges = adjacency.user_rows.select(user).nnz
    shape = operations.Shape(
        num_users=SIZE[0],
        num_items=SIZE[1],
        num_edges=adjacency.user_rows.nnz,
        hidden_channels=channels,
        batch_size=BATCH,
        batch_edges=edges,
        num_pairs=2 * edges,
        num_noise_items=num_noise_items,
    )
    expected = sum(part.gemm for part in operations.step_parts(shape))
    assert counter.get_total_flops() == pytest.approx(expected, rel=0.05)

"""What Chebyshev's estimates leak from the smoothest band is below its limit."""

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import adjacency, as_csr
from tests.oracle import random_matrix
from tvdiff_pyg.analysis import detection_limit, frequency_response

NUM_BANDS = 9


def smooth_side(matrix: Tensor, generator: torch.Generator) -> Tensor:
    """Draw a signal on the items whose dense frequencies are all in the first band.

    On one side, each comes with its mirror image about 1.
    """
    normal = adjacency(matrix)[: matrix.size(0), matrix.size(0) :]
    _, root, vector = torch.linalg.svd(normal, full_matrices=False)
    smooth = vector[1 - root < 2 / NUM_BANDS].t()
    weight = torch.randn(smooth.size(1), 3, generator=generator, dtype=torch.float64)
    return smooth @ weight


@pytest.mark.parametrize("degree", [16, 64])
@pytest.mark.parametrize("seed", range(3))
def test_nothing_beyond_the_first_band_is_read_below_the_limit(
    seed: int, degree: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    matrix = random_matrix(60, 40, 0.1, seed)
    matrix[:, 0] = matrix[0] = 1  # Connected: one smoothest frequency.
    graph = as_csr(matrix)
    source = None, torch.randn(40, 8, generator=generator, dtype=torch.float64)
    result = None, smooth_side(matrix, generator)
    exact, read = (
        frequency_response(source, result, graph, NUM_BANDS, method, degree)
        for method in ("exact", "chebyshev")
    )
    far = slice(2, NUM_BANDS // 2 + 1)
    assert exact[far].nan_to_num().abs().max() < 1e-12 * exact[0]
    limit = detection_limit(source, graph, NUM_BANDS, degree)
    assert limit[:2].isnan().all()
    share = (read / read[0])[far]
    assert (share <= limit[far] * (1 + 1e-9)).all()
    # And a limit, not just any large number: within two orders of magnitude.
    assert (share > limit[far] / 100).all()


def test_both_sides() -> None:
    generator = torch.Generator().manual_seed(0)
    matrix = random_matrix(60, 40, 0.2)
    graph = as_csr(matrix)
    degree = [matrix.sum(dim=dim, keepdim=True).sqrt() for dim in (1, 0)]
    smoothest = degree[0], degree[1].t()
    source = tuple(
        torch.randn(size, 8, generator=generator, dtype=torch.float64)
        for size in matrix.shape
    )
    read = frequency_response(source, smoothest, graph, NUM_BANDS, degree=64)
    limit = detection_limit(source, graph, NUM_BANDS, degree=64)
    assert (read / read[0] <= limit * (1 + 1e-9))[2:].all()

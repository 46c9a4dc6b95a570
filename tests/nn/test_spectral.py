"""The spectral start against a dense singular value decomposition."""

import pytest
import torch

from tests.builders import tvdiff
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.nn import AnisotropicDenoiser, MLPDenoiser, spectral_embedding
from tvdiff_pyg.sparse import CSR


@pytest.fixture
def rows() -> CSR:
    graph = SyntheticBipartite(40, 30, 300, seed=3)[0]
    return CSR.from_edge_index(graph.train_index, (graph.num_users, graph.num_items))


def dense_svd(rows: CSR) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    dense = torch.zeros(rows.num_rows, rows.num_cols)
    dense[rows.row(), rows.col] = 1
    user, item = dense.sum(1).clamp(min=1), dense.sum(0).clamp(min=1)
    scaled = dense * user.rsqrt().unsqueeze(1) * item.rsqrt()
    left, value, right = torch.linalg.svd(scaled, full_matrices=False)
    return left * value, right.t(), item


def test_the_embeddings_span_the_leading_singular_vectors(rows: CSR) -> None:
    rank = 6
    user, item = spectral_embedding(rows, channels=8, rank=rank)
    left, right, degree = dense_svd(rows)
    assert user.shape == (rows.num_rows, 8) and item.shape == (rows.num_cols, 8)
    # Inner products do not see the rotation, nor the signs of singular vectors.
    left = torch.nn.functional.normalize(left, dim=0)[:, :rank]
    right = right[:, :rank] / degree.sqrt().unsqueeze(1)
    assert torch.allclose(user @ user.t(), left @ left.t(), atol=1e-3)
    assert torch.allclose(user @ item.t(), left @ right.t(), atol=1e-3)


def test_more_channels_than_there_are_directions(rows: CSR) -> None:
    user, item = spectral_embedding(rows, channels=50)
    assert torch.linalg.matrix_rank(user) <= rows.num_cols
    assert user.isfinite().all() and item.isfinite().all()


def test_every_channel_takes_part(rows: CSR) -> None:
    user, _ = spectral_embedding(rows, channels=16, rank=2)
    assert (user.norm(dim=0) > 1e-3).all()


@pytest.mark.parametrize("rank", [0, 9])
def test_rank_out_of_range(rows: CSR, rank: int) -> None:
    with pytest.raises(ValueError, match=rf"'rank' needs .* 8 \(got {rank}\)"):
        spectral_embedding(rows, channels=8, rank=rank)


def test_a_spectral_model_ranks_before_any_training() -> None:
    """Two blocks of users and items: each user's block comes first."""
    pairs = [
        (user, item)
        for user in range(8)
        for item in range(8)
        if user // 4 == item // 4 and user % 4 != item % 4
    ]
    edge_index = torch.tensor(pairs).t()
    model = tvdiff(8, 8, hidden_channels=4, num_timesteps=2).eval()
    adjacency = model.adjacency(edge_index)
    # So few nodes have large singular vectors: keep clear of the squashing.
    model.denoiser.reset_spectral(adjacency.user_rows, scale=0.2)
    user, item = model(adjacency)
    score = user @ item.t()
    block = torch.arange(8) // 4
    same = block.unsqueeze(1) == block
    assert score[same].min() > score[~same].max()


def test_a_spectral_start_needs_a_graph_and_a_scale() -> None:
    edge_index = torch.tensor([[0, 1], [0, 1]])
    rows = CSR.from_edge_index(edge_index, (2, 2))
    with pytest.raises(ValueError, match=r"'normalization' needs .*got 'none'"):
        MLPDenoiser(2, 2, hidden_channels=2).reset_spectral(rows)
    with pytest.raises(ValueError, match=r"'scale' needs to be positive \(got 0\)"):
        AnisotropicDenoiser(2, 2, hidden_channels=2).reset_spectral(rows, scale=0)

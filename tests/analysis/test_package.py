"""What holds for all instruments."""

import pytest
import torch
from torch import Tensor

from tests.analysis.dense import GRAPHS, as_csr, sides
from tvdiff_pyg import analysis

MATRIX = GRAPHS["random with corners"]
ROWS = as_csr(MATRIX)
LATER = sides(MATRIX)[1][[0] * 6], sides(MATRIX)[1]
INSTRUMENTS = {
    "dirichlet_energy": lambda u, v: analysis.dirichlet_energy(u, v, ROWS),
    "mean_average_distance": lambda u, v: analysis.mean_average_distance(u, v, ROWS),
    "score_smoothness": lambda u, v: analysis.score_smoothness(u, v, ROWS),
    "singular_values": analysis.singular_values,
    "effective_rank": analysis.effective_rank,
    "frequency_energy": lambda u, v: analysis.frequency_energy(u, v, ROWS),
    "frequency_share": lambda u, v: analysis.frequency_share(
        u, v, ROWS, method="exact"
    ),
    "frequency_response": lambda u, v: analysis.frequency_response((u, v), LATER, ROWS),
    "detection_limit": lambda u, v: analysis.detection_limit((u, v), ROWS),
    "score_signal": lambda u, v: analysis.score_signal(u, v).abs(),
    "row_entropy": analysis.row_entropy,
    "entropy_change": lambda u, v: analysis.entropy_change(u, v, ROWS),
    "observed_energy": lambda u, v: analysis.observed_energy(u, v, ROWS, "none"),
    "occupied_energy": lambda u, v: analysis.occupied_energy(u, v, ROWS),
    "energy_change": lambda u, v: analysis.energy_change(u, v, ROWS),
    "degree_anisotropy": lambda u, v: [
        *vars(analysis.degree_anisotropy(u, v, ROWS).user).values()
    ],
}


def values_of(result: object) -> list[Tensor]:
    return [result] if isinstance(result, Tensor) else list(result)


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_instruments_neither_track_gradients_nor_change_their_inputs(
    instrument: object,
) -> None:
    user, item = sides(MATRIX)
    expected = values_of(instrument(user.clone(), item.clone()))
    watched = user.clone().requires_grad_(), item.clone().requires_grad_()
    found = values_of(instrument(*watched))
    assert not any(value.requires_grad for value in found)
    assert torch.equal(watched[0], user)
    assert torch.equal(watched[1], item)
    torch.testing.assert_close(found, expected, equal_nan=True)


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_columns_of_a_wider_matrix_do(instrument: object) -> None:
    user, item = sides(MATRIX)
    views = [torch.cat([x, x], dim=1)[:, :3] for x in (user, item)]
    assert not views[0].is_contiguous()
    found, expected = values_of(instrument(*views)), values_of(instrument(user, item))
    torch.testing.assert_close(found, expected, equal_nan=True)


def test_everything_is_exported() -> None:
    assert sorted(analysis.__all__) == analysis.__all__
    assert all(hasattr(analysis, name) for name in analysis.__all__)
    named = set(INSTRUMENTS) | {"data_entropy", "degree_alignment", "band_edges"}
    named |= {"row_probability", "interaction_signal"}
    functions = {name for name in analysis.__all__ if name.islower()}
    assert functions == named


@pytest.mark.parametrize("wider", [0, 1], ids=["user", "item"])
@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_sides_may_differ_in_precision(instrument: object, wider: int) -> None:
    narrow = [x.float() for x in sides(MATRIX)]
    mixed = [x.double() if n == wider else x for n, x in enumerate(narrow)]
    found, expected = values_of(instrument(*mixed)), values_of(instrument(*narrow))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(
            one.double(), other.double(), equal_nan=True, rtol=1e-4, atol=1e-4
        )


@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_integers_are_no_embeddings(instrument: object) -> None:
    user, item = (x.long() for x in sides(MATRIX))
    with pytest.raises(ValueError, match=r"needs to hold floating-point numbers"):
        instrument(user, item)


NO_MATRICES = {
    "modules": torch.nn.Embedding.from_pretrained,
    "arrays": lambda x: x.numpy(),
    "lists": lambda x: x.tolist(),
    "sparse": lambda x: x.to_sparse(),
    "vectors": lambda x: x[:, 0],
    "batches": lambda x: x.unsqueeze(0),
}


@pytest.mark.parametrize("kind", NO_MATRICES)
@pytest.mark.parametrize("instrument", INSTRUMENTS.values(), ids=INSTRUMENTS)
def test_embeddings_are_dense_matrices(instrument: object, kind: str) -> None:
    user, item = (NO_MATRICES[kind](x) for x in sides(MATRIX))
    message = r"' needs to be (a dense tensor \(got|of shape \[.*channels\] \(got)"
    with pytest.raises(ValueError, match=message):
        instrument(user, item)


def test_scores_are_a_matrix() -> None:
    with pytest.raises(ValueError, match=r"'score' needs to be of shape .*\(got \[3"):
        analysis.row_probability(torch.ones(3))


@pytest.mark.parametrize("name", ["dirichlet_energy", "mean_average_distance"])
def test_embeddings_have_a_channel(name: str) -> None:
    user, item = (x[:, :0] for x in sides(MATRIX))
    with pytest.raises(ValueError, match=r"needs to be of shape \[6, ch.*got \[6, 0"):
        INSTRUMENTS[name](user, item)

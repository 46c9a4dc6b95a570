"""The sinusoidal timestep embedding."""

import pytest
import torch

from tests.oracle import sinusoid
from tvdiff_pyg.nn import sinusoidal_embedding


@pytest.mark.parametrize("channels", [2, 3, 8, 64])
def test_follows_the_formula(channels: int) -> None:
    timestep = torch.tensor([0, 1, 7, 49])
    out = sinusoidal_embedding(timestep, channels)
    expected = sinusoid(timestep, channels).float()
    torch.testing.assert_close(out, expected, rtol=1e-5, atol=1e-5)


def test_it_is_as_precise_as_its_type() -> None:
    timestep = torch.tensor([0, 3, 999])
    double = sinusoidal_embedding(timestep, 6, dtype=torch.double)
    torch.testing.assert_close(double, sinusoid(timestep, 6), rtol=0, atol=1e-12)
    half = sinusoidal_embedding(timestep, 6, dtype=torch.bfloat16)
    torch.testing.assert_close(half, double.float().bfloat16(), rtol=0, atol=4e-3)
    assert half.dtype == torch.bfloat16


def test_there_is_a_cosine_and_a_sine() -> None:
    message = r"'channels' needs to be at least 2 \(got 1\)"
    with pytest.raises(ValueError, match=message):
        sinusoidal_embedding(torch.tensor([0]), 1)


def test_by_hand() -> None:
    # Frequencies 1 and 10000^(-1/2) = 0.01.
    out = sinusoidal_embedding(torch.tensor([2]), 4)
    expected = [torch.tensor(x) for x in (2.0, 0.02)]
    angles = torch.stack(expected)
    torch.testing.assert_close(out[0], torch.cat([angles.cos(), angles.sin()]))


def test_timesteps_differ() -> None:
    out = sinusoidal_embedding(torch.arange(50), 64)
    assert torch.cdist(out, out).add(torch.eye(50) * 9).min() > 0.1

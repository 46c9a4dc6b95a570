"""What FSDP2 has sharded or freed is refused in one sentence."""

import pytest
import torch

from tvdiff_pyg.diffusion import ProjectedNoise
from tvdiff_pyg.nn import AnisotropicDenoiser, MLPDenoiser
from tvdiff_pyg.sparse.sharded import check_gathered, check_held

PAIRS = torch.tensor([[0, 1], [1, 0]])
SHARDED = r"'register_fsdp_forward_method' names \(got a sharded one\)"
FREED = r"needs its memory: .* 'reshard_after_forward=False' \(got .* has freed\)"


def freed(*shape: int) -> torch.Tensor:
    x = torch.ones(*shape)
    x.untyped_storage().resize_(0)
    return x


def test_sharded_parameters() -> None:
    denoiser = AnisotropicDenoiser(2, 2, 3)
    denoiser.item_embedding.weight.full_tensor = None  # as a `DTensor` has it
    denoiser.time_lin.weight.full_tensor = None
    for call in (
        lambda: denoiser.project(PAIRS),
        lambda: denoiser.item_factor(PAIRS),
        lambda: denoiser.user_factor(torch.zeros(2, 3), 0),
        lambda: check_gathered(denoiser.item_embedding.weight),
    ):
        with pytest.raises(ValueError, match=SHARDED):
            call()


def test_freed_parameters() -> None:
    for denoiser in (
        AnisotropicDenoiser(2, 2, 3),
        AnisotropicDenoiser(2, 2, 3, normalization="none"),
        MLPDenoiser(2, 2, 3),
    ):
        with pytest.raises(ValueError, match=f"'embedding' {FREED}"):
            denoiser.item_factor(PAIRS, embedding=freed(2, 3))
        with pytest.raises(ValueError, match=f"'embedding' {FREED}"):
            denoiser.project(PAIRS, embedding=freed(2, 3))
    with pytest.raises(ValueError, match=f"'item_embedding' {FREED}"):
        ProjectedNoise(freed(5, 2))


def test_what_has_no_memory_to_free() -> None:
    check_held("x", torch.ones(2, device="meta"))
    check_held("x", torch.ones(0, 3))

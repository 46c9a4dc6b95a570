"""Two processes that train together: DDP, row-sparse gradients too, and FSDP2."""

from pathlib import Path

import pytest
import torch

from tests.toolbox.ranks import run_ranks

dist = pytest.importorskip("torch.distributed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not dist.is_available() or not dist.is_gloo_available(),
        reason="PyTorch was built without gloo",
    ),
]


def assert_ok(module: str, folder: Path, count: int) -> None:
    found = run_ranks(module, folder)
    assert len(found) == count
    wrong = [f"{name}\n{text}" for name, text in found.items() if text != "ok"]
    assert not wrong, "\n".join(wrong)


def test_data_parallel(tmp_path: Path) -> None:
    assert_ok("ddp_cases", tmp_path, 16)


@pytest.mark.skipif(
    torch.__version__ < "2.6", reason="FSDP2 is public from PyTorch 2.6 on"
)
def test_fully_sharded(tmp_path: Path) -> None:
    assert_ok("fsdp_cases", tmp_path, 38)

"""What counts as a training step, on a clock that only what is measured moves."""

import pytest
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from tvdiff_pyg.training.step_timer import StepTimer

FETCH, STEP, VALIDATION = 1.0, 10.0, 1000.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Numbers(Dataset[Tensor]):
    def __init__(self, clock: Clock, seconds: float) -> None:
        self.clock, self.seconds = clock, seconds

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> Tensor:
        self.clock.now += self.seconds
        return torch.ones(1)


class Module(pl.LightningModule):
    def __init__(self, clock: Clock) -> None:
        super().__init__()
        self.clock, self.layer = clock, nn.Linear(1, 1)

    def training_step(self, batch: Tensor) -> Tensor:
        self.clock.now += STEP
        return self.layer(batch).sum()

    def validation_step(self, batch: Tensor) -> None:
        self.clock.now += VALIDATION

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), 0.1)


@pytest.mark.parametrize("val_check_interval", [1.0, 0.25])
def test_steps_and_waits_count_and_validation_does_not(
    val_check_interval: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, timer = Clock(), StepTimer()
    monkeypatch.setattr("tvdiff_pyg.training.step_timer.perf_counter", clock)
    trainer = pl.Trainer(
        accelerator="cpu",
        max_epochs=3,
        val_check_interval=val_check_interval,
        num_sanity_val_steps=0,
        callbacks=[timer],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    train, validation = Numbers(clock, FETCH), Numbers(clock, VALIDATION)
    trainer.fit(Module(clock), DataLoader(train), DataLoader(validation))
    assert timer.step_seconds == 12 * (FETCH + STEP)

"""Callbacks that a caller gives to the trainer."""

from pathlib import Path

import pytest
import pytorch_lightning as pl
from pytorch_lightning.callbacks import Callback

from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit

GRAPH = SyntheticBipartite(60, 40, 600)[0]
SETTINGS = Settings(hidden_channels=4, num_timesteps=2, max_epochs=3)
QUIET = FitOptions(progress=False, log="none", diagnose=False)


class Watch(Callback):
    """Notes each check, and stops or gives up after some."""

    def __init__(self, most: int = 99, gives_up: bool = False) -> None:
        self.most, self.gives_up = most, gives_up
        self.seen: list[float] = []

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        self.seen.append(float(trainer.callback_metrics["validation/ndcg@20"]))
        if len(self.seen) == self.most and self.gives_up:
            raise ValueError("enough")
        trainer.should_stop |= len(self.seen) == self.most


def test_a_callback_sees_every_check(tmp_path: Path) -> None:
    watch = Watch()
    told = fit(GRAPH, SETTINGS, run=tmp_path / "run", options=QUIET, callbacks=[watch])
    assert len(watch.seen) == 3
    assert max(watch.seen) == pytest.approx(told["validation"]["ndcg@20"])
    plain = fit(GRAPH, SETTINGS, run=tmp_path / "plain", options=QUIET)
    assert plain["validation"] == told["validation"]


def test_a_callback_can_stop_a_training(tmp_path: Path) -> None:
    told = fit(
        GRAPH, SETTINGS, run=tmp_path / "run", options=QUIET, callbacks=[Watch(2)]
    )
    assert told["epochs"] == 2 and told["finished"]


def test_what_a_callback_raises_comes_out(tmp_path: Path) -> None:
    watch = Watch(1, gives_up=True)
    with pytest.raises(ValueError, match="enough"):
        fit(GRAPH, SETTINGS, run=tmp_path / "run", options=QUIET, callbacks=[watch])
    assert not RunFolder(tmp_path / "run").metrics_file.exists()

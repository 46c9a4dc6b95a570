"""Runs that are cut off, and what is compared of runs."""

import csv
import math
from pathlib import Path
from typing import Any

import pytest
import torch

from tvdiff_pyg.training import RecommenderModule, RunFolder

SAMPLED = {"engine": "sampled", "num_neighbors": 4, "num_pool": 30}
SHARE = {"linear_share": 0.3, "choose_linear_share": True}


class PowerCutError(Exception):
    """Stands for whatever ends a process."""


def cut_off(monkeypatch: pytest.MonkeyPatch, epoch: int) -> None:
    """End training in the middle of an epoch, counted from 0."""
    step = RecommenderModule.training_step

    def last_step(self: RecommenderModule, batch: Any, batch_idx: int) -> torch.Tensor:
        if self.current_epoch == epoch and batch_idx == 1:
            raise PowerCutError
        return step(self, batch, batch_idx)

    monkeypatch.setattr(RecommenderModule, "training_step", last_step)


def plain(value: Any) -> Any:
    """Make checkpoints comparable: tensors as lists, and nothing of clocks or paths."""
    if isinstance(value, torch.Tensor):
        return value.to_dense().tolist()
    if isinstance(value, dict):
        skipped = ("path", "models", "Timer", "metrics", "current_score")
        return {
            name: plain(one)
            for name, one in value.items()
            if not str(name).endswith(skipped)
        }
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    # What is no number, a rank that was not measured, does not equal itself.
    return "nan" if isinstance(value, float) and math.isnan(value) else value


def state(run: Path) -> dict[str, Any]:
    saved = torch.load(RunFolder(run).last_checkpoint, weights_only=True)
    # How far Lightning's own loops counted batches of a check makes no difference.
    return plain({name: one for name, one in saved.items() if name != "loops"})


def curves(run: Path) -> dict[tuple[str, str], str]:
    """Return what was logged, by step and name; a later version takes precedence."""
    logged = {}
    for file in sorted(run.glob("logs/*/metrics.csv")):
        with file.open() as rows:
            for row in csv.DictReader(rows):
                values = {name: value for name, value in row.items() if value}
                logged.update({(row["step"], n): v for n, v in values.items()})
    return logged

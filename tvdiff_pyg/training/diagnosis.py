"""Diagnosis while training: names what goes wrong, says why, and what to try."""

import math
from dataclasses import asdict
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from tvdiff_pyg.analysis import effective_rank
from tvdiff_pyg.metrics.monitor import cut_off
from tvdiff_pyg.training.collectives import mean_of_processes
from tvdiff_pyg.training.curves import Curves
from tvdiff_pyg.training.module import TRAINED, RecommenderModule
from tvdiff_pyg.training.signatures import DETECTORS, Finding

# A sample tells a rank of 1 from others, at a cost that no graph enlarges.
SAMPLED_USERS, SAMPLED_ITEMS = 128, 512
# A handful of users may well like the same.
MIN_USERS = 8


class DiagnosisWarning(UserWarning):
    """A training run shows a known failure signature."""


class Diagnosis(pl.Callback):
    """Watches the curves of a run for the failure signatures of TV-Diff.

    Each signature is warned of once, as a :class:`DiagnosisWarning`, and kept in
    ``findings``. Nothing random is drawn and no weight is touched: training is the
    same with it and without.

    Example:
        >>> Diagnosis().findings
        []
    """

    def __init__(self) -> None:
        self.curves = Curves()
        self.findings: list[Finding] = []

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """Keep the loss of the first batch, computed before the first step."""
        if trainer.global_step == 1:
            self.curves.start = float(mean_of_processes(outputs["loss"]))

    def on_validation_epoch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Measure the effective rank of scores, before the scorer is dropped."""
        assert isinstance(pl_module, RecommenderModule)
        self.curves.rank.append(_sampled_rank(pl_module))

    def on_validation_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Read the recall of the check."""
        assert isinstance(pl_module, RecommenderModule)
        self.curves.cut = cut_off(pl_module.monitor)
        name = f"{pl_module.task.name}/recall@{self.curves.cut}"
        self.curves.recall.append(float(trainer.callback_metrics[name]))

    def on_train_epoch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule
    ) -> None:
        """Read the losses of the epoch, and look for signatures not yet found."""
        assert isinstance(pl_module, RecommenderModule)
        curves, metrics = self.curves, trainer.callback_metrics
        curves.epoch = trainer.current_epoch + 1
        for name in TRAINED:
            getattr(curves, name).append(float(metrics[name]))
        found = {finding.name for finding in self.findings}
        for name, detect in DETECTORS.items():
            finding = None if name in found else detect(curves, pl_module.settings)
            if finding is not None:
                self.findings.append(finding)
                rank_zero_warn(
                    f"epoch {finding.epoch}: {finding.message}",
                    category=DiagnosisWarning,
                )

    def state_dict(self) -> dict[str, Any]:
        """Return the curves and findings, as plain values."""
        findings = [asdict(finding) for finding in self.findings]
        return {"curves": asdict(self.curves), "findings": findings}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        self.curves = Curves(**state_dict["curves"])
        self.findings = [Finding(**finding) for finding in state_dict["findings"]]


@torch.no_grad()
def _sampled_rank(module: RecommenderModule) -> float:
    """Compute the effective rank of the scores of some users for some items."""
    assert module.scorer is not None
    scorer, user = module.scorer.factors, _spread(module.task.user, SAMPLED_USERS)
    if scorer is None or user.numel() < MIN_USERS or scorer.item_factor.size(1) == 1:
        return math.nan
    items = scorer.item_factor
    item = _spread(torch.arange(items.size(0), device=items.device), SAMPLED_ITEMS)
    score = scorer.known(user) @ items[item].t()
    if not score.isfinite().all():
        return math.nan
    return float(effective_rank(score.t())) if score.any() else 1.0


def _spread(index: Tensor, size: int) -> Tensor:
    """Pick evenly, which needs no random number."""
    # In double precision, for single rounds large numbers past the end.
    end, steps = index.numel() - 1, min(size, index.numel())
    step = torch.linspace(0, end, steps, dtype=torch.float64)
    return index[step.long().to(index.device)]

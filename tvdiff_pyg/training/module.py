"""How a model trains and validates, for pytorch-lightning."""

from collections.abc import Sequence
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.evaluation import EvaluationTask, rank_batch
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.metrics import DEFAULT_KS, MONITOR
from tvdiff_pyg.models import Model, Scorer
from tvdiff_pyg.models.foreign import checked_loss
from tvdiff_pyg.sampled import HistoricalSums
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.collectives import mean_of_processes, of_all_processes
from tvdiff_pyg.training.datamodule import Batch
from tvdiff_pyg.training.lazy_adam import LazyAdam
from tvdiff_pyg.training.random_state import random_state, restore_random_state
from tvdiff_pyg.training.settings import Settings

#: What a step logs, and its means over the epoch are kept by.
TRAINED = ("loss", "energy", "entropy")


class RecommenderModule(pl.LightningModule):
    """Trains a model on one graph and validates it by full ranking.

    Logs ``loss``, ``energy`` and ``entropy``, and each metric of the task as
    ``validation/ndcg@20`` (``test/ndcg@20`` under the protocol ``paper``).

    Args:
        model: The model, which learns by gradients.
        adjacency: The training graph.
        task: What to validate on.
        settings: The settings of the model and of its training.
        ks: Cut-offs of the metrics. (default: ``(10, 20)``)
        monitor: The metric that a progress bar shows. (default: ``"ndcg@20"``)

    Attributes:
        scorer: What validation ranks with; ``None`` outside of it.
    """

    def __init__(
        self,
        model: Model,
        adjacency: BipartiteAdjacency,
        task: EvaluationTask,
        settings: Settings,
        ks: Sequence[int] = DEFAULT_KS,
        monitor: str = MONITOR,
    ) -> None:
        super().__init__()
        self.model = model
        self.adjacency = adjacency
        self.task = task
        self.settings = settings
        self.monitor = monitor
        self.metrics = task.metrics(ks)
        rows = adjacency.user_rows
        # As plain values: the checkpoint loads with weights_only=True.
        self.save_hyperparameters(settings.rebuilding(rows.num_rows, rows.num_cols))
        self.scorer: Scorer[Any] | None = None
        self.history: HistoricalSums | None = None

    def on_fit_start(self) -> None:
        """Bring the graph to where the model is."""
        self.adjacency = self.adjacency.to(self.device)
        self.task = self.task.to(self.device)

    def training_step(self, batch: Batch | HeteroData, batch_idx: int) -> Tensor:
        """Compute the free energy of a batch of users or interactions."""
        if isinstance(batch, HeteroData):
            loss = self._sampled_loss(batch, batch_idx)
            (seeds,) = batch.input_id_dict.values()
            num_rows = seeds.numel()
        else:
            loss = self.model.training_loss(self.adjacency, *batch)
            num_rows = batch[0].numel()
        loss = checked_loss(loss, self.model)
        trained = loss.free_energy, loss.energy, loss.entropy
        values = dict(zip(TRAINED, trained, strict=True))
        # Curves get them from `EpochCurves`. Were rows a whole number, Lightning would
        # round their mean over the processes.
        self.log_dict(
            values,
            prog_bar=True,
            logger=False,
            on_step=False,
            on_epoch=True,
            batch_size=float(num_rows),  # type: ignore[arg-type]
            sync_dist=True,
        )
        return self._weighed(loss.free_energy, num_rows)

    def _sampled_loss(self, batch: HeteroData, batch_idx: int) -> FreeEnergy:
        every = self.settings.training.refresh_every
        if every == 0:
            return self.model.sampled_loss(self.adjacency, batch)
        # From the start of an epoch, so that a resumed run passes at the same steps.
        if batch_idx % every == 0:
            # The last pass goes first: a machine may not hold both.
            self.history = None
            self.history = self.model.historical_sums(self.adjacency)
        return self.model.sampled_loss(self.adjacency, batch, history=self.history)

    def _weighed(self, loss: Tensor, num_rows: int) -> Tensor:
        """Weigh a loss so that its mean over the processes is that over all rows."""
        rows = torch.tensor(float(num_rows), device=self.device)
        return loss * (rows / mean_of_processes(rows))

    def on_validation_epoch_start(self) -> None:
        """Prepare the model once."""
        self.metrics.reset()
        self.scorer = self.model.scorer(self.adjacency)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Rank all items for a batch of users."""
        (user,) = batch
        assert self.scorer is not None
        # Half precision ties neighbouring ranks, so ranking never uses it.
        with torch.autocast(self.device.type, enabled=False):
            rank_batch(self.scorer, self.task, user, self.metrics)

    def on_validation_epoch_end(self) -> None:
        """Log the metrics."""
        self.scorer = None
        for name, value in self.metrics.compute().items():
            # torchmetrics has already reduced over the processes.
            shown = name == self.monitor
            self.log(f"{self.task.name}/{name}", value, prog_bar=shown)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam in one fused kernel, or lazy Adam for row-sparse gradients."""
        training = self.settings.training
        learned = [p for p in self.parameters() if p.requires_grad]
        if self.settings.model.sparse_grad:
            return LazyAdam(learned, lr=training.learning_rate)
        return torch.optim.Adam(
            learned,
            lr=training.learning_rate,
            weight_decay=training.weight_decay,
            fused=True,
        )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Keep the random states, so that a resumed run goes on as the same run.

        And what the last check has measured, so that an interrupted run can tell.
        """
        checkpoint["random_state"] = of_all_processes(random_state())
        checkpoint["metrics"] = {
            name.removeprefix(f"{self.task.name}/"): float(value)
            for name, value in self.trainer.callback_metrics.items()
            if name.startswith(f"{self.task.name}/")
        }

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the random state of this process, unless it is one more than then."""
        states = checkpoint["random_state"]
        if self.global_rank < len(states):
            restore_random_state(states[self.global_rank])

"""How a model trains and validates, for pytorch-lightning."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.evaluation import EvaluationTask, rank_batch
from tvdiff_pyg.models import Model, Scorer
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.datamodule import Batch
from tvdiff_pyg.training.lazy_adam import LazyAdam
from tvdiff_pyg.training.settings import Settings


class RecommenderModule(pl.LightningModule):
    """Trains a model on one graph and validates it by full ranking.

    Logs ``loss``, ``energy`` and ``entropy``, and each metric of the task as
    ``validation/ndcg@20`` (``test/ndcg@20`` under the protocol ``paper``).

    Args:
        model: The model, which learns by gradients.
        adjacency: The training graph.
        task: What to validate on.
        settings: The settings of the model and of its training.

    Attributes:
        scorer: What validation ranks with; ``None`` outside of it.
    """

    def __init__(
        self,
        model: Model,
        adjacency: BipartiteAdjacency,
        task: EvaluationTask,
        settings: Settings,
    ) -> None:
        super().__init__()
        self.model = model
        self.adjacency = adjacency
        self.task = task
        self.settings = settings
        self.metrics = task.metrics()
        rows = adjacency.user_rows
        # As plain values: the checkpoint loads with weights_only=True.
        self.save_hyperparameters(settings.rebuilding(rows.num_rows, rows.num_cols))
        self.scorer: Scorer[Any] | None = None

    def on_fit_start(self) -> None:
        """Bring the graph to where the model is."""
        self.adjacency = self.adjacency.to(self.device)
        self.task = self.task.to(self.device)

    def training_step(self, batch: Batch | HeteroData, batch_idx: int) -> Tensor:
        """Compute the free energy of a batch of users or interactions."""
        if isinstance(batch, HeteroData):
            loss = self.model.sampled_loss(self.adjacency, batch)
            num_rows = batch["user"].num_sampled_nodes[0]
        else:
            loss = self.model.training_loss(self.adjacency, *batch)
            num_rows = batch[0].numel()
        values = {"loss": loss.free_energy, "energy": loss.energy}
        values["entropy"] = loss.entropy
        self.log_dict(
            values, prog_bar=True, on_step=False, on_epoch=True, batch_size=num_rows
        )
        return loss.free_energy

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
            self.log(f"{self.task.name}/{name}", value, prog_bar=name == "ndcg@20")

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
        """Keep the random state, so that a resumed run goes on as the same run."""
        checkpoint["rng_state"] = torch.get_rng_state()
        checkpoint["cuda_rng_state"] = torch.cuda.get_rng_state_all()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        """Restore the random state."""
        torch.set_rng_state(checkpoint["rng_state"].cpu())
        cuda_state = checkpoint["cuda_rng_state"]
        if len(cuda_state) == torch.cuda.device_count():
            torch.cuda.set_rng_state_all([state.cpu() for state in cuda_state])

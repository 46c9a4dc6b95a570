"""How TV-Diff and the baselines train and validates, for pytorch-lightning."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.evaluation import EvaluationTask, RankingMetrics
from tvdiff_pyg.models import (
    FactorModel,
    ItemItemModel,
    ItemSide,
    LinearBlend,
    TrainableModel,
    TVDiff,
)
from tvdiff_pyg.models.reference import dense_scores
from tvdiff_pyg.ranking import Ranker, rank_scores
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.datamodule import Batch
from tvdiff_pyg.training.lazy_adam import LazyAdam
from tvdiff_pyg.training.settings import Settings


class TVDiffModule(pl.LightningModule):
    """Trains a model on one graph and validates it by full ranking.

    Logs ``loss``, ``energy`` and ``entropy``, and each metric of the task as
    ``validation/ndcg@20`` (``test/ndcg@20`` under the protocol ``paper``).

    Args:
        model: The model.
        adjacency: The training graph.
        task: What to validate on.
        settings: The training settings.
        linear: The linear item model whose scores are added, fitted; neither trained
            nor saved with the weights. (default: ``None``)

    Attributes:
        items: The item side that validation ranks with; ``None`` outside of it.
    """

    def __init__(
        self,
        model: TrainableModel,
        adjacency: BipartiteAdjacency,
        task: EvaluationTask,
        settings: Settings,
        linear: ItemItemModel | None = None,
    ) -> None:
        super().__init__()
        self.model = model
        self.adjacency = adjacency
        self.task = task
        self.settings = settings
        self.metrics = RankingMetrics(task.popularity)
        size = {"num_users": model.num_users, "num_items": model.num_items}
        # All that rebuilds the model, as plain values: loads with weights_only=True.
        self.save_hyperparameters(
            {**size, "model": settings.model, **settings.model_kwargs()}
        )
        self.items: ItemSide | None = None
        self._ranker: Ranker | None = None
        # In a tuple it is no part of the module.
        self._linear = (linear,)

    @property
    def scorer(self) -> FactorModel:
        """The model that ranks, blended with the linear one if there is one."""
        (linear,) = self._linear
        if linear is None:
            return self.model
        return LinearBlend(self.model, linear, self.settings.linear_share)

    def on_fit_start(self) -> None:
        """Bring the graph to where the model is."""
        self.adjacency = self.adjacency.to(self.device)
        self.task = self.task.to(self.device)
        for linear in filter(None, self._linear):
            linear.to(self.device)

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
        """Compute the item side once."""
        self.metrics.reset()
        scorer = self.scorer
        self.items = scorer.encode_items(self.adjacency)
        self._ranker = scorer.ranker(self.items)

    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        """Rank all items for a batch of users."""
        (user,) = batch
        # Half precision ties neighbouring ranks, so ranking never uses it.
        with torch.autocast(self.device.type, enabled=False):
            item = self._rank(user)
        self.metrics.update(item, self.task.label.select(user))

    def on_validation_epoch_end(self) -> None:
        """Log the metrics."""
        self.items = self._ranker = None
        for name, value in self.metrics.compute().items():
            # torchmetrics has already reduced over the processes.
            self.log(f"{self.task.name}/{name}", value, prog_bar=name == "ndcg@20")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Return Adam in one fused kernel, or lazy Adam for row-sparse gradients."""
        if self.settings.sparse_grad:
            return LazyAdam(self.parameters(), lr=self.settings.learning_rate)
        return torch.optim.Adam(
            self.parameters(),
            lr=self.settings.learning_rate,
            weight_decay=self.settings.weight_decay,
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

    def _rank(self, user: Tensor) -> Tensor:
        assert self.items is not None and self._ranker is not None
        seen, k = self.task.seen.select(user), max(self.metrics.ks)
        if not self.settings.score_with_dropout:
            factor = self.scorer.user_factors(self.adjacency, user, self.items)
            return self._ranker.search(factor, k, seen)[1]
        assert isinstance(self.model, TVDiff)  # only it has a dense reference
        history = self.adjacency.user_rows.select(user)
        self.model.train()
        score = dense_scores(self.model, history, self.items)
        self.model.eval()
        return rank_scores(score, k, seen)[1]

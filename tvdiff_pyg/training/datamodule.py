"""Batches of users or of interactions, for the trainer."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tvdiff_pyg.children import share_sockets
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.sampled.loader import loader_of
from tvdiff_pyg.sampled.pool import PoolSampler
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.batches import EpochOrder, OwnBatches, SharedBatches
from tvdiff_pyg.training.settings import Settings

Batch = tuple[Tensor, ...]


class TensorRows(Dataset[Batch]):
    """Rows of aligned tensors, fetched a whole batch at a time.

    Args:
        *tensors: Tensors of equal first dimension.
    """

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return self.tensors[0].size(0)

    def __getitem__(self, index: int) -> Batch:
        return tuple(tensor[index] for tensor in self.tensors)

    def __getitems__(self, indices: list[int]) -> Batch:
        """Fetch a batch by one index operation; called by PyTorch's fetcher."""
        index = torch.tensor(indices, dtype=torch.long)
        return tuple(tensor[index] for tensor in self.tensors)


def _identity(batch: Any) -> Any:
    return batch


class InteractionDataModule(pl.LightningDataModule):
    """Serves training and evaluation batches.

    With the exact engine a batch is only which users or pairs to read, for the graph
    itself stays on the device; with the sampled engine it carries its neighbours. Of
    several processes each gets its part of every batch, see
    :class:`~tvdiff_pyg.training.batches.SharedBatches`; a trainer of your own needs
    ``use_distributed_sampler=False``.

    Args:
        graph: The interactions.
        adjacency: The same interactions as the model reads them, on the CPU.
        task: What to validate on.
        settings: The training settings.
        num_workers: Processes that sample batches ahead; the exact engine has nothing
            for them to do. (default: ``0``)
        eval_batch_size: Users in an evaluation batch. (default: ``2048``)
        seed: Seed of the order of the batches. (default: ``0``)
    """

    def __init__(
        self,
        graph: BipartiteGraph,
        adjacency: BipartiteAdjacency,
        task: EvaluationTask,
        settings: Settings,
        num_workers: int = 0,
        eval_batch_size: int = 2048,
        seed: int = 0,
    ) -> None:
        super().__init__()
        pairs = graph.train_index
        over_interactions = settings.training.over_interactions(settings.model)
        self.index = pairs if over_interactions else pairs[0].unique()
        self.adjacency = adjacency
        self.eval_rows = TensorRows(task.user)
        self.settings = settings
        self.num_workers = num_workers
        self.eval_batch_size = eval_batch_size
        self.seed = seed

    def train_dataloader(self) -> DataLoader[Any]:
        """Return shuffled training batches."""
        training = self.settings.training
        # An epoch of a resumed run has the order that it would have had; workers read
        # it before Lightning sets the epoch.
        trainer = self.trainer
        epoch = 0 if trainer is None else trainer.fit_loop.epoch_progress.current.ready
        num_rows = self.index.size(-1)
        batches = self.shared(num_rows, training.batch_size, self.seed, epoch)
        # Workers that outlived an epoch would not be those of a resumed run.
        if training.engine == "sampled":
            if self.num_workers > 0:
                share_sockets()
            return loader_of(
                self._sampler(),
                self.adjacency,
                self.index,
                batch_sampler=batches,
                num_workers=self.num_workers,
                pin_memory=torch.cuda.is_available(),
            )
        rows = (
            TensorRows(*self.index) if self.index.dim() == 2 else TensorRows(self.index)
        )
        return DataLoader(rows, batch_sampler=batches, collate_fn=_identity)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the users to validate on, each of them once."""
        batches = self.shared(len(self.eval_rows), self.eval_batch_size)
        return DataLoader(self.eval_rows, batch_sampler=batches, collate_fn=_identity)

    def _sampler(self) -> PoolSampler:
        """Return what draws the batches of the sampled engine."""
        training, num_layers = self.settings.training, self.settings.model.num_layers
        caps = training.num_neighbors, training.num_pool
        return PoolSampler(self.adjacency, *caps, num_layers)

    def shared(
        self, num_rows: int, batch_size: int, seed: int | None = None, epoch: int = 0
    ) -> SharedBatches | OwnBatches:
        """Batch rows, each of which one process of the trainer reads.

        Args:
            num_rows: Rows that this process knows.
            batch_size: Rows in a batch, those of all processes together.
            seed: Seed of their order, as for
                :class:`~tvdiff_pyg.training.batches.EpochOrder`. (default: ``None``)
            epoch: The epoch. (default: ``0``)
        """
        order = EpochOrder(num_rows, seed, epoch)
        if self.trainer is None:
            return SharedBatches(order, batch_size)
        rank, world_size = self.trainer.global_rank, self.trainer.world_size
        return SharedBatches(order, batch_size, rank, world_size)

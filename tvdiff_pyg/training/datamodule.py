"""Batches of users or of interactions, for the trainer."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask

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
        index = torch.tensor(indices)
        return tuple(tensor[index] for tensor in self.tensors)


def _identity(batch: Any) -> Any:
    return batch


class InteractionDataModule(pl.LightningDataModule):
    """Serves training and evaluation batches as index tensors.

    The graph itself stays on the device; a batch is only which rows to read.

    Args:
        graph: The interactions.
        task: What to validate on.
        over_interactions: Batches of (user, item) pairs instead of users.
        batch_size: Rows in a training batch. (default: ``2048``)
        eval_batch_size: Users in an evaluation batch. (default: ``4096``)
    """

    def __init__(
        self,
        graph: BipartiteGraph,
        task: EvaluationTask,
        over_interactions: bool,
        batch_size: int = 2048,
        eval_batch_size: int = 4096,
    ) -> None:
        super().__init__()
        user, item = graph.train_index
        rows = (user, item) if over_interactions else (user.unique(),)
        self.train_rows = TensorRows(*rows)
        self.eval_rows = TensorRows(task.user)
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size

    def train_dataloader(self) -> DataLoader[Batch]:
        """Return shuffled training batches."""
        return DataLoader(
            self.train_rows, self.batch_size, shuffle=True, collate_fn=_identity
        )

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the users to validate on."""
        return DataLoader(self.eval_rows, self.eval_batch_size, collate_fn=_identity)

"""Batches of users or of interactions, for the trainer."""

from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency
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
        index = torch.tensor(indices)
        return tuple(tensor[index] for tensor in self.tensors)


def _identity(batch: Any) -> Any:
    return batch


class InteractionDataModule(pl.LightningDataModule):
    """Serves training and evaluation batches.

    With the exact engine a batch is only which users or pairs to read, for the graph
    itself stays on the device; with the sampled engine it carries its neighbours.

    Args:
        graph: The interactions.
        adjacency: The same interactions as the model reads them, on the CPU.
        task: What to validate on.
        settings: The training settings.
        num_workers: Processes that sample batches ahead; the exact engine has nothing
            for them to do. (default: ``0``)
        eval_batch_size: Users in an evaluation batch. (default: ``2048``)
    """

    def __init__(
        self,
        graph: BipartiteGraph,
        adjacency: BipartiteAdjacency,
        task: EvaluationTask,
        settings: Settings,
        num_workers: int = 0,
        eval_batch_size: int = 2048,
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

    def train_dataloader(self) -> DataLoader[Any]:
        """Return shuffled training batches."""
        training = self.settings.training
        if training.engine == "sampled":
            return neighbor_loader(
                self.adjacency,
                self.index,
                training.num_neighbors,
                training.num_pool,
                self.settings.model.num_layers,
                batch_size=training.batch_size,
                shuffle=True,
                num_workers=self.num_workers,
                persistent_workers=self.num_workers > 0,
                pin_memory=torch.cuda.is_available(),
            )
        rows = (
            TensorRows(*self.index) if self.index.dim() == 2 else TensorRows(self.index)
        )
        return DataLoader(rows, training.batch_size, shuffle=True, collate_fn=_identity)

    def val_dataloader(self) -> DataLoader[Batch]:
        """Return the users to validate on."""
        return DataLoader(self.eval_rows, self.eval_batch_size, collate_fn=_identity)

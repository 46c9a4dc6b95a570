"""Batches of which each process reads the rows of its own users."""

from tvdiff_pyg.training.batches import EpochOrder, OwnBatches, SharedBatches
from tvdiff_pyg.training.collectives import of_all_processes
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.partitioned.pool import SharedPoolSampler


class PartitionedData(InteractionDataModule):
    """Serves each process the rows of its own users, in the order of one process.

    Rows are sorted by user, so those of a process follow those of the one before.
    """

    @property
    def _rank(self) -> int:
        return 0 if self.trainer is None else self.trainer.global_rank

    def _sampler(self) -> SharedPoolSampler:
        """Return what draws the same items in all processes."""
        training = self.settings.training
        caps = training.num_neighbors, training.num_pool
        return SharedPoolSampler(self.adjacency, *caps, is_first=self._rank == 0)

    def shared(
        self, num_rows: int, batch_size: int, seed: int | None = None, epoch: int = 0
    ) -> SharedBatches | OwnBatches:
        """Number the rows of all processes as one would, and batch them; all ask."""
        counts = of_all_processes(num_rows)
        first = sum(counts[: self._rank])
        order = EpochOrder(sum(counts), seed, epoch)
        return OwnBatches(order, batch_size, first, first + num_rows)

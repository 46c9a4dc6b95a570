"""Which rows a batch holds, and which of them each of several processes reads."""

from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import Sampler

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.training.random_state import stream_seed


class EpochOrder:
    """All rows, in an order that seed and epoch alone decide.

    So all processes draw the same order, however many there are, and so does a run
    that goes on after that epoch.

    Args:
        num_rows: Number of rows.
        seed: Seed of all orders; if ``None``, rows keep the order that they have.
            (default: ``None``)
        epoch: The epoch, from 0; Lightning sets each further one. (default: ``0``)

    Example:
        >>> EpochOrder(4).rows().tolist()
        [0, 1, 2, 3]
        >>> EpochOrder(4, seed=1).rows().sort().values.tolist()
        [0, 1, 2, 3]
    """

    def __init__(self, num_rows: int, seed: int | None = None, epoch: int = 0) -> None:
        self.num_rows = num_rows
        self.seed = seed
        self.epoch = epoch

    def set_epoch(self, epoch: int) -> None:
        """Go on to an epoch."""
        self.epoch = epoch

    def rows(self) -> Tensor:
        """Return the rows in their order, long, of shape ``[num_rows]``."""
        if self.seed is None:
            return torch.arange(self.num_rows)
        generator = torch.Generator().manual_seed(stream_seed(self.seed, self.epoch))
        return torch.randperm(self.num_rows, generator=generator)


class SharedBatches(Sampler[list[int]]):
    """Batches of rows, of each of which every process reads a part of its own.

    Each row is read by one process, once in an epoch, and nothing is padded: the parts
    of a batch differ by one row at most, and the last batch may have none for some.
    All processes see as many batches, so that none waits for another.

    Args:
        sampler: The rows in their order.
        batch_size: Rows in a batch, at least 1: those of all processes together.
        rank: This process, from 0. (default: ``0``)
        world_size: How many processes there are, at least 1. (default: ``1``)

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> order = EpochOrder(5)
        >>> list(SharedBatches(order, 4, rank=0, world_size=2))
        [[0, 2], [4]]
        >>> list(SharedBatches(order, 4, rank=1, world_size=2))
        [[1, 3], []]
    """

    def __init__(
        self, sampler: EpochOrder, batch_size: int, rank: int = 0, world_size: int = 1
    ) -> None:
        check_integer("batch_size", batch_size, low=1)
        check_integer("world_size", world_size, low=1)
        check_integer("rank", rank, low=0, high=world_size - 1)
        # By this name, Lightning finds it to set the epoch.
        self.sampler = sampler
        self.batch_size = batch_size
        self.rank = rank
        self.world_size = world_size

    def __iter__(self) -> Iterator[list[int]]:
        rows = self.sampler.rows()
        for start in range(0, self.sampler.num_rows, self.batch_size):
            batch = rows[start : start + self.batch_size]
            yield batch[self.rank :: self.world_size].tolist()

    def __len__(self) -> int:
        return -(-self.sampler.num_rows // self.batch_size)


class OwnBatches(Sampler[list[int]]):
    """Batches of rows, of each of which every process reads those that it holds.

    A batch has the rows that it has with one process, and each of them is read by the
    process that holds it. So the parts of a batch may differ in size, and some may be
    empty; all processes see as many batches.

    Args:
        sampler: The rows of all processes in their order.
        batch_size: Rows in a batch, at least 1: those of all processes together.
        first: The first row that this process holds, at least 0.
        last: The row after those, at most as many as there are.

    Raises:
        ValueError: If a number is out of range.

    Example:
        >>> list(OwnBatches(EpochOrder(5), 4, first=0, last=2))
        [[0, 1], []]
        >>> list(OwnBatches(EpochOrder(5), 4, first=2, last=5))
        [[0, 1], [2]]
    """

    def __init__(
        self, sampler: EpochOrder, batch_size: int, first: int, last: int
    ) -> None:
        check_integer("batch_size", batch_size, low=1)
        check_integer("last", last, low=0, high=sampler.num_rows)
        check_integer("first", first, low=0, high=last)
        # By this name, Lightning finds it to set the epoch.
        self.sampler = sampler
        self.batch_size = batch_size
        self.first = first
        self.last = last

    def __iter__(self) -> Iterator[list[int]]:
        for batch in self._own():
            yield batch.tolist()

    def _own(self) -> tuple[Tensor, ...]:
        """Return the own rows of each batch; those of others are not kept."""
        rows = self.sampler.rows()
        place = ((rows >= self.first) & (rows < self.last)).nonzero().view(-1)
        sizes = torch.bincount(place // self.batch_size, minlength=len(self))
        return (rows[place] - self.first).split(sizes.tolist())

    def __len__(self) -> int:
        return -(-self.sampler.num_rows // self.batch_size)

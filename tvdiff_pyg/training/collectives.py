"""What the processes of a training tell each other: alone, a process tells itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

Plain = TypeVar("Plain")


class ProcessLostError(RuntimeError):
    """A process of a training has ended before the training has."""


@contextmanager
def processes_lost() -> Iterator[None]:
    """Say it in a sentence where another process has ended, or does not answer.

    Raises:
        ProcessLostError: If so.
    """
    try:
        yield
    except ProcessLostError:
        raise
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise ProcessLostError("another process was ended") from error
        raise


def several_processes() -> bool:
    """Whether this process is one of several that train together.

    Example:
        >>> several_processes()
        False
    """
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1


def mean_of_processes(value: Tensor) -> Tensor:
    """Return the mean of a value over all processes, which all of them ask for.

    Args:
        value: This process's, of any shape; it stays as it is.

    Example:
        >>> mean_of_processes(torch.tensor(2.0))
        tensor(2.)
    """
    if not several_processes():
        return value
    total = value.detach().clone()
    dist.all_reduce(total)
    return total / dist.get_world_size()


def most_of_processes(value: Tensor) -> Tensor:
    """Return the highest value of all processes, each number by itself.

    Args:
        value: This process's, on the CPU, of the same shape in all of them, which all
            ask; it stays as it is.

    Example:
        >>> most_of_processes(torch.tensor([2, 0]))
        tensor([2, 0])
    """
    if not several_processes():
        return value
    highest = value.clone()
    dist.all_reduce(highest, dist.ReduceOp.MAX)
    return highest


class _Sum(torch.autograd.Function):
    """A sum over all processes; what they minimise is the mean of their losses."""

    @staticmethod
    def forward(ctx: Any, value: Tensor) -> Tensor:
        total = value.detach().clone(memory_format=torch.contiguous_format)
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        return mean_of_processes(grad_outputs[0].contiguous())


def sum_of_processes(value: Tensor) -> Tensor:
    r"""Return the sum of a value over all processes, which all of them ask for.

    Each goes on with the sum to a loss of its own, :math:`L_p`, and what they minimise
    together is the mean of these. So the gradient that reaches each value is the mean
    over all processes of :math:`\partial L_p / \partial \text{sum}`: the same
    collective, once more.

    Args:
        value: This process's, of the same shape in all of them; it stays as it is.

    Example:
        >>> sum_of_processes(torch.tensor(2.0))
        tensor(2.)
    """
    if not several_processes():
        return value
    total: Tensor = _Sum.apply(value)
    return total


def of_all_processes(value: Plain) -> list[Plain]:
    """Return a value of each process, by its rank, when all of them ask.

    Args:
        value: This process's, of plain values and tensors.

    Example:
        >>> of_all_processes("mine")
        ['mine']
    """
    if not several_processes():
        return [value]
    values: list[Plain | None] = [None] * dist.get_world_size()
    dist.all_gather_object(values, value)
    return values  # type: ignore[return-value]


def of_first(value: Plain) -> Plain:
    """Return the value of the first process, when all of them ask.

    Args:
        value: This process's, of plain values and tensors.

    Example:
        >>> of_first("mine")
        'mine'
    """
    if not several_processes():
        return value
    values = [value]
    dist.broadcast_object_list(values)
    return values[0]

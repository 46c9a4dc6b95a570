"""The processes that train together: how many there are, and which of them this is."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch
import torch.distributed as dist

from tvdiff_pyg.machine import Device, check_installed, resolve_device
from tvdiff_pyg.training.collectives import processes_lost, several_processes

PACKAGES = ("pytorch_lightning",)


@dataclass(frozen=True)
class Processes:
    """The processes of a training, one for each device of each machine.

    Args:
        devices: Processes on each machine, at least 1. (default: ``1``)
        num_nodes: Machines, at least 1. (default: ``1``)
        environment: Lightning's view of what has begun them, if this is one of several.
            (default: ``None``)
    """

    devices: int = 1
    num_nodes: int = 1
    # One of Lightning's, which is imported where there are several.
    environment: Any = None

    @staticmethod
    def found(devices: int | None = None, num_nodes: int | None = None) -> "Processes":
        """Return what was asked for, or what torchrun, SLURM or the like has begun.

        Args:
            devices: Processes on each machine; as many as were begun, or one, if
                ``None``. (default: ``None``)
            num_nodes: Machines, likewise. (default: ``None``)

        Raises:
            ImportError: If there are to be several, and Lightning is not installed.
            ValueError: If others were begun than were asked for, or by something else.

        Example:
            >>> Processes.found().world_size
            1
        """
        if find_spec(*PACKAGES) is None:
            # It knows what begins several, and nothing else does.
            if (devices or 1) * (num_nodes or 1) > 1:
                check_installed(PACKAGES, "working with other processes", "train")
            return Processes()
        from tvdiff_pyg.training.launchers import begun_by, world_size_of

        environment = begun_by()
        if environment is None:
            if several_processes():
                raise ValueError(
                    f"'devices' needs processes that it, torchrun or SLURM has begun "
                    f"(got a process group of {dist.get_world_size()})"
                )
            return Processes(devices or 1, num_nodes or 1)
        begun = world_size_of(environment)
        nodes = num_nodes or int(
            os.environ.get("GROUP_WORLD_SIZE") or os.environ.get("SLURM_NNODES") or 1
        )
        wanted = (devices or begun // nodes) * nodes
        if wanted != begun:
            raise ValueError(
                f"'devices' and 'num_nodes' need to make {begun} processes, as many as "
                f"were begun (got {wanted})"
            )
        return Processes(begun // nodes, nodes, environment)

    @property
    def world_size(self) -> int:
        """How many processes there are."""
        return self.devices * self.num_nodes

    @property
    def to_begin(self) -> bool:
        """Whether there are to be several that nobody has begun yet."""
        return self.world_size > 1 and self.environment is None

    @property
    def rank(self) -> int:
        """Which of them this one is, from 0; or the first of those that it begins."""
        if self.world_size == 1:
            return 0
        from tvdiff_pyg.training.launchers import rank_of

        return rank_of(self.environment, self.devices, self.num_nodes)

    @property
    def is_first(self) -> bool:
        """Whether this one alone writes and speaks."""
        return self.rank == 0

    def check_gpus(self, device: Device) -> None:
        """Raise unless each process of a machine has a GPU, if they compute on GPUs.

        Args:
            device: Where they compute.

        Raises:
            ValueError: If there are fewer.
        """
        if resolve_device(device).type != "cuda":
            return
        most = torch.cuda.device_count()
        if self.devices > most:
            raise ValueError(
                f"'devices' needs to be at most {most}, as many as there are GPUs "
                f"(got {self.devices})"
            )

    @contextmanager
    def joined(self, backend: str) -> Iterator[None]:
        """Let all of them find each other, until this one is done.

        Args:
            backend: Backend of :mod:`torch.distributed`, such as ``"gloo"``.

        Raises:
            ProcessLostError: If another one has ended meanwhile.
        """
        if self.environment is None or dist.is_initialized():
            with processes_lost():
                yield
            return
        # Some builds of PyTorch cannot.
        from tvdiff_pyg.training.meeting import next_meeting

        place = self.environment.main_address, self.environment.main_port
        rank, number = self.rank, self.world_size
        with processes_lost():
            store = next_meeting(*place, rank, number)
            dist.init_process_group(backend, store=store, rank=rank, world_size=number)
            try:
                yield
            finally:
                dist.destroy_process_group()

    def trainer_arguments(self, strategy: Callable[..., Any]) -> dict[str, Any]:
        """Return the arguments of Lightning's trainer that say all this.

        Args:
            strategy: Builds what reduces gradients, if there are several processes.
        """
        if self.environment is None:
            return {"devices": 1}
        built = strategy(
            cluster_environment=self.environment,
            process_group_backend=dist.get_backend(),
            # All buffers are constants.
            broadcast_buffers=False,
            # No copy of each gradient on its way.
            gradient_as_bucket_view=True,
        )
        shape = {"devices": self.devices, "num_nodes": self.num_nodes}
        return {**shape, "strategy": built}


def backend(device: Device, sparse_grad: bool) -> str:
    """Return the backend of torch.distributed for a training.

    Args:
        device: Where it computes.
        sparse_grad: Whether gradients are row-sparse, which NCCL cannot add up.

    Example:
        >>> backend("cpu", sparse_grad=False)
        'gloo'
    """
    on_gpu = resolve_device(device).type == "cuda"
    # Rankings are measured on the CPU.
    return "cpu:gloo,cuda:nccl" if on_gpu and not sparse_grad else "gloo"

"""Where something is computed, and by how many processes."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from tvdiff_pyg.config import Config
from tvdiff_pyg.machine import Device, resolve_device

if TYPE_CHECKING:
    from tvdiff_pyg.training.processes import Processes

Strategy = Literal["ddp", "partitioned"]

#: Each is a process.
MAX_WORKERS = 1024
MAX_NODES = 2**16


@dataclass(frozen=True)
class ProcessOptions(Config):
    """Where something is computed, and by how many processes.

    Args:
        device: Where to compute.
        devices: Processes on each machine that share the users, each on a GPU of its
            own or on the CPU; as many as torchrun or SLURM has begun, or one, if not
            given.
        num_nodes: Machines, likewise.
        strategy: "ddp", each process holds the whole model and graph; "partitioned",
            only the rows of its users, beside all items. TV-Diff with one layer only.

    Example:
        >>> ProcessOptions(devices=2).processes.world_size
        2
    """

    device: Device = "auto"
    devices: int | None = None
    num_nodes: int | None = None
    strategy: Strategy = "ddp"

    def __post_init__(self) -> None:
        """Check the numbers, and that there is such a device."""
        super().__post_init__()
        for name, most in (("devices", MAX_WORKERS), ("num_nodes", MAX_NODES)):
            if getattr(self, name) is not None:
                self.check_at_least(1, name, high=most)
        resolve_device(self.device)

    @property
    def processes(self) -> "Processes":
        """The processes that work together, and which of them this one is.

        Raises:
            ValueError: If others were begun than were asked for.
        """
        # Lightning comes along, which options by themselves do not need.
        from tvdiff_pyg.training.processes import Processes

        return Processes.found(self.devices, self.num_nodes)

"""How a run is carried out, whatever it trains."""

from dataclasses import dataclass
from typing import Literal, get_args

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.evaluation import TaskName
from tvdiff_pyg.machine import Device, resolve_device

Protocol = Literal["standard", "paper"]
Log = Literal["csv", "tensorboard", "none"]


@dataclass(frozen=True)
class FitOptions:
    """How a run is carried out; what is trained is in :class:`Settings`.

    Args:
        protocol: "standard" selects the epoch on validation and touches the test once;
            "paper" trains on validation too and selects on the test, as published.
        seed: Seed of weights, batches, noise and negatives.
        device: Where to train.
        log: Training curves as CSV, for TensorBoard, or not at all.
        progress: Show a progress bar.
        num_workers: Processes that sample batches ahead, with the sampled engine.
        memory_gb: Memory that the engine "auto" may plan with, in units of 2**30
            bytes; what is free if not given.
        resume: Go on from the run folder's last checkpoint.
        diagnose: Warn of the failure signatures of training, and keep what was found
            in ``metrics.json``.
    """

    protocol: Protocol = "standard"
    seed: int = 0
    device: Device = "auto"
    log: Log = "csv"
    progress: bool = True
    num_workers: int = 0
    memory_gb: float | None = None
    resume: bool = False
    diagnose: bool = True

    def __post_init__(self) -> None:
        """Check what the trainer would report less clearly."""
        if self.protocol not in get_args(Protocol):
            raise ValueError(
                f"'protocol' needs to be one of {list(get_args(Protocol))} "
                f"(got {self.protocol!r})"
            )
        if self.num_workers < 0:
            raise ValueError(
                f"'num_workers' needs to be at least 0 (got {self.num_workers})"
            )
        if self.memory_gb is not None and not self.memory_gb > 0:
            raise ValueError(f"'memory_gb' needs to be positive (got {self.memory_gb})")
        resolve_device(self.device)

    def training_graph(self, graph: BipartiteGraph) -> BipartiteGraph:
        """Return the graph to train on: the protocol "paper" keeps no validation part.

        Args:
            graph: The interactions.
        """
        return graph.without_validation() if self.protocol == "paper" else graph

    @property
    def selects_on(self) -> TaskName:
        """The held-out part that chooses the epoch."""
        return "test" if self.protocol == "paper" else "validation"

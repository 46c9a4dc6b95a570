"""How a run is carried out, whatever it trains."""

from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeVar

from tvdiff_pyg.data import BipartiteGraph, PreparedData
from tvdiff_pyg.metrics import DEFAULT_KS, MONITOR
from tvdiff_pyg.metrics.monitor import check_monitored
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.training.process_options import MAX_WORKERS, ProcessOptions

Protocol = Literal["standard", "paper"]
Interactions = TypeVar("Interactions", BipartiteGraph, PreparedData)
Log = Literal["csv", "tensorboard", "wandb", "mlflow", "none"]


@dataclass(frozen=True)
class FitOptions(ProcessOptions):
    """How a run is carried out; what is trained is in :class:`Settings`.

    Args:
        device: Where to train.
        devices: Processes on each machine that train together, each on a GPU of its own
            or on the CPU; as many as torchrun or SLURM has begun, or one, if not given.
        num_nodes: Machines, likewise.
        strategy: "ddp", each process holds the whole model and graph; "partitioned",
            only the rows of its users, beside all items. TV-Diff with one layer only.
        protocol: "standard" selects the epoch on validation and touches the test once;
            "paper" trains on validation too and selects on the test, as published.
        ks: Cut-offs of what is measured while training and at its end.
        monitor: The metric that chooses the epoch, ends training once it no longer
            rises, and chooses the share of a linear model, such as "recall@10": one
            that is always measured, at one of the cut-offs, and of which more is
            better.
        seed: Seed of weights, batches, noise and negatives, in [0, 2**32).
        log: Training curves as CSV, for TensorBoard, Weights & Biases or MLflow, or
            not at all.
        progress: Show a progress bar.
        num_workers: Processes that sample batches ahead, with the sampled engine; none
            where several sample together, with the strategy "partitioned".
        memory_gb: Memory that the engine "auto" may plan with, in units of 2**30
            bytes; what is free if not given. Processes on the CPU share it.
        resume: Go on from the run folder's last checkpoint.
        overwrite: Remove the run that the folder holds, once the new one begins.
        profile: Write the time that each part of training takes to
            ``logs/fit-profile.txt``.
        diagnose: Warn of the failure signatures of training, and keep what was found
            in ``metrics.json``.
        final: Fit to all interactions, held-out parts too, for all of ``max_epochs``:
            nothing is selected, and nothing can be measured. See :func:`fit_final`.
    """

    protocol: Protocol = "standard"
    ks: tuple[int, ...] = DEFAULT_KS
    monitor: str = MONITOR
    seed: int = 0
    log: Log = "csv"
    progress: bool = True
    num_workers: int = 0
    memory_gb: float | None = None
    resume: bool = False
    overwrite: bool = False
    profile: bool = False
    diagnose: bool = True
    final: bool = False

    def __post_init__(self) -> None:
        """Check what the trainer would report less clearly."""
        object.__setattr__(self, "ks", check_monitored(self.ks, self.monitor))
        super().__post_init__()
        self.check_at_least(0, "seed")
        self.check_at_least(0, "num_workers", high=MAX_WORKERS)
        # Workers could not tell those of other processes which items they read.
        alone = self.num_workers == 0 or self.strategy != "partitioned"
        self.check("num_workers", alone, "0 with the strategy 'partitioned'")
        if self.memory_gb is not None:
            check_number("memory_gb", self.memory_gb, 0, above=True)
        if self.resume and self.overwrite:
            raise ValueError("'overwrite' needs to be without 'resume' (got both)")
        if self.final and self.protocol != "standard":
            raise ValueError(
                f"'protocol' has no use with 'final', which selects nothing "
                f"(got {self.protocol!r})"
            )

    def flat(self) -> dict[str, Any]:
        """Return all options by name, as plain values that a file can hold."""
        values = asdict(self)
        return {k: list(v) if isinstance(v, tuple) else v for k, v in values.items()}

    def training_graph(self, graph: Interactions) -> Interactions:
        """Return the graph to train on: the protocol "paper" keeps no validation part.

        Args:
            graph: The interactions.
        """
        if self.final:
            return graph.without_held_out()
        return graph.without_validation() if self.protocol == "paper" else graph

    @property
    def selects_on(self) -> Literal["validation", "test"] | None:
        """The held-out part that chooses the epoch, unless none is left."""
        if self.final:
            return None
        return "test" if self.protocol == "paper" else "validation"

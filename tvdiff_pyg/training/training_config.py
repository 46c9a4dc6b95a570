"""How a model that learns by gradients is trained."""

from dataclasses import dataclass
from typing import Literal

from tvdiff_pyg.config import Config
from tvdiff_pyg.models.memory import Step
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.sampled.neighbors import check_num_neighbors

EngineChoice = Literal["auto", "exact", "sampled"]
Batches = Literal["auto", "users", "interactions"]
Precision = Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True)
class TrainingConfig(Config):
    """How a model that learns by gradients is trained.

    Args:
        engine: "exact" reads all items and all neighbours in each step; "sampled"
            reads some, for graphs that are too large for that; "auto" takes the
            exact one where the memory plan says that it fits.
        num_neighbors: Most neighbours of a node that the sampled engine reads; -1
            for all. Processes that part the users share those of an item.
        num_pool: Random items that the sampled engine takes energy, noise and
            negatives from.
        refresh_every: Steps between two passes in which the sampled engine sums over
            all neighbours, in each layer; a sample then only corrects these sums. 0
            sums over samples alone.
        batches: What a batch is drawn over; "auto" takes interactions for BPR and
            users otherwise, as published.
        batch_size: Users or interactions in a batch.
        min_steps: Fewest steps of an epoch, but for rounding: where there are too few
            rows for as many batches of ``batch_size``, these are smaller.
        learning_rate: Learning rate of Adam.
        weight_decay: L2 penalty of Adam.
        max_epochs: Most epochs.
        patience: Checks without a better value of ``monitor`` before training stops.
        check_every: Epochs between two checks.
        precision: Arithmetic of training; ranking is always in single precision.

    Raises:
        ValueError: If a setting is outside its range.
    """

    engine: EngineChoice = "auto"
    num_neighbors: int = 32
    num_pool: int = 4096
    refresh_every: int = 0
    batches: Batches = "auto"
    batch_size: int = 2048
    min_steps: int = 1
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    max_epochs: int = 200
    patience: int = 10
    check_every: int = 1
    precision: Precision = "32-true"

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(
            1,
            "num_pool",
            "batch_size",
            "min_steps",
            "max_epochs",
            "patience",
            "check_every",
        )
        self.check_at_least(0, "refresh_every")
        check_num_neighbors(self.num_neighbors)
        self.check("learning_rate", self.learning_rate > 0, "positive")
        self.check("weight_decay", self.weight_decay >= 0, "at least 0")

    def check_model(self, model: ModelConfig) -> None:
        """Raise unless a model can be trained so.

        Args:
            model: The model's settings.

        Raises:
            ValueError: If it has no such engine or batches, or row-sparse gradients
                and a penalty on all rows.
        """
        for name, accepted in (("engine", model.engines), ("batches", model.batches)):
            wanted = " or ".join(repr(one) for one in ("auto", *accepted))
            holds = getattr(self, name) in ("auto", *accepted)
            self.check(name, holds, f"{wanted} with this model")
        holds = self.refresh_every == 0 or model.has_item_sums
        self.check("refresh_every", holds, "0 with this model")
        if model.sparse_grad:
            holds = self.weight_decay == 0
            self.check(
                "weight_decay",
                holds,
                "0 with 'sparse_grad', for it would change all rows",
            )

    def step(self, model: ModelConfig, processes: int = 1) -> Step:
        """Return what one step reads, with the engine that was chosen.

        Args:
            model: The model's settings; while the engine is ``"auto"``, their first
                engine is taken.
            processes: How many processes part the users. (default: ``1``)
        """
        engines = model.engines or ("exact",)
        engine = engines[0] if self.engine == "auto" else self.engine
        caps = self.num_neighbors, self.num_pool
        kept = self.refresh_every > 0
        return Step(engine, self.batch_size, *caps, kept, processes=processes)

    def batch_of(self, num_rows: int) -> int:
        """Return how many rows a batch holds, at most ``batch_size``.

        Args:
            num_rows: Users, or interactions, of an epoch.

        Example:
            >>> config = TrainingConfig(batch_size=512, min_steps=8)
            >>> config.batch_of(20_000), config.batch_of(1_000)
            (512, 125)
        """
        enough = num_rows > (self.min_steps - 1) * self.batch_size
        return self.batch_size if enough else max(-(-num_rows // self.min_steps), 1)

    def over_interactions(self, model: ModelConfig) -> bool:
        """Whether a batch is drawn over interactions rather than users.

        Args:
            model: The model's settings.
        """
        chosen = model.batches[0] if self.batches == "auto" else self.batches
        return chosen == "interactions"

"""Settings of GiffCF: how far histories are smoothed, and what takes them back."""

from dataclasses import dataclass

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.giff_cf_scorer import (
    ENTRIES_AT_ONCE,
)
from tvdiff_pyg.models.memory import FLOAT, INDEX, Engine, Step
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.nn.spectral import OVERSAMPLING
from tvdiff_pyg.search_space import Choice, Range, Space, log


@dataclass(frozen=True)
class GiffCFConfig(ModelConfig):
    """Settings of :class:`~tvdiff_pyg.models.GiffCF`, by default as for MovieLens-1M.

    Args:
        hidden_channels: Length of the items' vectors, at least 1.
        dropout: Dropout on the histories that condition the denoiser, in [0, 1).
        smoothing_steps: Steps of the diffusion, at least 1.
        smoothing: How far the last step has smoothed, above 0; at 1 nothing of the
            signal itself is left, beyond that it is taken away.
        noise_decay: What each step back keeps of the difference to the prediction,
            in [0, 1].
        ideal_weight: Weight of an ideal low-pass filter beside the graph, at least 0.
        rank: Singular vectors that it lets pass, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_channels: int = 200
    dropout: float = 0.5
    smoothing_steps: int = 3
    smoothing: float = 1.5
    noise_decay: float = 0.5
    ideal_weight: float = 0.0
    rank: int = 200

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels", "smoothing_steps", "rank")
        self.check("dropout", 0 <= self.dropout < 1, "in [0, 1)")
        self.check("smoothing", self.smoothing > 0, "positive")
        self.check("noise_decay", 0 <= self.noise_decay <= 1, "in [0, 1]")
        self.check("ideal_weight", self.ideal_weight >= 0, "at least 0")

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The exact one, for all items are predicted."""
        return ("exact",)

    @property
    def dense_factors(self) -> bool:
        """No, as what sharpens the scores is not linear."""
        return False

    @property
    def search_space(self) -> Space:
        """Width, dropout, diffusion, Adam and batches."""
        return {
            "hidden_channels": Choice(64, 128, 200),
            "dropout": Range(0.1, 0.7),
            "smoothing_steps": Range(1, 5),
            "smoothing": Range(0.5, 2.0),
            "noise_decay": Range(0.0, 1.0),
            "ideal_weight": Range(0.0, 0.5),
            "learning_rate": log(3e-4, 3e-3),
            "batch_size": Choice(100, 256),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan the items' vectors, also as the graph passes them on, and a block."""
        table = FLOAT * size.num_items * self.hidden_channels
        nodes = size.num_users + size.num_items
        passed = 4 * FLOAT * nodes * self.hidden_channels
        rows = 8 * FLOAT * step.batch_size * self.hidden_channels
        vectors = 3 * FLOAT * nodes * (self.rank + OVERSAMPLING)
        return {
            "parameters": table,
            "optimizer": 2 * table,
            "gradients": table,
            "activations": passed + rows + 64 * FLOAT * ENTRIES_AT_ONCE,
            "weights": 2 * (2 * FLOAT + 3 * INDEX) * size.num_interactions
            + (vectors if self.ideal_weight > 0 else 0),
        }

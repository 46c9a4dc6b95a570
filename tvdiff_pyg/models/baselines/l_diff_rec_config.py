"""Settings of L-DiffRec: its code, its diffusion and its loss."""

from dataclasses import dataclass

from tvdiff_pyg.config import part
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.diffusion import SCHEDULES, Schedule
from tvdiff_pyg.models.memory import FLOAT, Engine, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.search_space import Choice, Range, Space, log
from tvdiff_pyg.sparse.timesteps import MAX_TIMESTEPS


@dataclass(frozen=True)
class LDiffRecConfig(ModelConfig):
    """Settings of :class:`~tvdiff_pyg.models.LDiffRec`.

    Args:
        latent_channels: Length of the code, at least as many as there are clusters.
        hidden_channels: Width of the denoiser, at least 1.
        num_clusters: Clusters of items, at least 1.
        dropout: Dropout on the corrupted codes, in [0, 1).
        history_dropout: Dropout on the histories, in [0, 1).
        num_timesteps: Number of diffusion steps, at least 1, at most 10,000.
        schedule: Noise schedule.
        vae_weight: Weight of the autoencoder's loss against the diffusion's, above 0.
        beta: Weight of the code's divergence in the end, at least 0.
        anneal_steps: Steps until it has grown to that, from 0; at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    latent_channels: int = 300
    hidden_channels: int = 300
    num_clusters: int = 2
    dropout: float = 0.5
    history_dropout: float = 0.1
    num_timesteps: int = 50
    schedule: Schedule = part(SCHEDULES, "linear-var")
    vae_weight: float = 0.03
    beta: float = 0.3
    anneal_steps: int = 60

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels", "num_clusters", "anneal_steps")
        self.check_at_least(self.num_clusters, "latent_channels")
        self.check_at_least(1, "num_timesteps", high=MAX_TIMESTEPS)
        for name in ("dropout", "history_dropout"):
            self.check(name, 0 <= getattr(self, name) < 1, "in [0, 1)")
        self.check("vae_weight", self.vae_weight > 0, "positive")
        self.check("beta", self.beta >= 0, "at least 0")

    @property
    def engines(self) -> tuple[Engine, ...]:
        """The exact one, for the likelihood is of all items."""
        return ("exact",)

    @property
    def search_space(self) -> Space:
        """Code, clusters, dropout, both losses, noise and Adam."""
        return {
            "latent_channels": Choice(64, 128, 300),
            "num_clusters": Range(1, 4),
            "dropout": Range(0.1, 0.7),
            "vae_weight": log(0.01, 1.0),
            "beta": log(0.02, 1.0),
            "noise_scale": log(1e-5, 1.0),
            "learning_rate": log(1e-4, 3e-3),
            "batch_size": Choice(256, 400),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both layers of the items, also the first as it is masked, and scores."""
        table = 3 * FLOAT * size.num_items * self.latent_channels
        scores = 4 * FLOAT * step.batch_size * size.num_items
        ranking = factor_scoring(size, self.latent_channels + 1)
        return {
            "parameters": table,
            "optimizer": 2 * table,
            "gradients": table,
            "activations": 2 * table + max(scores, ranking),
        }

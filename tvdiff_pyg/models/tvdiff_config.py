"""Settings of TV-Diff: those of its parts, chosen by name, and its own."""

from dataclasses import dataclass, replace
from typing import Literal

from tvdiff_pyg.config import Config, part
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.diffusion import SCHEDULES, Schedule
from tvdiff_pyg.diffusion.projected import check_num_noise_items
from tvdiff_pyg.entropies import ENTROPIES, Entropy
from tvdiff_pyg.models.memory import (
    Engine,
    Step,
    diffusion_step,
    encoded,
    factor_scoring,
    learned,
)
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.negatives import SAMPLERS
from tvdiff_pyg.nn import DENOISERS, DenoiserConfig
from tvdiff_pyg.search_space import Choice, Range, Space, log
from tvdiff_pyg.sparse.timesteps import MAX_TIMESTEPS

Initialization = Literal["xavier", "spectral"]


@dataclass(frozen=True)
class TVDiffConfig(ModelConfig):
    """Settings of :class:`TVDiff`, with those of its parts.

    Args:
        denoiser: The network: "anisotropic", one layer; "gcn", several; "mlp",
            DiffRec's, without a graph.
        num_timesteps: Number of diffusion steps, at least 1, at most 10,000.
        schedule: Noise schedule.
        reverse_steps: Steps of the reverse process in scoring, the last ones; 1 is one
            pass of the denoiser. All if none.
        temperature: Weight of the entropy against the energy, at least 0.
        entropy_type: Ranking entropy.
        negatives: How negatives are drawn; "hard" is AR-GSP.
        num_noise_items: Draw the training noise from that many random items. Exact if
            none.
        initialization: "xavier", random weights, as published; or "spectral", the
            leading singular vectors of the graph, which takes fewer epochs and less
            width. Needs a denoiser that reads the graph. A fit whose spectrum
            ranks pairs left out worse than popularity does begins at random.
        score_with_dropout: Leave dropout on while scoring, as the published code
            does. Slow: it needs the dense reference.

    Raises:
        ValueError: If a setting is outside its range, or contradicts another.
    """

    denoiser: DenoiserConfig = part(DENOISERS, "anisotropic")
    num_timesteps: int = 50
    schedule: Schedule = part(SCHEDULES, "linear-var")
    reverse_steps: int | None = None
    temperature: float = 1.0
    entropy_type: Entropy = part(ENTROPIES, "bpr")
    negatives: Config = part(SAMPLERS, "uniform")
    num_noise_items: int | None = None
    initialization: Initialization = "xavier"
    score_with_dropout: bool = False

    def __post_init__(self) -> None:
        """Check the ranges, and what the initialisation reads."""
        super().__post_init__()
        self.check_at_least(1, "num_timesteps", high=MAX_TIMESTEPS)
        if self.reverse_steps is not None:
            self.check_at_least(1, "reverse_steps", high=self.num_timesteps)
        self.check("temperature", self.temperature >= 0, "at least 0")
        check_num_noise_items(self.num_noise_items)
        reads_graph = self.denoiser.normalization != "none"
        self.check(
            "initialization",
            self.initialization == "xavier" or reads_graph,
            "'xavier' unless the denoiser reads the graph",
        )
        use = self.denoiser.feature_use
        self.check(
            "initialization",
            self.initialization == "xavier" or use.keeps_tables,
            "'xavier' where features stand in the place of tables",
        )
        self.check(
            "score_with_dropout",
            not (self.score_with_dropout and use.reads),
            "false where features are read",
        )

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Both; row-sparse gradients need the sampled one."""
        return ("sampled",) if self.sparse_grad else ("exact", "sampled")

    @property
    def dense_factors(self) -> bool:
        """Yes, unless dropout is on, which has no factors."""
        return not self.score_with_dropout

    @property
    def batches(self) -> tuple[str, ...]:
        """Interactions for entropies of pairs, as published; users for all."""
        return ("interactions", "users") if self.entropy_type.pairwise else ("users",)

    @property
    def sparse_grad(self) -> bool:
        """Whether the denoiser's are."""
        return self.denoiser.sparse_grad

    @property
    def has_item_sums(self) -> bool:
        """Whether the denoiser has them."""
        return self.denoiser.has_item_sums

    @property
    def num_layers(self) -> int:
        """Layers of the denoiser."""
        return self.denoiser.num_layers

    @property
    def unweighted(self) -> None:
        """None, as both towers weigh their messages."""
        return None

    @property
    def unfeatured(self) -> str | None:
        """The denoiser, unless it is to read them."""
        if self.denoiser.feature_use.reads:
            return None
        return "a denoiser of 'features' 'none'"

    @property
    def fixed_items(self) -> str | None:
        """A denoiser whose item tower reads no users, and dropout while scoring."""
        if self.score_with_dropout:
            return "'score_with_dropout'"
        if self.denoiser.normalization == "none":
            return "a denoiser that reads no graph"
        return None

    @property
    def search_space(self) -> Space:
        """Width, dropout, temperature, steps and Adam."""
        # A mean over pairs is larger than a mean over all items, as the energy is one.
        pairwise = self.entropy_type.pairwise
        return {
            "hidden_channels": Choice(64, 128, 256, 512),
            "learning_rate": log(3e-4, 1e-2),
            "dropout": Range(0.1, 0.8),
            "temperature": log(1e-3, 10.0) if pairwise else log(0.1, 100.0),
            "num_timesteps": Choice(1, 5, 50),
            "batch_size": Choice(256, 2048),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both embeddings, and a step or a ranking."""
        channels = self.denoiser.hidden_channels
        step = replace(step, negatives=self.entropy_type.needs_negatives)
        work = diffusion_step(size, channels, self.num_layers, step)
        planned = learned(size, channels, max(work, factor_scoring(size, channels)))
        if not self.denoiser.feature_use.reads:
            return planned
        return planned | {"features": encoded(size, channels)}

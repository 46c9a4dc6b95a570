"""Settings of TV-Diff: those of its parts, chosen by name, and its own."""

from dataclasses import dataclass
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
    factor_scoring,
    learned,
)
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.negatives import SAMPLERS
from tvdiff_pyg.nn import DENOISERS, DenoiserConfig

Initialization = Literal["xavier", "spectral"]


@dataclass(frozen=True)
class TVDiffConfig(ModelConfig):
    """Settings of :class:`TVDiff`, with those of its parts.

    Args:
        denoiser: The network: "anisotropic", one layer; "gcn", several; "mlp",
            DiffRec's, without a graph.
        num_timesteps: Number of diffusion steps, at least 1.
        schedule: Noise schedule.
        temperature: Weight of the entropy against the energy, at least 0.
        entropy_type: Ranking entropy.
        negatives: How negatives are drawn; "hard" is AR-GSP.
        num_noise_items: Draw the training noise from that many random items. Exact if
            none.
        initialization: "xavier", random weights, as published; or "spectral", the
            leading singular vectors of the graph, which takes fewer epochs and less
            width. Needs a denoiser that reads the graph.
        score_with_dropout: Leave dropout on while scoring, as the published code
            does. Slow: it needs the dense reference.

    Raises:
        ValueError: If a setting is outside its range, or contradicts another.
    """

    denoiser: DenoiserConfig = part(DENOISERS, "anisotropic")
    num_timesteps: int = 50
    schedule: Schedule = part(SCHEDULES, "linear-var")
    temperature: float = 1.0
    entropy_type: Entropy = part(ENTROPIES, "bpr")
    negatives: Config = part(SAMPLERS, "uniform")
    num_noise_items: int | None = None
    initialization: Initialization = "xavier"
    score_with_dropout: bool = False

    def __post_init__(self) -> None:
        """Check the ranges, and what the initialisation reads."""
        super().__post_init__()
        self.check_at_least(1, "num_timesteps")
        self.check("temperature", self.temperature >= 0, "at least 0")
        check_num_noise_items(self.num_noise_items)
        reads_graph = self.denoiser.normalization != "none"
        self.check(
            "initialization",
            self.initialization == "xavier" or reads_graph,
            "'xavier' unless the denoiser reads the graph",
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
    def num_layers(self) -> int:
        """Layers of the denoiser."""
        return self.denoiser.num_layers

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both embeddings, and a step or a ranking."""
        channels = self.denoiser.hidden_channels
        work = diffusion_step(size, channels, self.num_layers, step)
        return learned(size, channels, max(work, factor_scoring(size, channels)))

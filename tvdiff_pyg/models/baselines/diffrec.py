"""DiffRec: diffusion without a graph and without an entropy."""

from dataclasses import dataclass
from typing import Any

from typing_extensions import Self

from tvdiff_pyg.config import part
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.diffusion import SCHEDULES, Schedule
from tvdiff_pyg.models.memory import Engine, Step
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.tvdiff import TVDiff
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.nn import MLPConfig
from tvdiff_pyg.search_space import Choice, Range, Space, log


@dataclass(frozen=True)
class DiffRecConfig(ModelConfig):
    """Settings of :class:`DiffRec`.

    Args:
        hidden_channels: Width of the hidden layer, at least 1.
        time_channels: Width of the timestep embedding, at least 2.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients and lazy Adam for the tables, with the
            sampled engine.
        num_timesteps: Number of diffusion steps, at least 1.
        schedule: Noise schedule.
        num_noise_items: Draw the training noise from that many random items. Exact if
            none.
        score_with_dropout: Leave dropout on while scoring.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_channels: int = 64
    time_channels: int = 64
    dropout: float = 0.5
    sparse_grad: bool = False
    num_timesteps: int = 50
    schedule: Schedule = part(SCHEDULES, "linear-var")
    num_noise_items: int | None = None
    score_with_dropout: bool = False

    def __post_init__(self) -> None:
        """Check what TV-Diff of these settings checks."""
        super().__post_init__()
        _ = self.as_tvdiff

    @property
    def as_tvdiff(self) -> TVDiffConfig:
        """The same as settings of TV-Diff."""
        return TVDiffConfig(
            denoiser=MLPConfig(
                hidden_channels=self.hidden_channels,
                time_channels=self.time_channels,
                dropout=self.dropout,
                sparse_grad=self.sparse_grad,
            ),
            num_timesteps=self.num_timesteps,
            schedule=self.schedule,
            temperature=0.0,
            num_noise_items=self.num_noise_items,
            score_with_dropout=self.score_with_dropout,
        )

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those of TV-Diff."""
        return self.as_tvdiff.engines

    @property
    def dense_factors(self) -> bool:
        """As TV-Diff."""
        return self.as_tvdiff.dense_factors

    @property
    def batches(self) -> tuple[str, ...]:
        """Either: there is no entropy that asks for one of them."""
        return ("interactions", "users")

    @property
    def unweighted(self) -> None:
        """Nothing, as in TV-Diff."""
        return self.as_tvdiff.unweighted

    @property
    def search_space(self) -> Space:
        """Width, dropout, noise, Adam and batches."""
        return {
            "hidden_channels": Choice(64, 128, 256, 512, 1000),
            "learning_rate": log(3e-4, 3e-3),
            "dropout": Range(0.1, 0.7),
            "noise_scale": log(1e-5, 1e-1),
            "batches": Choice("auto", "users"),
            "batch_size": Choice(256, 2048),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan as TV-Diff."""
        return self.as_tvdiff.memory(size, step)


@register_model("diffrec", DiffRecConfig)
class DiffRec(TVDiff):
    r"""The `"Diffusion Recommender Model" <https://arxiv.org/abs/2304.04971>`_: TV-Diff
    with the denoiser :class:`~tvdiff_pyg.nn.MLPDenoiser` and temperature 0.

    Example:
        >>> DiffRec.from_config(DiffRecConfig(hidden_channels=8), 2, 3).denoiser
        MLPDenoiser(2, 3, hidden_channels=8)
    """

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build TV-Diff of these settings."""
        model = super().from_config(config.as_tvdiff, num_users, num_items)
        model.config = config
        return model

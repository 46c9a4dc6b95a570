"""Every setting of a training run, and the presets."""

from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal, get_args

from tvdiff_pyg.diffusion import Schedule
from tvdiff_pyg.loss import EntropyType
from tvdiff_pyg.models.build import DIFFREC, ModelName
from tvdiff_pyg.models.tvdiff import DenoiserName, Negatives
from tvdiff_pyg.nn.gcn import Activation, Combine
from tvdiff_pyg.sampled.neighbors import check_num_neighbors
from tvdiff_pyg.sparse import Normalization
from tvdiff_pyg.training.needs import READS, check_needs

Batches = Literal["auto", "users", "interactions"]
Precision = Literal["32-true", "bf16-mixed"]
Engine = Literal["auto", "exact", "sampled"]
Initialization = Literal["xavier", "spectral"]

POSITIVE_FIELDS = (
    "batch_size",
    "num_pool",
    "max_epochs",
    "patience",
    "check_every",
    "linear_neighbors",
)
LINEAR_FIELDS = (
    "linear_share",
    "choose_linear_share",
    "linear_neighbors",
    "linear_l2",
)
TRAINING_FIELDS = frozenset(
    {
        "model",
        "engine",
        "num_neighbors",
        "num_pool",
        "batches",
        "batch_size",
        "initialization",
        "learning_rate",
        "weight_decay",
        "max_epochs",
        "patience",
        "check_every",
        "precision",
        "score_with_dropout",
        *LINEAR_FIELDS,
    }
)


@dataclass(frozen=True)
class Settings:
    """Settings of the model and of its training.

    Args:
        model: "tvdiff"; or, to compare it with, "bpr-mf" (matrix factorisation),
            "lightgcn", or "diffrec" (TV-Diff with the denoiser "mlp" and temperature 0,
            whatever is set). Of the settings of the model, BPR-MF reads
            hidden_channels, and LightGCN num_layers as well.
        hidden_channels: Width of both towers.
        time_channels: Width of the timestep embedding.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        normalization: Edge weights of the item tower.
        num_timesteps: Number of diffusion steps.
        schedule: Noise schedule.
        noise_scale: Factor on the noise range.
        noise_min: Lower end of the noise range.
        noise_max: Upper end of the noise range.
        temperature: Weight of the entropy against the energy.
        entropy_type: Ranking entropy.
        negatives: How negatives are drawn; "hard" is AR-GSP.
        accept_ratio: Share of the items that AR-GSP accepts, in (0, 1].
        gumbel_decay: Decay of AR-GSP's softness over the timesteps.
        num_noise_items: Draw the training noise from that many random items.
            Exact if not given.
        sparse_grad: Row-sparse gradients and lazy Adam for the embeddings, with the
            sampled engine: only rows that a batch reads are updated.
        denoiser: "anisotropic", one layer; "gcn", several; "mlp", DiffRec's, without
            a graph.
        num_layers: Layers of "gcn", or of LightGCN.
        activation: Nonlinearity between the layers of "gcn".
        combine: What the last layer of "gcn" reads: the last embeddings, the mean of
            all layers, or sums along the layers.
        linear: Whether the layers of "gcn" have weight matrices.
        engine: "exact" reads all items and all neighbours in each step; "sampled"
            reads some, for graphs that are too large for that; "auto" takes the
            exact one where the memory plan says that it fits.
        num_neighbors: Most neighbours of a node that the sampled engine reads; -1
            for all.
        num_pool: Random items that the sampled engine takes energy, noise and
            negatives from.
        batches: What a batch is drawn over; "auto" takes interactions for BPR and
            users otherwise, as published.
        batch_size: Users or interactions in a batch.
        initialization: "xavier", random weights, as published; or "spectral", the
            leading singular vectors of the graph, which takes fewer epochs and less
            width. Needs a denoiser that reads the graph.
        learning_rate: Learning rate of Adam.
        weight_decay: L2 penalty of Adam.
        max_epochs: Most epochs.
        patience: Checks without a better NDCG@20 before training stops.
        check_every: Epochs between two checks.
        precision: Arithmetic of training; ranking is always in single precision.
        score_with_dropout: Leave dropout on while scoring, as the published code
            does. Slow: it needs the dense reference.
        linear_share: What the scores of LocalEASE, a linear item model in closed
            form, count beside those of the model, in standard deviations of both; 0
            leaves it out.
        choose_linear_share: After training, let the part that chose the epoch choose
            that share as well, beginning with ``linear_share`` (unless 0): a few
            rankings more.
        linear_neighbors: Items that LocalEASE predicts an item from.
        linear_l2: Penalty of LocalEASE.

    Raises:
        ValueError: If a training setting is outside its range, or contradicts the
            model.
    """

    model: ModelName = "tvdiff"
    hidden_channels: int = 64
    time_channels: int = 64
    dropout: float = 0.5
    normalization: Normalization = "symmetric"
    num_timesteps: int = 50
    schedule: Schedule = "linear-var"
    noise_scale: float = 1e-4
    noise_min: float = 1e-3
    noise_max: float = 5e-3
    temperature: float = 1.0
    entropy_type: EntropyType = "bpr"
    negatives: Negatives = "uniform"
    accept_ratio: float = 0.05
    gumbel_decay: float = 3.0
    num_noise_items: int | None = None
    sparse_grad: bool = False
    denoiser: DenoiserName = "anisotropic"
    num_layers: int = 1
    activation: Activation = "tanh"
    combine: Combine = "last"
    linear: bool = False
    engine: Engine = "auto"
    num_neighbors: int = 32
    num_pool: int = 4096
    batches: Batches = "auto"
    batch_size: int = 2048
    initialization: Initialization = "xavier"
    learning_rate: float = 1e-3
    weight_decay: float = 0.0
    max_epochs: int = 200
    patience: int = 10
    check_every: int = 1
    precision: Precision = "32-true"
    score_with_dropout: bool = False
    linear_share: float = 0.0
    choose_linear_share: bool = False
    linear_neighbors: int = 100
    linear_l2: float = 50.0

    def __post_init__(self) -> None:
        """Check the training settings; the model checks its own."""
        check_needs(self.model, vars(self))
        for name in POSITIVE_FIELDS:
            if getattr(self, name) < 1:
                raise ValueError(
                    f"'{name}' needs to be at least 1 (got {getattr(self, name)})"
                )
        if not self.learning_rate > 0:
            raise ValueError(
                f"'learning_rate' needs to be positive (got {self.learning_rate})"
            )
        if not self.weight_decay >= 0:
            raise ValueError(
                f"'weight_decay' needs to be at least 0 (got {self.weight_decay})"
            )
        self._check_engine()
        self._check_initialization()
        self._check_linear()
        if self.over_interactions and self.entropy_type != "bpr":
            raise ValueError(
                "'batches' needs to be 'users' unless 'entropy_type' is 'bpr' "
                f"(got {self.batches!r} with {self.entropy_type!r})"
            )

    def _check_engine(self) -> None:
        if self.engine not in get_args(Engine):
            raise ValueError(
                f"'engine' needs to be one of {list(get_args(Engine))} "
                f"(got {self.engine!r})"
            )
        check_num_neighbors(self.num_neighbors)
        if self.sparse_grad and self.engine == "exact":
            raise ValueError(
                "'sparse_grad' needs the sampled engine, for the exact one reads all "
                f"rows (got {self.engine!r})"
            )
        if self.sparse_grad and self.weight_decay > 0:
            raise ValueError(
                "'weight_decay' needs to be 0 with 'sparse_grad', for it would change "
                f"all rows (got {self.weight_decay})"
            )

    def _check_initialization(self) -> None:
        known = get_args(Initialization)
        if self.initialization not in known:
            raise ValueError(
                f"'initialization' needs to be one of {list(known)} "
                f"(got {self.initialization!r})"
            )
        if self.initialization == "xavier":
            return
        if self.model != "tvdiff" or self.denoiser == "mlp":
            raise ValueError(
                "'initialization' needs to be 'xavier' unless a denoiser reads the "
                f"graph (got {self.initialization!r} with "
                f"{self.denoiser if self.model == 'tvdiff' else self.model!r})"
            )
        if self.normalization == "none":
            raise ValueError(
                "'normalization' needs to weigh the graph unless 'initialization' is "
                "'xavier' (got 'none')"
            )

    def _check_linear(self) -> None:
        if not self.linear_share >= 0:
            raise ValueError(
                f"'linear_share' needs to be at least 0 (got {self.linear_share})"
            )
        if not self.linear_l2 > 0:
            raise ValueError(f"'linear_l2' needs to be positive (got {self.linear_l2})")
        if self.linear_share > 0 and self.score_with_dropout:
            raise ValueError(
                "'linear_share' needs to be 0 with 'score_with_dropout', whose scores "
                f"are those of the dense reference (got {self.linear_share})"
            )

    @property
    def over_interactions(self) -> bool:
        """Whether a batch is drawn over interactions rather than users."""
        if self.batches == "auto":
            return self.entropy_type == "bpr"
        return self.batches == "interactions"

    def model_kwargs(self) -> dict[str, Any]:
        """Return the arguments of the model, those that it reads."""
        kwargs = {k: v for k, v in asdict(self).items() if k not in TRAINING_FIELDS}
        if self.model == "diffrec":
            return kwargs | DIFFREC
        return {name: kwargs[name] for name in READS.get(self.model, kwargs)}

    @staticmethod
    def preset(name: str, **overrides: Any) -> "Settings":
        """Return a preset, with some settings changed.

        Args:
            name: One of :data:`PRESETS`.
            **overrides: Settings that take precedence.

        Raises:
            ValueError: If the preset or a setting is unknown.

        Example:
            >>> Settings.preset("lastfm", max_epochs=3).temperature
            5.0
        """
        if name not in PRESETS:
            raise ValueError(
                f"'preset' needs to be one of {list(PRESETS)} (got {name!r})"
            )
        known = {field.name for field in fields(Settings)}
        if unknown := sorted(set(overrides) - known):
            raise ValueError(
                f"'{unknown[0]}' is not a setting (known: {sorted(known)})"
            )
        return replace(PRESETS[name], **overrides)


# The rules of thumb of the paper's text ("small", "large"), and the settings behind
# its published figures. The published code has hard negatives switched off.
# "movielens-small" was chosen on that data's validation part, "recommended" on those of
# LastFM, Amazon-Beauty and, but for the linear model, Gowalla.
PRESETS: dict[str, Settings] = {
    "movielens-small": Settings(
        hidden_channels=256,
        num_timesteps=5,
        noise_min=5e-4,
        temperature=5.0,
        negatives="hard",
        batches="users",
        learning_rate=3e-3,
        check_every=3,
    ),
    "recommended": Settings(
        hidden_channels=256,
        temperature=0.3,
        num_noise_items=1024,
        initialization="spectral",
        batches="users",
        batch_size=512,
        check_every=2,
        patience=5,
        linear_share=0.3,
        choose_linear_share=True,
    ),
    "small": Settings(negatives="hard"),
    "large": Settings(
        entropy_type="bce", temperature=10.0, negatives="hard", accept_ratio=0.2
    ),
    "lastfm": Settings(
        hidden_channels=1000, num_timesteps=5, noise_min=5e-4, temperature=5.0
    ),
    "amazon-beauty": Settings(hidden_channels=1000, temperature=0.5),
    "gowalla": Settings(
        hidden_channels=1000,
        num_timesteps=40,
        noise_scale=1e-3,
        noise_max=1e-2,
        entropy_type="bce",
        temperature=10.0,
        accept_ratio=0.2,
    ),
}

"""The settings that every denoiser has."""

from dataclasses import dataclass
from typing import Any, ClassVar, get_type_hints

from typing_extensions import Self

from tvdiff_pyg.config import Config
from tvdiff_pyg.field_types import check_fits
from tvdiff_pyg.nn.feature_use import FeatureUse, NoFeatures
from tvdiff_pyg.sparse import Normalization


@dataclass(frozen=True)
class DenoiserConfig(Config):
    """Settings that every denoiser has; its subclass stands beside the denoiser.

    Args:
        hidden_channels: Width of both towers, at least 1.
        dropout: Dropout on the corrupted interactions, in [0, 1).
        sparse_grad: Row-sparse gradients of the embeddings where only the rows of a
            batch are read; lazy Adam then leaves the others alone.

    Raises:
        ValueError: If a setting is outside its range.
    """

    #: What PyG calls some of the settings, as the denoiser's arguments.
    argument_names: ClassVar[dict[str, str]] = {"sparse_grad": "sparse"}

    hidden_channels: int = 64
    dropout: float = 0.5
    sparse_grad: bool = False

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_channels")
        self.check("dropout", 0 <= self.dropout < 1, "in [0, 1)")

    @classmethod
    def from_arguments(cls, **arguments: Any) -> Self:
        """Build from the arguments of the denoiser.

        Args:
            **arguments: Arguments by name.

        Raises:
            ValueError: If one is outside its range.
        """
        values, hints = dict(arguments), get_type_hints(cls)
        for setting, name in cls.argument_names.items():
            if name in arguments:
                check_fits(name, arguments[name], hints[setting])
                values[setting] = values.pop(name)
        return cls(**values)

    def arguments(self) -> dict[str, Any]:
        """Return what builds the denoiser again."""
        names = self.argument_names
        return {names.get(name, name): value for name, value in vars(self).items()}

    @property
    def num_layers(self) -> int:
        """Hops of messages, each of whose results a training step keeps."""
        return 1

    @property
    def has_item_sums(self) -> bool:
        """Whether item factors are the squashed sums over the items' users."""
        return False

    @property
    def feature_use(self) -> FeatureUse:
        """What is made of features of nodes; nothing unless settings say so."""
        return NoFeatures()

    @property
    def normalization(self) -> Normalization:
        """How messages to the items are weighed; ``"none"`` if no graph is read."""
        return "none"

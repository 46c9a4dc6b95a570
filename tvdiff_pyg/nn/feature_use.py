"""What a denoiser makes of features of its nodes: a setting that is its own part."""

from dataclasses import dataclass
from typing import ClassVar

from tvdiff_pyg.config import Config
from tvdiff_pyg.registry import Registry

#: Every use of features by its name.
FEATURE_USES: "Registry[type[FeatureUse]]" = Registry("use of features")


@dataclass(frozen=True)
class FeatureUse(Config):
    """What is made of features of nodes; its subclasses are what can be chosen."""

    #: Whether they are read.
    reads: ClassVar[bool] = True
    #: Whether nodes that have features keep embeddings of their own.
    keeps_tables: ClassVar[bool] = True


@FEATURE_USES.register("none")
@dataclass(frozen=True)
class NoFeatures(FeatureUse):
    """Features are not read."""

    reads: ClassVar[bool] = False


@FEATURE_USES.register("beside")
@dataclass(frozen=True)
class FeaturesBeside(FeatureUse):
    """Features are encoded beside the tables of embeddings.

    Args:
        message_dropout: Share of the nodes with features whose messages, and rows of
            a table where no graph is read, a training step leaves out, so that
            features learn to stand alone, in [0, 1).

    Raises:
        ValueError: If it is outside its range.
    """

    message_dropout: float = 0.0

    def __post_init__(self) -> None:
        """Check the range."""
        super().__post_init__()
        self.check("message_dropout", 0 <= self.message_dropout < 1, "in [0, 1)")


@FEATURE_USES.register("instead")
@dataclass(frozen=True)
class FeaturesInstead(FeaturesBeside):
    """Features are encoded in the place of the tables: nodes have no embeddings of
    their own, so that all of a kind are alike but for whom they met.

    Args:
        message_dropout: Share of the nodes with features whose messages a training
            step leaves out, so that features learn to stand alone, in [0, 1).

    Raises:
        ValueError: If it is outside its range.
    """

    keeps_tables: ClassVar[bool] = False

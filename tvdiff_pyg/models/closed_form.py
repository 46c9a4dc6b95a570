"""Models that are computed from a graph, without the trainer, and their state."""

from typing import Any, ClassVar

from torch import Tensor
from typing_extensions import Self

from tvdiff_pyg.models.model import Model, ModelConfig
from tvdiff_pyg.sparse import BipartiteAdjacency


class ClosedFormModel(Model):
    """A model that :meth:`fit` computes from a graph, without the trainer.

    What is computed are the buffers that :attr:`fitted` names: they move between
    devices with the model, and are its state.

    Args:
        config: The settings.
    """

    #: Names of the tensors that :meth:`fit` computes.
    fitted: ClassVar[tuple[str, ...]] = ()

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        for name in self.fitted:
            # Of a size that is known once they are there: see `get_extra_state`.
            self.register_buffer(name, None, persistent=False)

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build from settings: by default, they are the arguments."""
        return cls(**vars(config))

    def fit(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Compute the model.

        Args:
            graph: The training graph; its weights are not read.
            seed: Seed of what is random. (default: ``0``)

        Returns:
            The model itself.
        """
        raise NotImplementedError

    def prepare(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Fit; see :meth:`~tvdiff_pyg.models.Model.prepare`."""
        return self.fit(graph, seed)

    def get_extra_state(self) -> dict[str, Tensor | None]:
        """Return what was computed, for ``state_dict()``."""
        return {name: getattr(self, name) for name in self.fitted}

    def set_extra_state(self, state: dict[str, Tensor | None]) -> None:
        """Take over what :meth:`get_extra_state` returned."""
        for name in self.fitted:
            setattr(self, name, state[name])

    def check_fitted(self) -> None:
        """Raise unless the model is fitted.

        Raises:
            ValueError: If it is not.
        """
        if any(getattr(self, name) is None for name in self.fitted):
            raise ValueError(
                f"{type(self).__name__} needs to be fitted before it scores"
            )

    def check_size(self, side: str, fitted: int, given: int) -> None:
        """Raise unless a graph is of the size that the model was fitted to.

        Args:
            side: ``"users"`` or ``"items"``.
            fitted: How many the model knows.
            given: How many the graph has.

        Raises:
            ValueError: If they differ.
        """
        if fitted != given:
            raise ValueError(
                f"'adjacency' needs {fitted} {side}, as {type(self).__name__} was "
                f"fitted to (got {given})"
            )

    def __repr__(self) -> str:
        given = ", ".join(f"{k}={v!r}" for k, v in vars(self.config).items())
        return f"{type(self).__name__}({given})"

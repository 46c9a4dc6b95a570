"""Models that are computed from a graph, without the trainer, and their state."""

from abc import abstractmethod
from typing import Any, ClassVar

import torch
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.models.model import Model, ModelConfig


class ClosedFormModel(Model):
    """A model that ``fit`` computes from a graph, without the trainer.

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

    @abstractmethod
    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Compute the model.

        Args:
            graph: The training graph, or what
                :meth:`~tvdiff_pyg.models.Model.adjacency_of` reads it from; its weights
                are not read.
            seed: Seed of what is random. (default: ``0``)

        Returns:
            The model itself.
        """
        raise NotImplementedError

    def prepare(self, graph: GraphLike, seed: int = 0) -> Self:
        """Fit; see :meth:`~tvdiff_pyg.models.Model.prepare`."""
        self.fit(graph, seed)
        self._check_kept()
        return self

    def _check_kept(self) -> None:
        """Raise unless all that was computed is part of the state."""
        others = [name for name, value in vars(self).items() if torch.is_tensor(value)]
        unset = [name for name in self.fitted if getattr(self, name) is None]
        if others or unset:
            raise ValueError(
                f"'fitted' of {type(self).__name__} needs to name the tensors that "
                f"'fit' computes (got {self.fitted}, of which {unset} are none, "
                f"beside {others})"
            )

    def get_extra_state(self) -> dict[str, Any]:
        """Return what was computed, and by which model, for ``state_dict()``."""
        fitted = {name: getattr(self, name) for name in self.fitted}
        return {"of": type(self).__name__, **fitted}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`get_extra_state` returned.

        Args:
            state: What it returned.

        Raises:
            ValueError: If that was of another model, whose tensors may bear the same
                names.
        """
        name = type(self).__name__
        if state.get("of") != name or not state.keys() >= {*self.fitted}:
            raise ValueError(
                f"'state' needs to be that of a fitted {name} "
                f"(got that of {state.get('of', 'another model')})"
            )
        for fitted in self.fitted:
            setattr(self, fitted, state[fitted])

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

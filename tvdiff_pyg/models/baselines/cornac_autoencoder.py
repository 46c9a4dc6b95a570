"""What the autoencoders of the package `cornac` share: layers, ranked as factors."""

from importlib import import_module
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Module
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.models.baselines.autoencoder_scorer import AutoencoderScorer
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.sparse import CSR


class CornacAutoencoder(ClosedFormModel):
    """An autoencoder of the package `cornac <https://cornac.preferred.ai>`_, learned on
    the CPU.

    The last layer of its decoder is linear, and what follows keeps the order of the
    items: a user's factor is what that layer reads, with a 1 for the biases. New
    histories are encoded like any other.

    Args:
        config: Its settings.

    Raises:
        ImportError: If cornac is not installed.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__(config)
        cornac_part("models")  # names what is wrong before any data is read
        self.is_fitted = False

    def network(self, num_items: int) -> Module:
        """Build the package's network, untrained.

        Args:
            num_items: Number of items.
        """
        raise NotImplementedError

    def learn(self, rows: CSR, seed: int) -> Module:
        """Learn the package's network.

        Args:
            rows: Each user's items, of shape ``[num_users, num_items]``.
            seed: Seed of all that is random.
        """
        raise NotImplementedError

    def keep(self, network: Any) -> None:
        """Keep the layers that score.

        Args:
            network: The package's network.
        """
        raise NotImplementedError

    @property
    def last(self) -> Linear:
        """The layer that scores all items."""
        raise NotImplementedError

    def code(self, history: CSR) -> Tensor:
        """Compute what the last layer reads.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            Codes, of shape ``[batch_size, channels]``.
        """
        raise NotImplementedError

    def fit(self, graph: GraphLike, seed: int = 0) -> Self:
        """Learn from a graph's users."""
        rows = self.adjacency_of(graph).user_rows
        with torch.random.fork_rng(devices=[]):  # it seeds the generator of all
            network = self.learn(rows, seed)
        self._take(network)
        self.is_fitted = True
        return self.to(rows.col.device)

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build with layers of the catalogue's size, for a state to be loaded."""
        model = super().from_config(config, num_users, num_items)
        with torch.random.fork_rng(devices=[]):
            model._take(model.network(num_items))
        return model

    def _take(self, network: Module) -> None:
        self.keep(network)
        self.eval().requires_grad_(False)

    def get_extra_state(self) -> dict[str, Any]:
        """Return whether the layers are those of a fit."""
        return {**super().get_extra_state(), "is_fitted": self.is_fitted}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`get_extra_state` returned."""
        super().set_extra_state(state)
        self.is_fitted = state["is_fitted"]

    def scorer(self, graph: GraphLike) -> AutoencoderScorer:
        """Rank by the last layer.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        if not self.is_fitted:
            name = type(self).__name__
            raise ValueError(f"{name} needs to be fitted before it scores")
        rows = self.adjacency_of(graph).user_rows
        self.check_size("items", self.last.out_features, rows.num_cols)
        return AutoencoderScorer(rows, self.last, self.code)


def cornac_part(name: str) -> Any:
    """Import a module of cornac.

    Args:
        name: Its name within the package.

    Raises:
        ImportError: If cornac is not installed.
    """
    try:
        return import_module(f"cornac.{name}")
    except ImportError as error:
        raise ImportError(
            "'cornac' needs to be installed for its baselines: "
            "pip install 'tvdiff_pyg[baselines]'"
        ) from error


def to_dataset(rows: CSR, seed: int | None = None) -> Any:
    """Hand interactions to the package, each a one.

    Args:
        rows: Each user's items, of shape ``[num_users, num_items]``.
        seed: Seed of the order of users. (default: ``None``)
    """
    # Ids are places already; its own readers would number them by occurrence.
    user_ids, item_ids = (
        {place: place for place in range(size)}
        for size in (rows.num_rows, rows.num_cols)
    )
    ones = np.ones(rows.nnz, dtype=np.float32)
    pairs = rows.row().cpu().numpy(), rows.col.cpu().numpy(), ones
    size = rows.num_rows, rows.num_cols
    return cornac_part("data").Dataset(*size, user_ids, item_ids, pairs, seed=seed)

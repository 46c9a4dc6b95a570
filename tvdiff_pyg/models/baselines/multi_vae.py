"""The variational autoencoder of the package `cornac`, as factors."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Sequential
from typing_extensions import Self

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.closed_form import ClosedFormModel
from tvdiff_pyg.models.memory import FLOAT, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, spmm


@dataclass(frozen=True)
class MultiVAEConfig(ModelConfig):
    """Settings of :class:`MultiVAE`, by cornac's own names.

    Args:
        k: Length of the code, at least 1.
        autoencoder_structure: Widths of the encoder's hidden layers, each at least 1.
        n_epochs: Passes over the users, at least 1.
        batch_size: Users in a batch, at least 1.
        learning_rate: Learning rate of Adam, above 0.
        beta: Weight of the code's divergence, at least 0.

    Raises:
        ValueError: If a setting is outside its range.
    """

    k: int = 64
    autoencoder_structure: tuple[int, ...] = (256,)
    n_epochs: int = 100
    batch_size: int = 100
    learning_rate: float = 1e-3
    beta: float = 1.0

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "k", "n_epochs", "batch_size")
        widths = self.autoencoder_structure
        self.check(
            "autoencoder_structure",
            len(widths) > 0 and min(widths) >= 1,
            "at least one width, each at least 1",
        )
        self.check("learning_rate", self.learning_rate > 0, "positive")
        self.check("beta", self.beta >= 0, "at least 0")

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both sides of the network with Adam, and dense batches of users."""
        width = self.autoencoder_structure[0]
        batch = 6 * FLOAT * self.batch_size * size.num_items
        return {
            "parameters": 2 * FLOAT * size.num_items * width,
            "optimizer": 4 * FLOAT * size.num_items * width,
            "gradients": 2 * FLOAT * size.num_items * width,
            "activations": max(batch, factor_scoring(size, width + 1)),
        }


@register_model("multi-vae", MultiVAEConfig)
class MultiVAE(ClosedFormModel):
    r"""The autoencoder of `"Variational Autoencoders for Collaborative Filtering"
    <https://arxiv.org/abs/1802.05814>`_ of the package
    `cornac <https://cornac.preferred.ai>`_, learned on the CPU.

    The last layer of its decoder is linear, and what follows keeps the order of the
    items: a user's factor is the layer before, with a 1 for the biases. New histories
    are encoded like any other.

    Args:
        k: Length of the code, at least 1. (default: ``64``)
        autoencoder_structure: Widths of the encoder's hidden layers.
            (default: ``(256,)``)
        n_epochs: Passes over the users, at least 1. (default: ``100``)
        batch_size: Users in a batch, at least 1. (default: ``100``)
        learning_rate: Learning rate of Adam, above 0. (default: ``1e-3``)
        beta: Weight of the code's divergence, at least 0. (default: ``1.0``)

    Raises:
        ImportError: If cornac is not installed.
        ValueError: If an argument is outside its range.

    Example:
        >>> import pytest; _ = pytest.importorskip("cornac")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> model = MultiVAE(autoencoder_structure=(4,), n_epochs=1).fit(adjacency)
        >>> model.scorer(adjacency).item_factor.shape
        torch.Size([2, 5])
    """

    config: MultiVAEConfig

    def __init__(
        self,
        k: int = 64,
        autoencoder_structure: tuple[int, ...] = (256,),
        n_epochs: int = 100,
        batch_size: int = 100,
        learning_rate: float = 1e-3,
        beta: float = 1.0,
    ) -> None:
        super().__init__(
            MultiVAEConfig(
                k, autoencoder_structure, n_epochs, batch_size, learning_rate, beta
            )
        )
        self._solver(0)  # names what is wrong before any data is read
        self.is_fitted = False
        self.encoder: Sequential | None = None
        self.decoder: Sequential | None = None

    def fit(self, graph: BipartiteAdjacency, seed: int = 0) -> Self:
        """Learn from a graph's users."""
        solver = self._solver(seed)
        with torch.random.fork_rng(devices=[]):  # it seeds the generator of all
            solver.fit(_to_dataset(graph.user_rows))
        self._take(solver.vae)
        self.is_fitted = True
        return self.to(graph.user_rows.col.device)

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build with layers of the catalogue's size, for a state to be loaded."""
        model = super().from_config(config, num_users, num_items)
        model._take(model._network(num_items))
        return model

    def get_extra_state(self) -> dict[str, Any]:
        """Return whether the layers are those of a fit."""
        return {"is_fitted": self.is_fitted}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """Take over what :meth:`get_extra_state` returned."""
        self.is_fitted = state["is_fitted"]

    def _network(self, num_items: int) -> Any:
        from cornac.models.vaecf.vaecf import VAE

        structure = [num_items, *self.config.autoencoder_structure]
        with torch.random.fork_rng(devices=[]):
            return VAE(self.config.k, structure, "tanh", "mult")

    def _take(self, network: Any) -> None:
        self.encoder = Sequential(*network.encoder, network.enc_mu)
        self.decoder = network.decoder
        self.eval().requires_grad_(False)

    def scorer(self, graph: BipartiteAdjacency) -> "MultiVAEScorer":
        """Rank by the decoder's last layers.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        if not self.is_fitted:
            raise ValueError("MultiVAE needs to be fitted before it scores")
        assert self.encoder is not None and self.decoder is not None
        last = self.decoder[-1]
        assert isinstance(last, Linear)
        self.check_size("items", last.out_features, graph.user_rows.num_cols)
        return MultiVAEScorer(graph.user_rows, self.encoder, self.decoder)

    def _solver(self, seed: int) -> Any:
        try:
            from cornac.models import VAECF
        except ImportError as error:
            raise ImportError(
                "'cornac' needs to be installed for its baseline: "
                "pip install 'tvdiff_pyg[baselines]'"
            ) from error
        options = asdict(self.config)
        options["autoencoder_structure"] = list(options["autoencoder_structure"])
        return VAECF(seed=seed, **options)


class MultiVAEScorer(FactorScorer):
    """Encodes histories; the biases of the last layer are one more channel.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        encoder: From a history to its code.
        decoder: From a code to scores.
    """

    def __init__(self, rows: CSR, encoder: Sequential, decoder: Sequential) -> None:
        last = decoder[-1]
        assert isinstance(last, Linear)
        super().__init__(rows, torch.cat([last.weight, last.bias[:, None]], dim=1))
        self._encoder, self._decoder = encoder, decoder

    def query(self, history: CSR) -> Tensor:
        """Encode histories; see :meth:`~tvdiff_pyg.models.Scorer.query`."""
        first = self._encoder[0]
        assert isinstance(first, Linear)
        # The first layer reads a dense row of all items: sum what is there instead.
        hidden = spmm(history.with_value(None), first.weight.t()) + first.bias
        hidden = self._decoder[:-1](self._encoder[1:](hidden))
        return torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)


def _to_dataset(rows: CSR) -> Any:
    from cornac.data import Dataset

    # Ids are places already; its own readers would number them by occurrence.
    user_ids, item_ids = (
        {place: place for place in range(size)}
        for size in (rows.num_rows, rows.num_cols)
    )
    ones = np.ones(rows.nnz, dtype=np.float32)
    pairs = rows.row().cpu().numpy(), rows.col.cpu().numpy(), ones
    return Dataset(rows.num_rows, rows.num_cols, user_ids, item_ids, pairs)

"""RecVAE, a variational autoencoder of the package `cornac`, as factors."""

from dataclasses import dataclass
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Linear, Module
from torch.optim import Adam

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.cornac_autoencoder import (
    CornacAutoencoder,
    cornac_part,
    to_dataset,
)
from tvdiff_pyg.models.memory import FLOAT, Step, factor_scoring
from tvdiff_pyg.models.model import ModelConfig, register_model
from tvdiff_pyg.search_space import Choice, Space, log
from tvdiff_pyg.sparse import CSR, spmm

# Share of a history's items that the encoder does not see while it learns.
DROPOUT = 0.5


@dataclass(frozen=True)
class RecVAEConfig(ModelConfig):
    """Settings of :class:`RecVAE`, by cornac's own names.

    Args:
        hidden_dim: Width of the encoder, at least 1.
        latent_dim: Length of the code, at least 1.
        batch_size: Users in a batch, at least 1.
        gamma: Weight of the code's divergence for each item of a history, above 0.
        lr: Learning rate of Adam, above 0.
        n_epochs: Rounds of encoder and decoder, at least 1.
        n_enc_epochs: Passes over the users for the encoder in a round, at least 1.
        n_dec_epochs: Passes over the users for the decoder in a round, at least 1.

    Raises:
        ValueError: If a setting is outside its range.
    """

    hidden_dim: int = 600
    latent_dim: int = 200
    batch_size: int = 500
    gamma: float = 0.005
    lr: float = 5e-4
    n_epochs: int = 50
    n_enc_epochs: int = 3
    n_dec_epochs: int = 1

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        self.check_at_least(1, "hidden_dim", "latent_dim", "batch_size")
        self.check_at_least(1, "n_epochs", "n_enc_epochs", "n_dec_epochs")
        self.check("gamma", self.gamma > 0, "positive")
        self.check("lr", self.lr > 0, "positive")

    @property
    def packages(self) -> tuple[str, ...]:
        """The package whose network it is."""
        return ("cornac",)

    @property
    def search_space(self) -> Space:
        """Code, divergence, Adam and rounds."""
        return {
            "latent_dim": Choice(64, 128, 200),
            "gamma": log(1e-4, 0.1),
            "lr": log(1e-4, 3e-3),
            "n_epochs": log(10, 100),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both encoders and the decoder with Adam, and dense batches of users."""
        table = FLOAT * size.num_items
        batch = 8 * FLOAT * self.batch_size * size.num_items
        return {
            "parameters": table * (2 * self.hidden_dim + self.latent_dim),
            "optimizer": 2 * table * (self.hidden_dim + self.latent_dim),
            "gradients": table * (self.hidden_dim + self.latent_dim),
            "activations": max(batch, factor_scoring(size, self.latent_dim + 1)),
        }


@register_model("recvae", RecVAEConfig)
class RecVAE(CornacAutoencoder):
    r"""`"RecVAE: a New Variational Autoencoder for Top-N Recommendations with Implicit
    Feedback" <https://arxiv.org/abs/1912.11160>`_, by the network, the loss and the
    batches of the package `cornac <https://cornac.preferred.ai>`_.

    .. math::
        L = \mathrm{mean}_u \Big( \gamma \, |N(u)| \, \mathrm{KL} \big( q(z \mid r_u)
        \,\Vert\, p(z \mid \phi_{old}, r_u) \big) - \sum_{i \in N(u)} \log
        \mathrm{softmax}_i (W z + b) \Big)

    with a prior that mixes a normal one, the encoder's own of the last round, and a
    wide one. Encoder and decoder learn in turns, the encoder from half of each history.
    Unlike cornac's own scores, which are drawn with dropout, ranking is by the mean of
    the code.

    Args:
        hidden_dim: Width of the encoder, at least 1. (default: ``600``)
        latent_dim: Length of the code, at least 1. (default: ``200``)
        batch_size: Users in a batch, at least 1. (default: ``500``)
        gamma: Weight :math:`\gamma`, above 0. (default: ``0.005``)
        lr: Learning rate of Adam, above 0. (default: ``5e-4``)
        n_epochs: Rounds of encoder and decoder, at least 1. (default: ``50``)
        n_enc_epochs: Passes for the encoder in a round, at least 1. (default: ``3``)
        n_dec_epochs: Passes for the decoder in a round, at least 1. (default: ``1``)

    Raises:
        ImportError: If cornac is not installed.
        ValueError: If an argument is outside its range.

    Example:
        >>> import pytest; _ = pytest.importorskip("cornac")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = RecVAE(hidden_dim=4, latent_dim=3, n_epochs=1).fit(edge_index)
        >>> model.scorer(edge_index).item_factor.shape
        torch.Size([2, 4])
    """

    config: RecVAEConfig

    def __init__(
        self,
        hidden_dim: int = 600,
        latent_dim: int = 200,
        batch_size: int = 500,
        gamma: float = 0.005,
        lr: float = 5e-4,
        n_epochs: int = 50,
        n_enc_epochs: int = 3,
        n_dec_epochs: int = 1,
    ) -> None:
        sizes, rounds = (
            (hidden_dim, latent_dim, batch_size),
            (n_enc_epochs, n_dec_epochs),
        )
        super().__init__(RecVAEConfig(*sizes, gamma, lr, n_epochs, *rounds))
        self.encoder: Any = None
        self.decoder: Linear | None = None

    def network(self, num_items: int) -> Module:
        """Build the network; see
        :meth:`~tvdiff_pyg.models.baselines.cornac_autoencoder.CornacAutoencoder.network`.
        """
        config = self.config
        kind = cornac_part("models.recvae.recvae").VAE
        network: Module = kind(config.hidden_dim, config.latent_dim, num_items)
        return network

    def learn(self, rows: CSR, seed: int) -> Module:
        """Learn in rounds; see
        :meth:`~tvdiff_pyg.models.baselines.cornac_autoencoder.CornacAutoencoder.learn`.
        """
        config, data = self.config, to_dataset(rows, seed)
        # Its own `fit` does the same, and ranks all users after each round.
        solver = cornac_part("models").RecVAE(use_gpu=False)
        torch.manual_seed(seed)
        network: Any = self.network(rows.num_cols)
        encoder, decoder = (
            Adam(part.parameters(), lr=config.lr)
            for part in (network.encoder, network.decoder)
        )
        shared = {"model": network, "train_set": data, "gamma": config.gamma}
        shared |= {"my_batch_size": config.batch_size, "beta": None}
        for _ in range(config.n_epochs):
            passes = {"n_epochs": config.n_enc_epochs, "dropout_rate": DROPOUT}
            solver.run(opts=[encoder], **passes, **shared)
            network.update_prior()
            passes = {"n_epochs": config.n_dec_epochs, "dropout_rate": 0}
            solver.run(opts=[decoder], **passes, **shared)
        return cast(Module, network)

    def keep(self, network: Any) -> None:
        """Keep the encoder and the decoder."""
        self.encoder, self.decoder = network.encoder, network.decoder

    @property
    def last(self) -> Linear:
        """The decoder."""
        assert self.decoder is not None
        return self.decoder

    def code(self, history: CSR) -> Tensor:
        """Compute the means of the codes."""
        net = self.encoder
        length = history.degree().clamp(min=1).sqrt()[:, None]
        # The first layer reads a dense row of all items: sum what is there instead.
        x = spmm(history.with_value(None), net.fc1.weight.t()) / length + net.fc1.bias
        hidden = total = net.ln1(F.silu(x))
        for number in range(2, 6):
            layer, norm = getattr(net, f"fc{number}"), getattr(net, f"ln{number}")
            hidden = norm(F.silu(layer(hidden) + total))
            total = total + hidden
        mean: Tensor = net.fc_mu(hidden)
        return mean

"""VAECF, a variational autoencoder of the package `cornac`, as factors."""

from dataclasses import asdict, dataclass
from typing import Any

from torch import Tensor
from torch.nn import Linear, Module, Sequential

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


@dataclass(frozen=True)
class VAECFConfig(ModelConfig):
    """Settings of :class:`VAECF`, by cornac's own names.

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

    @property
    def packages(self) -> tuple[str, ...]:
        """The package that learns it."""
        return ("cornac",)

    @property
    def search_space(self) -> Space:
        """Code, divergence and Adam."""
        return {
            "k": Choice(64, 128),
            "beta": log(1e-2, 1.0),
            "learning_rate": log(3e-4, 3e-3),
            "n_epochs": log(10, 100),
        }

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


@register_model("vaecf", VAECFConfig)
class VAECF(CornacAutoencoder):
    r"""The autoencoder VAECF of the package `cornac <https://cornac.preferred.ai>`_,
    with the multinomial likelihood of `"Variational Autoencoders for Collaborative
    Filtering" <https://arxiv.org/abs/1802.05814>`_.

    .. math::
        L = \mathrm{mean}_u \Big( \beta \, \mathrm{KL} \big( q(z \mid r_u) \,\Vert\,
        \mathcal{N}(0, I) \big) - \sum_{i \in N(u)} \log \mathrm{softmax}_i
        f(z) \Big)

    It is not the paper's Mult-VAE, which normalises histories, drops items of them, and
    raises :math:`\beta` from 0: cornac's does none of it.

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
        >>> import pytest, torch; _ = pytest.importorskip("cornac")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> model = VAECF(autoencoder_structure=(4,), n_epochs=1).fit(edge_index)
        >>> model.scorer(edge_index).item_factor.shape
        torch.Size([2, 5])
    """

    config: VAECFConfig

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
            VAECFConfig(
                k, autoencoder_structure, n_epochs, batch_size, learning_rate, beta
            )
        )
        self.encoder: Sequential | None = None
        self.decoder: Sequential | None = None

    def network(self, num_items: int) -> Module:
        """Build the layers; see
        :meth:`~tvdiff_pyg.models.baselines.cornac_autoencoder.CornacAutoencoder.network`.
        """
        structure = [num_items, *self.config.autoencoder_structure]
        kind = cornac_part("models.vaecf.vaecf").VAE
        network: Module = kind(self.config.k, structure, "tanh", "mult")
        return network

    def learn(self, rows: CSR, seed: int) -> Module:
        """Fit the package's model; see
        :meth:`~tvdiff_pyg.models.baselines.cornac_autoencoder.CornacAutoencoder.learn`.
        """
        options = asdict(self.config)
        options["autoencoder_structure"] = list(options["autoencoder_structure"])
        solver = cornac_part("models").VAECF(seed=seed, **options)
        network: Module = solver.fit(to_dataset(rows)).vae
        return network

    def keep(self, network: Any) -> None:
        """Keep the encoder's means and the decoder."""
        self.encoder = Sequential(*network.encoder, network.enc_mu)
        self.decoder = network.decoder

    @property
    def last(self) -> Linear:
        """The last layer of the decoder."""
        assert self.decoder is not None
        last = self.decoder[-1]
        assert isinstance(last, Linear)
        return last

    def code(self, history: CSR) -> Tensor:
        """Encode, and decode but for the last layer."""
        assert self.encoder is not None and self.decoder is not None
        first = self.encoder[0]
        assert isinstance(first, Linear)
        # The first layer reads a dense row of all items: sum what is there instead.
        hidden = spmm(history.with_value(None), first.weight.t()) + first.bias
        code: Tensor = self.decoder[:-1](self.encoder[1:](hidden))
        return code

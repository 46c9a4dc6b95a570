"""The variational autoencoder of the package `cornac`, as factors."""

from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import Linear, Sequential
from typing_extensions import Self

from tvdiff_pyg.models.model import FactorModel, ItemSide
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, spmm


class MultiVAE(FactorModel):
    r"""The autoencoder of `"Variational Autoencoders for Collaborative Filtering"
    <https://arxiv.org/abs/1802.05814>`_ of the package
    `cornac <https://cornac.preferred.ai>`_, learned on the CPU.

    The last layer of its decoder is linear, and what follows keeps the order of the
    items: a user's factor is the layer before, with a 1 for the biases. New histories
    are encoded like any other.

    Args:
        seed: Seed of weights and noise. (default: ``0``)
        **options: Further arguments of ``VAECF``, such as ``k``,
            ``autoencoder_structure``, ``n_epochs``, ``batch_size``, ``learning_rate``,
            ``beta``.

    Raises:
        ImportError: If cornac is not installed.

    Example:
        >>> import pytest; _ = pytest.importorskip("cornac")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> adjacency = BipartiteAdjacency.from_edge_index(edge_index, (2, 2))
        >>> model = MultiVAE(autoencoder_structure=[4], n_epochs=1).fit(adjacency)
        >>> model.encode_items(adjacency).factor.shape
        torch.Size([2, 5])
    """

    def __init__(self, seed: int = 0, **options: Any) -> None:
        super().__init__()
        self.options = {"seed": seed, **options}
        self._solver()  # names what is wrong before any data is read
        self.encoder: Sequential | None = None
        self.decoder: Sequential | None = None

    def fit(self, adjacency: BipartiteAdjacency) -> Self:
        """Learn from a graph's users.

        Args:
            adjacency: The training graph; its weights are not read.

        Returns:
            The model itself.
        """
        solver = self._solver()
        with torch.random.fork_rng(devices=[]):  # it seeds the generator of all
            solver.fit(_to_dataset(adjacency.user_rows))
        self.encoder = Sequential(*solver.vae.encoder, solver.vae.enc_mu)
        self.decoder = solver.vae.decoder
        return self.to(adjacency.user_rows.col.device).eval().requires_grad_(False)

    def encode_items(self, adjacency: BipartiteAdjacency) -> ItemSide:
        """Return the weights of the last layer, with its biases as a channel.

        Args:
            adjacency: A graph of the items that the model was fitted to.

        Raises:
            ValueError: If the model is not fitted, or to other items.
        """
        if self.decoder is None:
            raise ValueError("MultiVAE needs to be fitted before it scores")
        last = self.decoder[-1]
        assert isinstance(last, Linear)
        num_items = adjacency.user_rows.num_cols
        if last.out_features != num_items:
            raise ValueError(
                f"'adjacency' needs {last.out_features} items, as MultiVAE was fitted "
                f"to (got {num_items})"
            )
        return ItemSide(torch.cat([last.weight, last.bias[:, None]], dim=1))

    def encode_users(self, history: CSR, items: ItemSide) -> Tensor:
        """Encode histories; see :meth:`FactorModel.encode_users`."""
        assert self.encoder is not None and self.decoder is not None
        first = self.encoder[0]
        assert isinstance(first, Linear)
        # The first layer reads a dense row of all items: sum what is there instead.
        hidden = spmm(history.with_value(None), first.weight.t()) + first.bias
        hidden = self.decoder[:-1](self.encoder[1:](hidden))
        return torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)

    def __repr__(self) -> str:
        options = ", ".join(f"{name}={value}" for name, value in self.options.items())
        return f"{self.__class__.__name__}({options})"

    def _solver(self) -> Any:
        try:
            from cornac.models import VAECF
        except ImportError as error:
            raise ImportError(
                "'cornac' needs to be installed for its baseline: "
                "pip install 'tvdiff_pyg[baselines]'"
            ) from error
        return VAECF(**self.options)


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

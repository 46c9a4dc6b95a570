"""An autoencoder prepared on a graph: its last layer ranks what the others encode."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import Linear

from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.sparse import CSR


class AutoencoderScorer(FactorScorer):
    """Encodes histories; the biases of the last layer are one more channel.

    Args:
        rows: Each user's training items, of shape ``[num_users, num_items]``.
        last: The layer that scores all items.
        encode: Turns histories, ``[batch_size, num_items]``, into what that layer
            reads, ``[batch_size, channels]``.
    """

    def __init__(
        self, rows: CSR, last: Linear, encode: Callable[[CSR], Tensor]
    ) -> None:
        super().__init__(rows, torch.cat([last.weight, last.bias[:, None]], dim=1))
        self._encode = encode

    def query(self, history: CSR) -> Tensor:
        """Encode histories; see :meth:`~tvdiff_pyg.models.Scorer.query`."""
        hidden = self._encode(history)
        return torch.cat([hidden, torch.ones_like(hidden[:, :1])], dim=1)

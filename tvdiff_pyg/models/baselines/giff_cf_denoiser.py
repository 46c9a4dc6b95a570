"""GiffCF's denoiser: it refines what is known of a user, and sharpens their scores."""

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Embedding, Linear, Module, Sequential, SiLU

from tvdiff_pyg.nn.time_embedding import sinusoidal_embedding
from tvdiff_pyg.sparse import CSR, spmm

# Widths of the published networks.
TIME_CHANNELS, MIXED_CHANNELS = 20, 2


class Mixer(Module):
    r"""A small perceptron that mixes several numbers into one, the same at each place.

    .. math::
        y = \sum_k b_k \, \mathrm{silu} \Big( \sum_j a_{kj} x_j + c_k \Big) + d

    Args:
        num_planes: How many numbers are mixed.

    Example:
        >>> plane, row = torch.rand(2, 5), torch.rand(2, 1)
        >>> Mixer(2)(row, plane).shape
        torch.Size([2, 5])
    """

    def __init__(self, num_planes: int) -> None:
        super().__init__()
        self.inner = Linear(num_planes, MIXED_CHANNELS)
        self.outer = Linear(MIXED_CHANNELS, 1)

    def forward(self, *planes: Tensor) -> Tensor:
        """Mix planes, without stacking them.

        Args:
            planes: What is mixed, of shapes that broadcast; small ones first.

        Returns:
            One plane, of the shape that they have together.
        """
        mixed = self.outer.bias
        channels = zip(
            self.inner.weight, self.inner.bias, self.outer.weight[0], strict=True
        )
        for weights, hidden, outer in channels:
            for weight, plane in zip(weights, planes, strict=True):
                hidden = hidden + weight * plane
            mixed = mixed + outer * F.silu(hidden)
        return mixed


class TwoStageDenoiser(Module):
    r"""The denoiser of GiffCF.

    .. math::
        h_u &= \mathrm{mix}_1 \big( \tau_1(t), \; z_t V / |\mathcal{I}|, \;
        c_u V / \max(\lVert c_u \rVert_1, 1) \big), \\
        \hat x_u &= \mathrm{mix}_2 \big( \tau_2(t), \; h_u V^{\top}, \; c_u, \;
        c_u A \big)

    where :math:`z_t` is the smoothed signal, :math:`c_u` the history, and each of
    :math:`\tau_1, \tau_2` a perceptron that makes one number of a timestep.

    Args:
        num_items: Number of items.
        hidden_channels: Length of the items' vectors :math:`V`.
    """

    def __init__(self, num_items: int, hidden_channels: int) -> None:
        super().__init__()
        self.item_embedding = Embedding(num_items, hidden_channels)
        self.refining_time, self.sharpening_time = _time_layers(), _time_layers()
        self.refining, self.sharpening = Mixer(3), Mixer(4)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform, zero bias)."""
        torch.nn.init.xavier_uniform_(self.item_embedding.weight)
        for layer in self.modules():
            if isinstance(layer, Linear):
                torch.nn.init.xavier_uniform_(layer.weight)
                torch.nn.init.zeros_(layer.bias)

    def embed(self, history: CSR) -> Tensor:
        """Sum the vectors of histories, by their length.

        Args:
            history: Each user's items, of shape ``[batch_size, num_items]``.

        Returns:
            Vectors, of shape ``[batch_size, hidden_channels]``.
        """
        value, row = history.values(), history.row()
        length = value.new_zeros(history.num_rows).index_add(0, row, value)
        value = value / length.clamp(min=1)[row]
        return spmm(history.with_value(value), self.item_embedding.weight)

    def refine(self, signal: Tensor, condition: Tensor, timestep: Tensor) -> Tensor:
        """Compute what a user is sought by, ``[batch_size, hidden_channels]``.

        Args:
            signal: The smoothed signal times the items' vectors, of that shape.
            condition: What :meth:`embed` returns of the history.
            timestep: Timesteps, of shape ``[batch_size]``, or ``[1]`` for all.
        """
        time = self._time(self.refining_time, timestep)
        mixed: Tensor = self.refining(time, signal / self.num_items, condition)
        return mixed

    def sharpen(
        self, refined: Tensor, history: Tensor, smooth: Tensor, timestep: Tensor
    ) -> Tensor:
        """Compute the interactions, of shape ``[batch_size, num_items]``.

        Args:
            refined: What :meth:`refine` returns.
            history: The history, of the shape of the interactions.
            smooth: The smoothed history, likewise.
            timestep: As in :meth:`refine`.
        """
        time = self._time(self.sharpening_time, timestep)
        score = refined @ self.item_embedding.weight.t()
        mixed: Tensor = self.sharpening(time, score, history, smooth)
        return mixed

    @property
    def num_items(self) -> int:
        """Number of items."""
        return self.item_embedding.num_embeddings

    def _time(self, layers: Module, timestep: Tensor) -> Tensor:
        dtype = self.item_embedding.weight.dtype
        wave = sinusoidal_embedding(timestep, TIME_CHANNELS, dtype=dtype)
        number: Tensor = layers(wave)
        return number


def _time_layers() -> Sequential:
    return Sequential(
        Linear(TIME_CHANNELS, TIME_CHANNELS), SiLU(), Linear(TIME_CHANNELS, 1)
    )

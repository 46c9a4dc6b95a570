"""What models share that contrast LightGCN's propagation with itself under noise."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn import Embedding

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.baselines.embedding import EmbeddingModel
from tvdiff_pyg.models.baselines.lightgcn import BipartiteLGConv, LightGCNConfig
from tvdiff_pyg.models.memory import FLOAT, Step
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.search_space import WIDTHS, Choice, Range, Space, log
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization
from tvdiff_pyg.sparse.adjacency import check_adjacency

Factors = tuple[Tensor, Tensor]


@dataclass(frozen=True)
class ContrastiveConfig(LightGCNConfig):
    """Settings of a model that contrasts views with noise.

    Args:
        hidden_channels: Length of the vectors, at least 1.
        num_layers: Layers of propagation, at least 1, at most 100.
        noise: Length of the noise of each layer, in [0, 100].
        contrast: Weight of the contrastive loss, in [0, 1000].
        contrast_temperature: What similarities are divided by, in [0.001, 1000].

    Raises:
        ValueError: If a setting is outside its range.
    """

    num_layers: int = 2
    noise: float = 0.1
    contrast: float = 0.5
    contrast_temperature: float = 0.2

    def __post_init__(self) -> None:
        """Check the ranges."""
        super().__post_init__()
        # Beyond these, noise or contrast drowns all that is learned.
        check_number("noise", self.noise, 0, 100)
        check_number("contrast", self.contrast, 0, 1000)
        check_number("contrast_temperature", self.contrast_temperature, 1e-3, 1000)

    @property
    def search_space(self) -> Space:
        """Width, layers, contrast and Adam."""
        return {
            "hidden_channels": WIDTHS,
            "num_layers": Range(1, 3),
            "noise": log(0.01, 0.5),
            "contrast": log(0.01, 1.0),
            "contrast_temperature": Range(0.1, 0.3),
            "learning_rate": log(3e-4, 1e-2),
            "weight_decay": log(1e-9, 1e-5),
            "batch_size": Choice(2048, 8192),
        }

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan as LightGCN, and both views with what compares them."""
        parts = super().memory(size, step)
        nodes = size.num_users + size.num_items
        views = 2 * (self.num_layers + 2) * nodes * self.hidden_channels
        compared = 6 * step.batch_size**2
        parts["activations"] += FLOAT * (views + compared)
        return parts


class ContrastiveModel(EmbeddingModel):
    r"""Propagates as LightGCN, with noise at each layer, and leaves the first layer out
    of the mean.

    .. math::
        e = \frac{1}{L} \sum_{l=1}^{L} e^{(l)}, \qquad
        e'^{(l)} = \mathbf{A} e'^{(l-1)} + \mathrm{sign}(\mathbf{A} e'^{(l-1)}) \odot
        \epsilon \frac{\delta}{\lVert \delta \rVert}

    with :math:`\delta` uniform in [0, 1].

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        config: Its settings.

    Raises:
        ValueError: If a number is below 1.
    """

    normalization: Normalization = "symmetric"
    config: ContrastiveConfig

    def __init__(
        self, num_users: int, num_items: int, config: ContrastiveConfig
    ) -> None:
        super().__init__(num_users, num_items, config)
        self.embedding = Embedding(num_users + num_items, config.hidden_channels)
        self.conv = BipartiteLGConv()
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew (Xavier uniform)."""
        torch.nn.init.xavier_uniform_(self.embedding.weight)

    def layers(
        self,
        adjacency: BipartiteAdjacency,
        noise: float = 0.0,
        generator: torch.Generator | None = None,
    ) -> list[Tensor]:
        """Propagate through all layers.

        Args:
            adjacency: The training graph.
            noise: Length of the noise of each layer. (default: ``0.0``)
            generator: Source of the noise. (default: ``None``)

        Returns:
            Vectors of users, then items, of each layer but the first,
            ``[num_users + num_items, hidden_channels]``.
        """
        check_adjacency(adjacency)
        both = adjacency.item_rows.transpose(), adjacency.item_rows
        x, out = self.embedding.weight, []
        # Sums of many small messages want single precision.
        with torch.autocast(x.device.type, enabled=False):
            for _ in range(self.config.num_layers):
                x = self.conv(x, both)
                if noise > 0:
                    x = x + noise * _direction(x, generator)
                out.append(x)
        return out

    def split(self, x: Tensor) -> Factors:
        """Split vectors into those of users and those of items.

        Args:
            x: Vectors, of shape ``[num_users + num_items, hidden_channels]``.
        """
        return x[: self.num_users], x[self.num_users :]

    def forward(self, adjacency: BipartiteAdjacency) -> Factors:
        """Propagate without noise; return user factors and item factors."""
        return self.split(torch.stack(self.layers(adjacency)).mean(dim=0))

    def contrastive_loss(
        self, one: Tensor, other: Tensor, user: Tensor, positive: CSR
    ) -> Tensor:
        """Contrast two views of the users and the positive items of a batch.

        Args:
            one: Vectors of users, then items.
            other: Others of the same shape.
            user: Users of the batch.
            positive: Their positive pairs, of shape ``[batch_size, num_items]``.

        Returns:
            The weighed loss, a scalar.
        """
        nodes = user.unique(), positive.col.unique() + self.num_users
        config = self.config
        loss = [
            info_nce(one[node], other[node], config.contrast_temperature)
            for node in nodes
        ]
        return config.contrast * (loss[0] + loss[1])

    def __repr__(self) -> str:
        return (
            f"{self.__class__.__name__}({self.num_users}, {self.num_items}, "
            f"hidden_channels={self.hidden_channels}, "
            f"num_layers={self.config.num_layers})"
        )


def _direction(x: Tensor, generator: torch.Generator | None) -> Tensor:
    """Draw unit vectors in the orthant of each row."""
    draw = torch.rand(x.shape, generator=generator, device=x.device, dtype=x.dtype)
    return x.detach().sign() * F.normalize(draw, dim=1)


def info_nce(one: Tensor, other: Tensor, temperature: float) -> Tensor:
    """Compute how hard it is to tell each row's own view from those of the others.

    Args:
        one: Vectors, of shape ``[num_rows, channels]``.
        other: Other views of them, of the same shape.
        temperature: What cosines are divided by.

    Returns:
        The mean of the cross-entropies, a scalar; zero of no row.

    Example:
        >>> info_nce(torch.eye(2), torch.eye(2), temperature=1.0)
        tensor(0.3133)
    """
    logits = F.normalize(one, dim=1) @ F.normalize(other, dim=1).t() / temperature
    own = torch.arange(logits.size(0), device=logits.device)
    return F.cross_entropy(logits, own, reduction="sum") / max(own.numel(), 1)

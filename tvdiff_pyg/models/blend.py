"""The scores of a model, a linear item model and popularity, added on one scale."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from typing_extensions import Self

from tvdiff_pyg.data.graph_like import GraphLike
from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.baselines.item_item import ItemItemModel
from tvdiff_pyg.models.baselines.local_ease import LocalEASEConfig
from tvdiff_pyg.models.blend_scorer import BlendScorer
from tvdiff_pyg.models.memory import Engine, Step
from tvdiff_pyg.models.model import Model, ModelConfig
from tvdiff_pyg.models.popularity_bias import PopularityBias
from tvdiff_pyg.models.score_scale import (
    deviation_of_products,
    deviation_of_scores,
    spread_users,
)
from tvdiff_pyg.ranking import HistoryRanker
from tvdiff_pyg.sampled import HistoricalSums
from tvdiff_pyg.sparse import BipartiteAdjacency


@dataclass(frozen=True)
class BlendConfig(ModelConfig):
    """Settings of :class:`Blend`.

    Args:
        model: Settings of the model of dense factors.
        linear: Settings of the linear item model.
        share: Standard deviations of the linear scores for each one of the model's, at
            least 0.
        popularity_share: Those of the log of items' degrees, likewise.

    Raises:
        ValueError: If a setting is outside its range, or the model has no dense
            factors.
    """

    model: ModelConfig
    linear: ModelConfig = field(default_factory=LocalEASEConfig)
    share: float = 0.3
    popularity_share: float = 0.0

    def __post_init__(self) -> None:
        """Check the ranges and the model."""
        super().__post_init__()
        for name in ("share", "popularity_share"):
            self.check(name, getattr(self, name) >= 0, "at least 0")
        self.check("model", self.model.dense_factors, "of dense factors")

    @property
    def packages(self) -> tuple[str, ...]:
        """Those of both models."""
        return *self.model.packages, *self.linear.packages

    @property
    def engines(self) -> tuple[Engine, ...]:
        """Those of the model."""
        return self.model.engines

    @property
    def batches(self) -> tuple[str, ...]:
        """Those of the model."""
        return self.model.batches

    @property
    def sparse_grad(self) -> bool:
        """Whether those of the model are."""
        return self.model.sparse_grad

    @property
    def has_item_sums(self) -> bool:
        """Whether the model's are."""
        return self.model.has_item_sums

    @property
    def num_layers(self) -> int:
        """Those of the model."""
        return self.model.num_layers

    @property
    def unweighted(self) -> str | None:
        """The model, if it reads no weights; the linear one beside it never does."""
        return self.model.unweighted or "the linear model that 'linear_share' blends in"

    @property
    def unfeatured(self) -> str | None:
        """The model, if it reads none; the linear one never does."""
        return self.model.unfeatured

    @property
    def fixed_items(self) -> str | None:
        """The model, if it cannot fold items in; the linear one scores them zero."""
        return self.model.fixed_items

    def memory(self, size: GraphSize, step: Step) -> dict[str, int]:
        """Plan both models."""
        linear = sum(self.linear.memory(size, step).values())
        return {**self.model.memory(size, step), "linear": linear}

    def build(self, num_users: int, num_items: int) -> "Blend":
        """Build both models, untrained."""
        return Blend.from_config(self, num_users, num_items)


class Blend(Model):
    r"""Adds the scores of a linear item model, and of popularity, to those of factors.

    .. math::
        s_{ui} = \hat u_u^{\top} v_i + \mathrm{share} \cdot \frac{\sigma_{\hat u v}}
        {\sigma_{r B}} \, r_u B_{\cdot i} + \mathrm{popularity\_share} \cdot
        \frac{\sigma_{\hat u v}}{\sigma_{\log d}} \log(1 + d_i)

    with :math:`\sigma` the standard deviations of the scores over a sample of users
    and all items, so that a share means the same on any data, and :math:`d_i` the
    degree of an item. The model is trained as it would be alone; the linear one is
    fitted before.

    Args:
        model: The model of dense factors, such as :class:`TVDiff`.
        linear: The linear item model, for the same training graph.
        share: Standard deviations of its scores for each one of the model's, at
            least 0. (default: ``0.3``)
        popularity_share: Those of the log of items' degrees, likewise.
            (default: ``0.0``)

    Raises:
        ValueError: If a share is negative, or the model has no dense factors.

    Example:
        >>> from tvdiff_pyg.models import BPRMF, LocalEASE
        >>> model = BPRMF(2, 3, hidden_channels=8)
        >>> adjacency = model.adjacency(torch.tensor([[0, 0, 1], [0, 1, 2]]))
        >>> blend = Blend(model, LocalEASE(2, l2=1.0).fit(adjacency))
        >>> blend.scorer(adjacency).rank(torch.tensor([1]), k=3)[1].shape
        torch.Size([1, 3])
    """

    config: BlendConfig

    def __init__(
        self,
        model: Model,
        linear: ItemItemModel,
        share: float = 0.3,
        popularity_share: float = 0.0,
    ) -> None:
        super().__init__()
        configs = model.config, linear.config
        self.config = BlendConfig(*configs, share, popularity_share)
        self.model = model
        self.linear = linear
        self.normalization = model.normalization
        self._prepared: _PreparedLinear | None = None

    @classmethod
    def from_config(cls, config: Any, num_users: int, num_items: int) -> Self:
        """Build both models, untrained."""
        size = num_users, num_items
        linear = config.linear.build(*size)
        assert isinstance(linear, ItemItemModel)
        shares = config.share, config.popularity_share
        return cls(config.model.build(*size), linear, *shares)

    @property
    def share(self) -> float:
        """Standard deviations of the linear scores for each one of the model's."""
        return self.config.share

    @property
    def popularity_share(self) -> float:
        """Those of the log of items' degrees for each one of the model's."""
        return self.config.popularity_share

    def with_share(self, share: float) -> "Blend":
        """Return a blend of the same two models with another share of the linear one.

        Args:
            share: The share, at least 0.

        Raises:
            ValueError: If it is negative.
        """
        return self._with(share, self.popularity_share)

    def with_popularity(self, popularity_share: float) -> "Blend":
        """Return a blend of the same two models with another share of popularity.

        Args:
            popularity_share: The share, at least 0.

        Raises:
            ValueError: If it is negative.
        """
        return self._with(self.share, popularity_share)

    def _with(self, share: float, popularity_share: float) -> "Blend":
        blend = Blend(self.model, self.linear, share, popularity_share)
        blend._prepared = self._prepared
        return blend.train(self.training)

    def read_features(self, graph: GraphLike) -> Self:
        """Let the model read them."""
        self.model.read_features(graph)
        return self

    def prepare(self, graph: GraphLike, seed: int = 0) -> Self:
        """Prepare the model, and fit the linear one."""
        self.model.prepare(graph, seed)
        self.linear.prepare(graph, seed)
        return self

    def training_loss(
        self,
        adjacency: BipartiteAdjacency,
        user: Tensor,
        item: Tensor | None = None,
        generator: torch.Generator | None = None,
    ) -> FreeEnergy:
        """Compute the loss of the model.

        See :meth:`~tvdiff_pyg.models.Learner.training_loss`.
        """
        return self.model.training_loss(adjacency, user, item, generator)

    def sampled_loss(
        self,
        adjacency: BipartiteAdjacency,
        batch: HeteroData,
        generator: torch.Generator | None = None,
        history: HistoricalSums | None = None,
    ) -> FreeEnergy:
        """Estimate the loss of the model.

        See :meth:`~tvdiff_pyg.models.Learner.sampled_loss`.
        """
        return self.model.sampled_loss(adjacency, batch, generator, history)

    def historical_sums(self, adjacency: BipartiteAdjacency) -> HistoricalSums:
        """Sum for the model."""
        return self.model.historical_sums(adjacency)

    @torch.no_grad()
    def scorer(self, graph: GraphLike) -> BlendScorer:
        """Rank by the sum of all scores.

        See :meth:`~tvdiff_pyg.models.Model.scorer`.
        """
        graph = self.adjacency_of(graph)
        own, linear = self.model.scorer(graph).factors, self._prepare_linear(graph)
        if own is None:  # The config of a model from outside may be left as it is.
            name = type(self.model.config).__name__
            raise ValueError(f"'dense_factors' of {name} needs to be False (got True)")
        users = own.known(spread_users(graph.user_rows))
        deviation = deviation_of_products(users, own.item_factor)
        by_history = linear.ranker.scaled(self.share * deviation / linear.deviation)
        if self.popularity_share == 0:
            return BlendScorer(own, by_history)
        degree, share = graph.item_rows.degree(), self.popularity_share
        popularity = PopularityBias.of(degree, share * deviation)
        return BlendScorer(own, by_history, popularity)

    def _prepare_linear(self, graph: BipartiteAdjacency) -> "_PreparedLinear":
        """Transpose and measure the linear model, once for a graph."""
        known = self._prepared
        if known and known.graph is graph and known.weight is self.linear.weight:
            return known
        ranker, rows = self.linear.scorer(graph).ranker, graph.user_rows
        deviation = deviation_of_scores(ranker, rows.select(spread_users(rows)))
        self._prepared = _PreparedLinear(graph, self.linear.weight, ranker, deviation)
        return self._prepared

    def __repr__(self) -> str:
        name = type(self).__name__
        shares = f"share={self.share}"
        if self.popularity_share:
            shares += f", popularity_share={self.popularity_share}"
        return f"{name}({self.model}, {self.linear}, {shares})"


class _PreparedLinear(NamedTuple):
    """A linear model, ready to score the histories of a graph."""

    graph: BipartiteAdjacency
    weight: Tensor | None
    ranker: HistoryRanker
    deviation: Tensor

"""TV-Diff prepared on a graph: the reverse process on factors."""

from copy import copy
from functools import partial

import torch
from torch import Tensor
from torch_geometric.typing import OptTensor

from tvdiff_pyg.data.new_items import NewItems
from tvdiff_pyg.diffusion import GaussianDiffusion, ProjectedNoise
from tvdiff_pyg.diffusion.gaussian import DrawNoise
from tvdiff_pyg.models.scorer import FactorScorer
from tvdiff_pyg.models.scoring_mode import scoring_mode
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, bipartite_norm
from tvdiff_pyg.sparse.precision import at_least_single
from tvdiff_pyg.sparse.sharded import check_held


class TVDiffScorer(FactorScorer):
    r"""Runs the reverse process in ``hidden_channels`` dimensions.

    With :math:`M = V^{\top} W_I`, one step is
    :math:`z_{t-1} = c^{(1)}_t \hat{u}_t M + c^{(2)}_t z_t`. New users need no
    training: any history will do.

    Args:
        denoiser: The network; scored in ``eval`` mode, whatever mode it is in.
        diffusion: The process.
        graph: The training graph.
        num_noise_items: Draw noise, where it is asked for, from that many random items;
            exact if ``None``. (default: ``None``)

    Attributes:
        embedding: What the projection of a history sums, :math:`W_I`, of shape
            ``[num_items, channels]``.
    """

    def __init__(
        self,
        denoiser: Denoiser,
        diffusion: GaussianDiffusion,
        graph: BipartiteAdjacency,
        num_noise_items: int | None = None,
    ) -> None:
        with scoring_mode(denoiser):
            tower = denoiser.item_tower(graph.item_rows)
            check_held("embedding", tower[1])
            # Neighbours in a ranking differ by less than half precision tells apart.
            factor, self.embedding = map(at_least_single, tower)
            self._mixing = factor.t() @ self.embedding
        super().__init__(graph.user_rows, factor)
        self._denoiser, self._diffusion = denoiser, diffusion
        self._graph = graph
        self._num_noise_items = num_noise_items

    @torch.no_grad()
    def with_items(self, items: NewItems) -> "TVDiffScorer":
        """Append the factors that the item tower computes from users and features.

        The last layer alone reads the new pairs: the users' embeddings are those of the
        training graph, and so are their degrees in the normalisation; an item's own
        degree is the number of users that are given for it, and each pair weighs one.
        An item that is given the users, and the features, of an item of the graph gets
        its factor. In histories a new item counts by what its features send; without
        features of items, nothing, for no embedding of its own was learned.

        See :meth:`~tvdiff_pyg.models.Scorer.with_items`.

        Raises:
            ValueError: If features are given and none of items are read, or they are
                not as many as those.
        """
        denoiser, encoder = self._denoiser, self._denoiser.item_encoder
        x, rows = self._features(items), items.rows.to(self.item_factor.device)
        degree = self._graph.user_rows.degree(), rows.degree()
        pairs, size = torch.stack([rows.col, rows.row()]), (rows.num_cols, len(items))
        weight = bipartite_norm(pairs, size, denoiser.normalization, degree=degree)
        rows = rows.with_value(weight, normalized=True)
        embedding = self.embedding.new_zeros(len(items), self.embedding.size(1))
        with scoring_mode(denoiser):
            source, _ = denoiser.embed(self._graph.item_rows)
            if encoder is None:
                factor = denoiser.item_factor(rows, weight, None, source)
            else:
                factor = denoiser.item_factor(rows, weight, None, source, x=x)
                embedding = encoder.send(x=x)
        return self._wider(at_least_single(factor), at_least_single(embedding))

    def _features(self, items: NewItems) -> OptTensor:
        """Return features of new items for the encoder; zeros if none are given."""
        encoder, x = self._denoiser.item_encoder, items.x
        if encoder is None:
            if x is not None:
                raise ValueError(
                    "'x' has no use with a model that reads no features of items "
                    f"(got {x.size(1)} of each)"
                )
            return None
        if x is None:
            return self.embedding.new_zeros(len(items), encoder.num_features)
        if x.size(1) != encoder.num_features:
            raise ValueError(
                f"'x' needs {encoder.num_features} features of each item, as those of "
                f"the graph have (got {x.size(1)})"
            )
        return x.to(self.embedding.device)

    def _wider(self, factor: Tensor, embedding: Tensor) -> "TVDiffScorer":
        wider, factors = copy(self), torch.cat([self.item_factor, factor])
        rows, size = self.rows, (self.rows.num_rows, factors.size(0))
        pairs = torch.stack([rows.row(), rows.col])
        rows = CSR.from_edge_index(pairs, size, rows.value)
        FactorScorer.__init__(wider, rows, factors)
        wider.embedding = torch.cat([self.embedding, embedding])
        return wider

    @property
    def unexplained(self) -> str | None:
        """Features of users, which no item of a history accounts for."""
        has_features = self._denoiser.user_encoder is not None
        return "which reads features of users" if has_features else None

    def known(self, user: Tensor) -> Tensor:
        """Denoise users of the graph, by their features as well."""
        return self.query(self.rows.select(user), user=user)

    def query(
        self,
        history: CSR,
        start_step: int | None = None,
        ancestral: bool = False,
        generator: torch.Generator | None = None,
        user: OptTensor = None,
    ) -> Tensor:
        """Denoise histories; see :meth:`~tvdiff_pyg.models.Scorer.query`.

        Args:
            history: Item ids of each user, of shape ``[batch_size, num_items]``.
            start_step: Corrupt the history to this timestep first; if omitted, take
                it as it is. (default: ``None``)
            ancestral: Add noise of the posterior variance. (default: ``False``)
            generator: Source of that noise. (default: ``None``)
            user: The users of the graph whose features are read as well, of shape
                ``[batch_size]``; new users have none. (default: ``None``)

        Returns:
            Final user factors, of shape ``[batch_size, hidden_channels]``.
        """
        denoiser, draw_noise = self._denoiser, None
        with scoring_mode(denoiser):
            hidden = denoiser.project(history, embedding=self.embedding)
            if user is not None:
                hidden = denoiser.add_user_features(hidden, user)
        if ancestral or start_step is not None:
            noise = ProjectedNoise(
                self.embedding, self._num_noise_items, generator=generator
            )
            draw_noise = partial(noise.draw, hidden.size(0))
        return self.denoise(hidden, start_step, draw_noise, ancestral)

    def denoise(
        self,
        hidden: Tensor,
        start_step: int | None = None,
        draw_noise: DrawNoise | None = None,
        ancestral: bool = False,
    ) -> Tensor:
        """Run the reverse process on projected histories.

        Args:
            hidden: Sums of what :attr:`embedding` holds of the histories' items, of
                shape ``[batch_size, channels]``.
            start_step: As for :meth:`query`. (default: ``None``)
            draw_noise: Draws noise of the shape of ``hidden``; needed with either of
                the other two. (default: ``None``)
            ancestral: As for :meth:`query`. (default: ``False``)

        Returns:
            Final user factors, of shape ``[batch_size, hidden_channels]``.
        """
        denoiser = self._denoiser

        def predict(hidden: Tensor, timestep: Tensor) -> Tensor:
            return denoiser.user_factor(hidden, timestep) @ self._mixing

        with scoring_mode(denoiser):
            hidden = self._diffusion.reverse(
                predict, hidden, start_step, draw_noise, ancestral
            )
            last = torch.zeros(1, dtype=torch.long, device=hidden.device)
            return denoiser.user_factor(hidden, last)

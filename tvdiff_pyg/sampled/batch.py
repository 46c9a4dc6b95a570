"""What one training step reads of the graph: all of it, or a sample around a batch."""

from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.nn.bipartite import NodeIds
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization, bipartite_norm


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """A batch in its own numbering of users and items.

    Args:
        observed: Interactions of each row of the batch, ``[batch_size, num_local]``;
            the values of a sample weigh it up to the whole.
        item_rows: Users of each local item, weighted, ``[num_local, num_users]``.
        known: What negatives have to avoid, over the items that they are drawn from,
            which are the first ones: ``[batch_size, num_pool]``.
        positive: Positive pairs of BPR; ``observed`` if ``None``.
            (default: ``None``)
        user_rows: Items of each local user, weighted, ``[num_users, num_local]``, for
            denoisers of several layers; those of ``item_rows`` if ``None``.
            (default: ``None``)
        n_id: Global ids of the local users and items; if ``None``, they are numbered
            as in the graph. (default: ``None``)
    """

    observed: CSR
    item_rows: CSR
    known: CSR
    positive: CSR | None = None
    n_id: NodeIds | None = None
    user_rows: CSR | None = None

    @staticmethod
    def full(
        adjacency: BipartiteAdjacency, user: Tensor, item: Tensor | None = None
    ) -> "TrainingBatch":
        """Read all items and all neighbours.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``.
            item: One positive item for each user. (default: ``None``)
        """
        observed = adjacency.user_rows.select(user)
        positive = None if item is None else _one_each(item, observed.num_cols)
        return TrainingBatch(observed, adjacency.item_rows, observed, positive)

    @staticmethod
    def sampled(
        adjacency: BipartiteAdjacency, batch: HeteroData, normalization: Normalization
    ) -> "TrainingBatch":
        """Read a batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.

        Args:
            adjacency: The training graph, for degrees and full histories.
            batch: The sampled batch; its edges ascend by destination.
            normalization: How the item tower weighs its messages.
        """
        user, item = n_id = batch["user"].n_id, batch["item"].n_id
        num_seeds, num_pool = (
            batch[side].num_sampled_nodes[0] for side in ("user", "item")
        )
        degree = adjacency.user_rows.degree()[user], adjacency.item_rows.degree()[item]

        size = user.numel(), item.numel()
        col, row = batch[RATED_BY].edge_index
        seen = CSR.from_sorted_rows(row, col, size)
        col, row = batch[RATES].edge_index
        raters = CSR.from_sorted_rows(row, col, size[::-1])
        weights = _upweight(seen, degree[0]), _upweight(raters, degree[1])
        seeds = torch.arange(num_seeds, device=user.device)
        observed = seen.with_value(weights[0]).select(seeds)
        user_rows = None
        if normalization != "none":
            norms = _norms(seen, raters, degree, normalization)
            user_rows = seen.with_value(weights[0] * norms[0])
            raters = raters.with_value(weights[1] * norms[1])
        known = adjacency.user_rows.select(user[:num_seeds]).restrict(item[:num_pool])
        if "src_index" not in batch["user"]:
            return TrainingBatch(observed, raters, known, None, n_id, user_rows)
        row = batch["user"].src_index
        positive = _one_each(batch["item"].dst_pos_index, item.numel())
        return TrainingBatch(
            observed.select(row), raters, known.select(row), positive, n_id, user_rows
        )

    def weigh(self, negative: CSR) -> CSR:
        """Weigh negatives as the positives that they stand against."""
        if self.positive is not None or self.observed.value is None:
            return negative
        first = self.observed.rowptr[:-1].repeat_interleave(negative.degree())
        return replace(negative, value=self.observed.value[first])


def _one_each(item: Tensor, num_items: int) -> CSR:
    rowptr = torch.arange(item.numel() + 1, device=item.device)
    return CSR(rowptr, item, num_items)


def _norms(
    seen: CSR,
    raters: CSR,
    degree: tuple[Tensor, Tensor],
    normalization: Normalization,
) -> tuple[Tensor, Tensor]:
    """Normalise both samples by the degrees in the whole graph."""
    size = seen.num_rows, seen.num_cols
    pairs = torch.stack([seen.row(), seen.col]), torch.stack([raters.col, raters.row()])
    user_norm, item_norm = (
        bipartite_norm(index, size, normalization, degree=degree) for index in pairs
    )
    return user_norm, item_norm


def _upweight(sample: CSR, degree: Tensor) -> Tensor:
    """Weigh each entry by the neighbours that it stands for, in single precision."""
    weight = degree / sample.degree().clamp(min=1)
    return weight.repeat_interleave(sample.degree())

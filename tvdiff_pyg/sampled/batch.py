"""What one training step reads of the graph: all of it, or a sample around a batch."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.typing import EdgeType, OptTensor

from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.sampled.inclusion import items_stood_for
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization, bipartite_norm
from tvdiff_pyg.sparse.adjacency import check_adjacency
from tvdiff_pyg.sparse.checks import check_ids, check_vector
from tvdiff_pyg.sparse.lookup import look_up


@dataclass(frozen=True, eq=False)
class TrainingBatch:
    """A batch in its own numbering of users and items.

    Args:
        observed: Interactions of each row of the batch, ``[batch_size, num_local]``:
            what is to be predicted. The values of a sample weigh it up to the whole.
        messages: The interactions that the user tower sums, by what each weighs as
            well: the same, or all of each row, ``[batch_size, num_read]``.
        item_rows: Users of each local item, weighted, ``[num_local, num_users]``.
        user: Global ids of the users of the rows, ``[batch_size]``.
        known: What negatives have to avoid, over the items that they are drawn from,
            which are the first ones: ``[batch_size, num_pool]``.
        positive: Positive pairs of BPR; ``observed`` if ``None``.
            (default: ``None``)
        user_rows: Items of each local user, weighted, ``[num_users, num_local]``, for
            denoisers of several layers; those of ``item_rows`` if ``None``.
            (default: ``None``)
        n_id: Global ids of the local users and items; if ``None``, they are numbered
            as in the graph. (default: ``None``)
        read: Global ids of the items of ``messages``; the local ones if ``None``.
            (default: ``None``)
        item_weight: How many items of the catalogue each local one stands for in a sum
            over all of them, ``[num_local]``; itself if ``None``. (default: ``None``)
    """

    observed: CSR
    messages: CSR
    item_rows: CSR
    known: CSR
    user: Tensor
    positive: CSR | None = None
    n_id: NodeIds | None = None
    user_rows: CSR | None = None
    read: Tensor | None = None
    item_weight: Tensor | None = None

    @staticmethod
    def full(
        adjacency: BipartiteAdjacency, user: Tensor, item: Tensor | None = None
    ) -> "TrainingBatch":
        """Read all items and all neighbours.

        Args:
            adjacency: The training graph.
            user: Users of the batch, long, of shape ``[batch_size]``.
            item: One positive item for each user. (default: ``None``)

        Raises:
            ValueError: If an id is out of range, or a user has no item.
        """
        check_adjacency(adjacency)
        rows = adjacency.user_rows
        check_vector("user", user, user.numel(), rows.col)
        messages = rows.select(user, "user")
        observed, positive = messages.with_value(None), None
        if item is not None:
            check_vector("item", item, user.numel(), user)
            positive = _one_each(item, observed.num_cols)
        return TrainingBatch(
            observed, messages, adjacency.item_rows, observed, user, positive
        )

    @staticmethod
    def sampled(
        adjacency: BipartiteAdjacency,
        batch: HeteroData,
        normalization: Normalization,
        whole_histories: bool = False,
    ) -> "TrainingBatch":
        """Read a batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.

        Args:
            adjacency: The training graph, for degrees and full histories.
            batch: The sampled batch; its edges ascend by destination.
            normalization: How the item tower weighs its messages.
            whole_histories: Whether the user tower sums all items of a user, which is
                possible where they need no neighbours for that. (default: ``False``)
        """
        check_adjacency(adjacency)
        rates, rated_by = interaction_types(batch)
        user, item = n_id = batch[rates[0]].n_id, batch[rates[2]].n_id
        num_seeds = batch[rates[0]].num_sampled_nodes[0]
        num_pool = batch[rates].num_pool
        degree = adjacency.user_rows.degree()[user], adjacency.item_rows.degree()[item]
        whole = adjacency.item_degree
        counted = degree[0], degree[1] if whole is None else whole[item]

        size = user.numel(), item.numel()
        col, row = batch[rated_by].edge_index
        seen = CSR.from_sorted_rows(row, col, size)
        col, row = batch[rates].edge_index
        raters = CSR.from_sorted_rows(row, col, size[::-1])
        weights = _upweight(seen, degree[0]), _upweight(raters, degree[1])
        given = _edge_weights(adjacency.user_rows, seen, raters, n_id)
        seeds = torch.arange(num_seeds, device=user.device)
        history = adjacency.user_rows.select(user[:num_seeds])
        drawn = observed = seen.with_value(weights[0]).select(seeds)
        read = None
        if whole_histories:
            messages, read = compact(history)
        elif given[0] is None:
            messages = observed
        else:
            messages = seen.with_value(weights[0] * given[0]).select(seeds)
        user_rows = None
        if normalization != "none":
            norms = _norms(seen, raters, counted, normalization, given)
            user_rows = seen.with_value(weights[0] * norms[0])
            raters = raters.with_value(weights[1] * norms[1])
        known = history.with_value(None).restrict(item[:num_pool])
        positive = place = None
        user = user[:num_seeds]
        if "input_id" in batch[rates]:
            row, place = batch[rates].edge_label_index
            user = user[row]
            observed, messages, known = (
                one.select(row) for one in (observed, messages, known)
            )
            positive = _one_each(place, item.numel())
        return TrainingBatch(
            observed,
            messages,
            raters,
            known,
            user,
            positive,
            n_id,
            user_rows,
            read,
            items_stood_for(drawn, history, item, num_pool, place),
        )

    def ids(self) -> NodeIds:
        """Return the global ids of the local users and items, where it has its own."""
        assert self.n_id is not None
        return self.n_id

    def weigh(self, negative: CSR) -> CSR:
        """Weigh negatives as the positives that they stand against."""
        if self.positive is not None or self.observed.value is None:
            return negative
        first = self.observed.rowptr[:-1].repeat_interleave(negative.degree())
        return negative.with_value(self.observed.value[first])


def interaction_types(batch: HeteroData) -> tuple[EdgeType, EdgeType]:
    """Return the types of the edges from users to items, and back, of a batch.

    Args:
        batch: A batch of :func:`~tvdiff_pyg.sampled.neighbor_loader`.

    Raises:
        ValueError: If it is of another loader.
    """
    found = [kind for kind in batch.edge_types if "num_pool" in batch[kind]]
    if len(found) != 1:
        raise ValueError(
            f"'batch' needs to come from neighbor_loader (got one of "
            f"{batch.edge_types} without 'num_pool')"
        )
    back = next(kind for kind in batch.edge_types if kind != found[0])
    return found[0], back


def compact(rows: CSR) -> tuple[CSR, Tensor]:
    """Leave out columns without an entry; return the others as well."""
    columns, col = rows.col.unique(return_inverse=True)
    return CSR(rows.rowptr, col, columns.numel(), rows.value, check=False), columns


def _one_each(item: Tensor, num_items: int) -> CSR:
    rowptr = torch.arange(item.numel() + 1, device=item.device)
    return CSR(rowptr, check_ids("item", item, num_items), num_items, check=False)


def _norms(
    seen: CSR,
    raters: CSR,
    degree: tuple[Tensor, Tensor],
    normalization: Normalization,
    given: tuple[OptTensor, OptTensor],
) -> tuple[Tensor, Tensor]:
    """Normalise both samples by the degrees in the whole graph."""
    size = seen.num_rows, seen.num_cols
    pairs = torch.stack([seen.row(), seen.col]), torch.stack([raters.col, raters.row()])
    user_norm, item_norm = (
        bipartite_norm(index, size, normalization, weight, degree)
        for index, weight in zip(pairs, given, strict=True)
    )
    return user_norm, item_norm


def _edge_weights(
    user_rows: CSR, seen: CSR, raters: CSR, n_id: NodeIds
) -> tuple[OptTensor, OptTensor]:
    """Return what the interactions of both samples weigh, if they do."""
    if user_rows.value is None:
        return None, None
    user, item = n_id
    return (
        look_up(user_rows, user[seen.row()], item[seen.col]),
        look_up(user_rows, user[raters.col], item[raters.row()]),
    )


def _upweight(sample: CSR, degree: Tensor) -> Tensor:
    """Weigh each entry by the neighbours that it stands for, in single precision."""
    weight = degree / sample.degree().clamp(min=1)
    return weight.repeat_interleave(sample.degree())

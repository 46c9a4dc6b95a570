"""What models read that learn from all items of a user at once."""

from torch import Tensor
from torch.nn import Module

from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


def whole_histories(
    model: Module, adjacency: BipartiteAdjacency, user: Tensor, item: Tensor | None
) -> CSR:
    """Return the histories of a batch of users, unless single items are given.

    Args:
        model: The model, for the message.
        adjacency: The training graph.
        user: Users of the batch, long, of shape ``[batch_size]``.
        item: One positive item for each user: needs to be left out.

    Returns:
        Each user's items, of shape ``[batch_size, num_items]``, without values.

    Raises:
        ValueError: If ``item`` is given.
    """
    if item is not None:
        raise ValueError(
            f"'item' needs to be left out: {type(model).__name__} learns from all "
            f"items of a user (got {item.numel()})"
        )
    return TrainingBatch.full(adjacency, user).observed

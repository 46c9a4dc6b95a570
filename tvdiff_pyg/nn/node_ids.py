"""Which nodes of the whole graph a batch holds."""

from collections.abc import Mapping

from torch import Tensor

from tvdiff_pyg.sparse.checks import check_integers, check_vector

NodeIds = tuple[Tensor, Tensor]
NodeIdsByType = NodeIds | Mapping[str, Tensor]


def node_ids(n_id: NodeIdsByType | None) -> NodeIds | None:
    """Return the ids of a batch's users and items, however they are given.

    Args:
        n_id: A pair, or a tensor by node type, ``"user"`` and ``"item"``.

    Raises:
        ValueError: If a type is missing, or they are no two vectors of integers.

    Example:
        >>> import torch
        >>> node_ids({"item": torch.tensor([5]), "user": torch.tensor([7])})
        (tensor([7]), tensor([5]))
    """
    if n_id is None:
        return None
    given: object = n_id
    if isinstance(n_id, Mapping):
        given = [n_id[node] for node in ("user", "item") if node in n_id]
    if not isinstance(given, tuple | list) or len(given) != 2:
        got = list(n_id) if isinstance(n_id, Mapping) else type(n_id).__name__
        raise ValueError(
            f"'n_id' needs to be a pair, or to have 'user' and 'item' (got {got})"
        )
    for ids in given:
        check_integers("n_id", ids)
        check_vector("n_id", ids, ids.numel(), ids)
    return given[0], given[1]

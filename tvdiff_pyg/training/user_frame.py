"""What each user counts, as a table."""

from collections.abc import Mapping

import polars as pl
from torch import Tensor

from tvdiff_pyg.data import BipartiteGraph


def user_frame(
    found: Mapping[str, Tensor], graph: BipartiteGraph, part: str
) -> pl.DataFrame:
    """Return a row for each user, by original id, as ``metrics_per_user.parquet`` has.

    Args:
        found: What :func:`~tvdiff_pyg.evaluation.evaluate_users` returns.
        graph: The interactions.
        part: The held-out part, ``"validation"`` or ``"test"``.

    Example:
        >>> import torch
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> found = {"user": torch.tensor([1]), "ndcg@20": torch.tensor([0.5])}
        >>> user_frame(found, SyntheticBipartite(60, 40, 300)[0], "test").columns
        ['user', 'split', 'ndcg@20']
    """
    values = {name: value.cpu().numpy() for name, value in found.items()}
    users = graph.user_ids.ids(values.pop("user").tolist())
    return pl.DataFrame({"user": users, "split": [part] * len(users), **values})

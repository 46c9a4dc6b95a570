"""Who is served how well: users by how much is known of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.ranges import check_integer


@dataclass(frozen=True)
class DegreeGroup:
    """Users with about as many interactions.

    Args:
        low: Fewest interactions among them.
        high: Most interactions.
        num_users: How many they are.
        metrics: The mean of each metric over them.
    """

    low: int
    high: int
    num_users: int
    metrics: dict[str, float]


def degree_groups(
    found: Mapping[str, Tensor], degree: Tensor, num_groups: int = 4
) -> list[DegreeGroup]:
    """Average what users count over groups of users by degree.

    Args:
        found: What :func:`~tvdiff_pyg.evaluation.evaluate_users` returns.
        degree: Interactions of each user that are known, of shape ``[num_users]``:
            ``task.seen.degree()``.
        num_groups: How many groups are wanted, at least 1, of about as many users;
            fewer where many users have the same degree. (default: ``4``)

    Returns:
        The groups, from users of few interactions to users of many.

    Raises:
        ValueError: If ``num_groups`` is out of range.

    Example:
        >>> found = {"user": torch.tensor([0, 2]), "ndcg@20": torch.tensor([0.5, 0.25])}
        >>> for group in degree_groups(found, torch.tensor([3, 9, 8]), num_groups=2):
        ...     print(group)
        DegreeGroup(low=3, high=3, num_users=1, metrics={'ndcg@20': 0.5})
        DegreeGroup(low=8, high=8, num_users=1, metrics={'ndcg@20': 0.25})
    """
    check_integer("num_groups", num_groups, low=1)
    values = {name: value for name, value in found.items() if name != "user"}
    known = degree[found["user"]]
    # Where each group ends; equal degrees stay together.
    place = torch.arange(1, num_groups) * known.numel() // num_groups
    ends = known.sort().values[(place - 1).clamp(min=0)].unique()
    member = torch.bucketize(known, ends)
    groups = [member == number for number in member.unique().tolist()]
    return [
        DegreeGroup(
            int(known[group].min()),
            int(known[group].max()),
            int(group.sum()),
            {name: float(value[group].mean()) for name, value in values.items()},
        )
        for group in groups
    ]

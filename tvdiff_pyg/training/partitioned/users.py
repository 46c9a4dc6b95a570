"""Whose rows a process holds."""

from dataclasses import dataclass

from tvdiff_pyg.ranges import check_integer


@dataclass(frozen=True)
class UserPart:
    """The users of one of several processes: consecutive ones, as many for each.

    The last part may be shorter: parts are those of ``torch.chunk`` and ``DTensor``.

    Args:
        num_users: Users of all processes, at least 1.
        rank: The process, from 0. (default: ``0``)
        world_size: How many processes there are, at least 1. (default: ``1``)

    Raises:
        ValueError: If a number is out of range, or a process would have no user.

    Example:
        >>> [(one.first, one.last) for one in map(UserPart, [5, 5], [0, 1], [2, 2])]
        [(0, 3), (3, 5)]
    """

    num_users: int
    rank: int = 0
    world_size: int = 1

    def __post_init__(self) -> None:
        """Check the numbers."""
        check_integer("num_users", self.num_users, low=1)
        check_integer("world_size", self.world_size, low=1)
        check_integer("rank", self.rank, low=0, high=self.world_size - 1)
        if self._size * (self.world_size - 1) >= self.num_users:
            raise ValueError(
                f"'strategy' needs users for each process to be 'partitioned' "
                f"(got {self.num_users} users and {self.world_size} processes)"
            )

    @property
    def _size(self) -> int:
        return -(-self.num_users // self.world_size)

    @property
    def first(self) -> int:
        """The first of these users."""
        return self.rank * self._size

    @property
    def last(self) -> int:
        """The user after these."""
        return min(self.first + self._size, self.num_users)

    def __len__(self) -> int:
        """How many these are."""
        return self.last - self.first

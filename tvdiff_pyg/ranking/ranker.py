"""What every ranker offers: the best items of users, seen ones left out."""

import torch
from torch import Tensor

from tvdiff_pyg.sparse import CSR

# Users ranked at once: what the matrix product and the selection like.
USER_BLOCK = 2048


class Ranker:
    """Finds the best items of users, block by block of them.

    Subclass it to rank by scores that are no product of dense factors.
    """

    #: Users ranked at once.
    user_block = USER_BLOCK

    @torch.no_grad()
    def search(
        self, user_factor: Tensor, k: int, seen: CSR | None = None
    ) -> tuple[Tensor, Tensor]:
        """Find the best items of each user.

        Args:
            user_factor: User factors, of shape ``[num_users, channels]``.
            k: How many items, at least 1.
            seen: Items to leave out, of shape ``[num_users, num_items]``.
                (default: ``None``)

        Returns:
            Scores and item indices, of shape ``[num_users, k]``, best first. Where a
            user has fewer than ``k`` candidates, the rest is padded with ``-inf`` and
            ``-1``.

        Raises:
            ValueError: If ``k`` is below 1.
        """
        if k < 1:
            raise ValueError(f"'k' needs to be at least 1 (got {k})")
        users = torch.arange(user_factor.size(0), device=user_factor.device)
        found = [
            self.search_block(
                # Unlike an index in brackets, it reads sparse factors as well.
                user_factor.index_select(0, block),
                k,
                None if seen is None else seen.select(block),
            )
            for block in users.split(self.user_block)
        ]
        score, item = zip(*found, strict=True)
        return torch.cat(score), torch.cat(item)

    def search_block(
        self, user: Tensor, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        raise NotImplementedError

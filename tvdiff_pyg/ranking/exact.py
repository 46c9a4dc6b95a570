"""Exact top-k of inner products, in blocks; neither scores nor messages are stored."""

import torch
from torch import Tensor

from tvdiff_pyg.ranking.ranker import Ranker, check_k
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.sparse.products import pair_scores

# A block of scores: as many users as a ranker takes by 32 KiB each, which is what the
# matrix product and the selection like.
ITEM_BLOCK_BYTES = 2**15
PREPARED_AT_ONCE = 8192
# Products of fewer channels are not what a search spends its time on.
MIN_HALF_CHANNELS = 256
# Candidates for each item that is asked for, and the fewest.
CANDIDATES, MIN_CANDIDATES = 2, 32
# Half an ulp of bfloat16 is 2**-9 of a value, of single precision 2**-24: doubled.
HALF_ROUNDING, SINGLE_ROUNDING = 2.0**-8, 2.0**-23


class ExactRanker(Ranker[Tensor]):
    r"""Finds the best items of users exactly; prepares the item factors once.

    Where the hardware multiplies matrices faster in bfloat16, candidates are chosen
    by an upper bound of their scores computed in it: with :math:`\tilde u` rounded,
    and :math:`\delta_u` what rounding took away,

    .. math::
        u^\top v \le \tilde u^\top \tilde v + \lVert \tilde u \rVert \,
        \lVert \delta_v \rVert + \lVert \delta_u \rVert \, \lVert v \rVert

    which is an inner product again. The candidates are scored in full precision. A
    user whose ``k``-th best score does not exceed the bound of all other items is
    ranked again in full precision, so the result never depends on the rounding.

    Args:
        item_factor: Item factors, of shape ``[num_items, channels]``.
        half: Whether to choose candidates in bfloat16; where that is faster if
            ``None``. (default: ``None``)

    Example:
        >>> ranker = ExactRanker(torch.tensor([[1.0], [3.0]]))
        >>> ranker.search(torch.ones(1, 1), k=1)[1].tolist()
        [[1]]
    """

    def __init__(self, item_factor: Tensor, half: bool | None = None) -> None:
        self.item_factor = item_factor
        if half is None:
            half = item_factor.size(1) >= MIN_HALF_CHANNELS and _half_is_fast(
                item_factor.device
            )
        self._half = _bounds_of_items(item_factor) if half else None

    def search_block(
        self, query: Tensor, k: int, seen: CSR | None
    ) -> tuple[Tensor, Tensor]:
        """Rank one block of users; see :meth:`Ranker.search`."""
        user = query
        if self._half is None:
            return _pad(*_best(user, self.item_factor, k, seen), k)
        count = max(CANDIDATES * k, MIN_CANDIDATES)
        bound, item = _best(_bounds_of_users(user), self._half, count, seen)
        score = self._score(user, item).masked_fill(bound == -torch.inf, -torch.inf)
        score, order = score.topk(min(k, score.size(1)), dim=1)
        score, item = _pad(score, item.gather(1, order), k)

        # The bounds themselves are rounded, to nearest and in order.
        last = bound[:, -1].float().clamp(min=torch.finfo(torch.float).min)
        highest = last + HALF_ROUNDING * last.abs()
        doubt = (score[:, -1] < highest).nonzero().view(-1)
        if doubt.numel() > 0 and item.size(1) < self.item_factor.size(0):
            rest = None if seen is None else seen.select(doubt)
            again = _best(user[doubt], self.item_factor, k, rest)
            score[doubt], item[doubt] = _pad(*again, k)
        return score, item

    def _score(self, user: Tensor, item: Tensor) -> Tensor:
        """Score candidates in full precision, of the shape of ``item``."""
        rowptr = torch.arange(0, item.numel() + 1, item.size(1), device=item.device)
        pattern = CSR(rowptr, item.flatten(), self.item_factor.size(0), check=False)
        return pair_scores(pattern, user, self.item_factor).view(item.shape)


@torch.no_grad()
def top_k(
    user_factor: Tensor, item_factor: Tensor, k: int, seen: CSR | None = None
) -> tuple[Tensor, Tensor]:
    """Find the best items of each user exactly, once; see :class:`ExactRanker`.

    Args:
        user_factor: User factors, of shape ``[num_users, channels]``.
        item_factor: Item factors, of shape ``[num_items, channels]``.
        k: How many items, at least 1.
        seen: Items to leave out, of shape ``[num_users, num_items]``.
            (default: ``None``)

    Returns:
        Scores and item indices, as :meth:`Ranker.search`.

    Example:
        >>> score, item = top_k(torch.ones(1, 1), torch.tensor([[1.0], [3.0]]), k=1)
        >>> item.tolist()
        [[1]]
    """
    return ExactRanker(item_factor).search(user_factor, k, seen)


def rank_scores(
    score: Tensor, k: int, seen: CSR | None = None
) -> tuple[Tensor, Tensor]:
    """Rank one block of scores; writes the mask of seen items into it.

    Args:
        score: Scores, of shape ``[num_users, num_items]``.
        k: How many items, at least 1.
        seen: Items to leave out, of the same shape. (default: ``None``)

    Returns:
        As :func:`top_k`.
    """
    check_k(k)
    if seen is not None:
        score[seen.row(), seen.col] = -torch.inf
    return _pad(*score.topk(min(k, score.size(1)), dim=1), k)


def _best(
    user: Tensor, table: Tensor, k: int, seen: CSR | None
) -> tuple[Tensor, Tensor]:
    """Return the best of all items, block by block of the table; not padded."""
    by_item = None if seen is None else seen.transpose()
    rated = None if by_item is None else by_item.row()
    score, item = (
        user.new_empty(user.size(0), 0),
        user.new_empty(user.size(0), 0).long(),
    )
    width = max(ITEM_BLOCK_BYTES // table.element_size(), 1)
    for start in range(0, table.size(0), width):
        block = user @ table[start : start + width].t()
        if by_item is not None and rated is not None:
            low = by_item.rowptr[start]
            high = by_item.rowptr[start + block.size(1)]
            block[by_item.col[low:high], rated[low:high] - start] = -torch.inf
        value, place = block.topk(min(k, block.size(1)), dim=1)
        score, item = torch.cat([score, value], 1), torch.cat([item, place + start], 1)
        score, order = score.topk(min(k, score.size(1)), dim=1)
        item = item.gather(1, order)
    return score, item


def _pad(score: Tensor, item: Tensor, k: int) -> tuple[Tensor, Tensor]:
    item = item.masked_fill(score == -torch.inf, -1)
    missing = (0, k - item.size(1))
    score = torch.nn.functional.pad(score, missing, value=-torch.inf)
    return score, torch.nn.functional.pad(item, missing, value=-1)


def _half_is_fast(device: torch.device) -> bool:
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return any(
        getattr(torch.cpu, name, bool)()
        for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def _bounds_of_items(factor: Tensor) -> Tensor:
    """Round item factors and append what their side of the bound needs."""
    blocks = []
    for block in factor.split(PREPARED_AT_ONCE):
        rounded = block.bfloat16()
        lost = (block - rounded).norm(dim=1, keepdim=True)
        blocks.append(_append(rounded, lost, block.norm(dim=1, keepdim=True)))
    return torch.cat(blocks)


def _bounds_of_users(factor: Tensor) -> Tensor:
    """Round user factors and append what their side of the bound needs."""
    rounded = factor.bfloat16()
    # Sums in single precision round as well, by less than this.
    summed = SINGLE_ROUNDING * factor.size(1) * factor.norm(dim=1, keepdim=True)
    lost = (factor - rounded).norm(dim=1, keepdim=True) + summed
    return _append(rounded, rounded.float().norm(dim=1, keepdim=True), lost)


def _append(rounded: Tensor, *bounds: Tensor) -> Tensor:
    """Append norms, never rounded down, and zeros up to a multiple of 32 channels."""
    extra = torch.cat(bounds, dim=1).mul_(1 + HALF_ROUNDING).bfloat16()
    factor = torch.cat([rounded, extra], dim=1)
    return torch.nn.functional.pad(factor, (0, -factor.size(1) % 32))

"""Whether a denoiser is one whose sums a sample can correct."""

from collections.abc import Callable

import torch
from torch import Tensor

from tvdiff_pyg.nn.denoiser import Denoiser
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.nn.tower import TowerDenoiser
from tvdiff_pyg.sampled.batch import compact
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency

# Items whose sums and factors are tried.
NUM_TRIED = 8

Sums = Callable[[Tensor, Tensor], Tensor]


def check_sums(denoiser: Denoiser, adjacency: BipartiteAdjacency) -> None:
    """Raise unless a denoiser squashes sums over neighbours, which add up.

    A sample corrects sums by those of what has changed: they need to be linear in what
    is summed, and weighed by the graph alone. Weights that are learned would get no
    gradient from the sums of the pass. A few items tell, with vectors of their own.

    Args:
        denoiser: The denoiser.
        adjacency: The training graph, weighted as it reads it.

    Raises:
        ValueError: If it computes something else.
    """
    known = isinstance(denoiser, TowerDenoiser) and denoiser.config.has_item_sums
    if not known or type(denoiser).embed is not TowerDenoiser.embed:
        raise _refused(denoiser)
    assert isinstance(denoiser, TowerDenoiser)
    several = denoiser.num_layers > 1
    if several and type(denoiser).project is not TowerDenoiser.project:
        raise ValueError(
            "'denoiser' needs to project as 'TowerDenoiser' does, with several layers "
            f"(got {denoiser})"
        )
    rows, n_id = _tried(adjacency)
    like = next(denoiser.parameters())
    with torch.autocast(like.device.type, enabled=False):
        _check_linear(
            denoiser, n_id, lambda x, _: denoiser.gather(rows, rows.value, n_id, x)
        )
        if several:
            _check_linear(denoiser, n_id, lambda x, z: denoiser.send((x, z), rows))
        _check_factors(denoiser, rows, n_id)


def _tried(adjacency: BipartiteAdjacency) -> tuple[CSR, NodeIds]:
    """Return the users of a few items that have any, and the ids of both."""
    degree = adjacency.item_degree
    # Where users are parted, all processes try the same items.
    degree = adjacency.item_rows.degree() if degree is None else degree
    item = degree.nonzero().view(-1)[:NUM_TRIED]
    rows, user = compact(adjacency.item_rows.select(item))
    return rows, (user, item)


def _check_linear(denoiser: TowerDenoiser, n_id: NodeIds, sums: Sums) -> None:
    """Raise unless sums of vectors are linear, and read nothing that is learned."""
    x, y = _vectors(denoiser, n_id), _vectors(denoiser, n_id, shift=1.0)
    # Signs differ, which tells what cuts some off.
    mixed = [a - 2 * b for a, b in zip(x, y, strict=True)]
    with torch.enable_grad():
        found = sums(*mixed)
    if found.requires_grad or not _same(found, sums(*x) - 2 * sums(*y)):
        raise ValueError(
            "'denoiser' needs to add up neighbours, weighed by the graph alone, for "
            f"'refresh_every' (got {denoiser})"
        )


def _check_factors(denoiser: TowerDenoiser, rows: CSR, n_id: NodeIds) -> None:
    """Raise unless item factors are those of the sums, by the same weights."""
    x, _ = _vectors(denoiser, n_id)
    # Sums of the order of one, which squashing changes.
    x = x / denoiser.gather(rows, rows.value, n_id, x).abs().amax().clamp(min=1e-30)
    learned = [p for p in denoiser.parameters() if p.requires_grad]
    devices = [x.device] if x.device.type == "cuda" else []
    # Some messages may be left out at random, of both the same.
    with torch.enable_grad(), torch.random.fork_rng(devices):
        found = denoiser.item_factor(rows, rows.value, n_id, x)
    with torch.enable_grad(), torch.random.fork_rng(devices):
        sums = denoiser.gather(rows, rows.value, n_id, x)
        expected = denoiser.squash_items(sums, n_id[1])
    if not (
        _same(found, expected) and _read(found, learned) == _read(expected, learned)
    ):
        raise _refused(denoiser)


def _vectors(
    denoiser: TowerDenoiser, n_id: NodeIds, shift: float = 0.0
) -> tuple[Tensor, Tensor]:
    """Return vectors of users and items that are neither random nor learned."""
    like, channels = next(denoiser.parameters()), denoiser.hidden_channels
    user, item = (
        (torch.arange(index.numel() * channels).to(like) + shift).sin()
        for index in n_id
    )
    return user.view(-1, channels), item.view(-1, channels)


def _same(found: Tensor, expected: Tensor) -> bool:
    """Whether tensors agree but for rounding; where training diverged, they do."""
    if found.shape != expected.shape:
        return False
    off = (found - expected).norm() > 1e-3 * expected.norm()
    return not off.item()


def _read(out: Tensor, learned: list[Tensor]) -> list[bool]:
    """Tell which of the parameters have a gradient of ``out``, even one of zero."""
    if not out.requires_grad:
        return [False] * len(learned)
    ones = torch.ones_like(out)
    gradients = torch.autograd.grad(out, learned, ones, allow_unused=True)
    return [one is not None for one in gradients]


def _refused(denoiser: Denoiser) -> ValueError:
    return ValueError(
        "'denoiser' needs item factors that are squashed sums over users, for "
        f"'refresh_every' (got {denoiser})"
    )

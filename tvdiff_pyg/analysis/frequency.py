"""Which graph frequencies a signal holds, and which of them a model keeps."""

from typing import Literal, get_args

import torch
from torch import Tensor
from torch_geometric.data import Data

from tvdiff_pyg.analysis.bands import Sides, chebyshev_energy, exact_energy
from tvdiff_pyg.analysis.graph import (
    both_sides,
    check_rows,
    connected,
    rows_of,
    symmetric_rows,
)
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sparse import CSR, Interactions
from tvdiff_pyg.sparse.matrices import check_channels

FrequencyMethod = Literal["chebyshev", "exact"]
Signal = tuple[Tensor | None, Tensor | None]


def band_edges(num_bands: int = 9) -> Tensor:
    """Return where equal bands of [0, 2] begin and end, ``[num_bands + 1]``.

    Args:
        num_bands: Number of bands, odd. (default: ``9``)

    Raises:
        ValueError: If ``num_bands`` is not a positive odd number.

    Example:
        >>> band_edges(5).tolist()
        [0.0, 0.4..., 0.8..., 1.2..., 1.6..., 2.0]
    """
    # The frequency 1 belongs to many nodes at once: it must not be a band's edge.
    check_integer("num_bands", num_bands, low=1)
    if num_bands % 2 == 0:
        raise ValueError(
            f"'num_bands' needs to be a positive odd number (got {num_bands})"
        )
    return torch.linspace(0, 2, num_bands + 1)


@torch.no_grad()
def frequency_energy(
    user_x: Tensor | None,
    item_x: Tensor | None,
    graph: Interactions | Data,
    num_bands: int = 9,
    method: FrequencyMethod = "chebyshev",
    degree: int = 128,
) -> Tensor:
    r"""Compute the energy of a signal in equal bands of graph frequency.

    .. math::
        E_b = \sum_{k: \, \lambda_k \in b} \lVert \mathbf{q}_k^\top \mathbf{X} \rVert^2,
        \qquad (\mathbf{I} - \hat{\mathbf{A}}) \, \mathbf{q}_k
        = \lambda_k \mathbf{q}_k, \quad \lambda_k \in [0, 2]

    as graph signal processing defines frequency (Shuman et al., IEEE Signal Processing
    Magazine 2013, `arXiv 1211.0053 <https://arxiv.org/abs/1211.0053>`_). Low is smooth
    along edges; nodes without an edge take no part. A band holds its lower edge.

    A signal on one side only is mirrored about 1: each of its frequencies
    :math:`\lambda` comes with :math:`2 - \lambda`, half the energy each, and
    :math:`1 - (1 - \lambda)^2` is its frequency on that side's own graph,
    :math:`\mathbf{I} - \bar{\mathbf{R}}^\top \bar{\mathbf{R}}` for items.

    ``"exact"`` decomposes a dense matrix and refuses more than 4096 nodes.
    ``"chebyshev"`` needs ``degree / 2`` sparse products and blurs: energy within about
    :math:`\pi \sqrt{\lambda (2 - \lambda)} / \text{degree}` of a band's edge is shared
    with its neighbour. It draws nothing at random.

    Args:
        user_x: Values on users, ``[num_users, channels]``; zeros if ``None``.
        item_x: Values on items, ``[num_items, channels]``; zeros if ``None``. With a
            homogeneous graph it is ``None``, and all nodes are in ``user_x``.
        graph: Interactions, or a homogeneous graph as a ``Data``; values are ignored.
        num_bands: Number of bands, odd. (default: ``9``)
        method: ``"chebyshev"`` or ``"exact"``. (default: ``"chebyshev"``)
        degree: Degree of the polynomials, at least 1. (default: ``128``)

    Returns:
        Energies of shape ``[num_bands]``, from smooth to rough; they add up to
        :math:`\lVert \mathbf{X} \rVert^2` over the nodes that take part.

    Raises:
        ValueError: If a shape does not fit, an option is unknown or out of range, or
            the graph is too large for ``"exact"``.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> energy = frequency_energy(
        ...     torch.ones(1, 1), torch.ones(1, 1), pairs, num_bands=3, method="exact"
        ... )
        >>> energy.round(decimals=4).tolist()
        [2.0, 0.0, 0.0]
    """
    band_edges(num_bands)
    if method not in get_args(FrequencyMethod):
        raise ValueError(
            f"'method' needs to be one of {list(get_args(FrequencyMethod))} "
            f"(got {method!r})"
        )
    check_integer("degree", degree, low=1)
    signal, user_rows = _signal(user_x, item_x, graph)
    dtype = signal[0].dtype
    if method == "exact":
        rows = symmetric_rows(user_rows, torch.float64)
        energy = exact_energy(signal, rows, num_bands)
    else:
        rows = symmetric_rows(user_rows, dtype)
        energy = chebyshev_energy(signal, rows, num_bands, degree)
    # Of a homogeneous graph, each node is there twice.
    return (energy / 2 if isinstance(graph, Data) else energy).to(dtype)


@torch.no_grad()
def frequency_share(
    user_x: Tensor | None,
    item_x: Tensor | None,
    graph: Interactions | Data,
    num_bands: int = 9,
    method: FrequencyMethod = "chebyshev",
    degree: int = 128,
) -> Tensor:
    """Compute the share of a signal's energy in each band of graph frequency.

    Args:
        user_x: Values on users, ``[num_users, channels]``; zeros if ``None``.
        item_x: Values on items, ``[num_items, channels]``; zeros if ``None``. With a
            homogeneous graph it is ``None``, and all nodes are in ``user_x``.
        graph: Interactions, or a homogeneous graph as a ``Data``; values are ignored.
        num_bands: Number of bands, odd. (default: ``9``)
        method: As in :func:`frequency_energy`. (default: ``"chebyshev"``)
        degree: As in :func:`frequency_energy`. (default: ``128``)

    Returns:
        Shares of shape ``[num_bands]`` that add up to 1; ``nan`` for a signal of zeros.

    Raises:
        ValueError: As :func:`frequency_energy`.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> share = frequency_share(None, torch.ones(1, 1), pairs, 3, "exact")
        >>> share.round(decimals=4).tolist()
        [0.5, 0.0, 0.5]
    """
    energy = frequency_energy(user_x, item_x, graph, num_bands, method, degree)
    return energy / energy.sum()


@torch.no_grad()
def frequency_response(
    source: Signal,
    result: Signal,
    graph: Interactions | Data,
    num_bands: int = 9,
    method: FrequencyMethod = "chebyshev",
    degree: int = 128,
    min_share: float = 1e-6,
) -> Tensor:
    r"""Compute how much of a signal's energy a model returns in each band.

    .. math::
        h_b = E_b(\mathbf{X}_\text{result}) / E_b(\mathbf{X}_\text{source})

    The two may differ in width: factors before and after a layer, or
    :func:`~tvdiff_pyg.analysis.interaction_signal` and
    :func:`~tvdiff_pyg.analysis.score_signal`, a denoiser's input and its output. For a
    linear filter :math:`g(\mathbf{L})` it is :math:`g^2`; for others it says where
    energy went, not by which way.

    Args:
        source: Values on users and on items before; one may be ``None``.
        result: Values on users and on items after; one may be ``None``.
        graph: As in :func:`frequency_energy`.
        num_bands: Number of bands, odd. (default: ``9``)
        method: As in :func:`frequency_energy`; what ``"chebyshev"`` blurs into a band
            that is nearly empty makes its ratio worthless. (default: ``"chebyshev"``)
        degree: As in :func:`frequency_energy`. (default: ``128``)
        min_share: A band with a smaller share of the source's energy has no ratio.
            (default: ``1e-6``)

    Returns:
        Ratios of shape ``[num_bands]``, ``nan`` where the source holds too little.

    Raises:
        ValueError: As :func:`frequency_energy`.

    Example:
        >>> pairs = torch.tensor([[0], [0]])
        >>> x = torch.ones(1, 1)
        >>> frequency_response((x, x), (2 * x, 2 * x), pairs, 3, "exact").tolist()
        [4.0, nan, nan]
    """
    before = frequency_energy(*source, graph, num_bands, method, degree)
    after = frequency_energy(*result, graph, num_bands, method, degree)
    return (after / before).masked_fill(before < min_share * before.sum(), torch.nan)


def _signal(
    user_x: Tensor | None, item_x: Tensor | None, graph: Interactions | Data
) -> tuple[Sides, CSR]:
    """Fill in the missing side and silence nodes without an edge."""
    if isinstance(graph, Data):
        user_x, item_x, user_rows = both_sides(user_x, item_x, graph)
    else:
        user_rows = rows_of(graph, user_x, item_x)
        user_x, item_x = _filled(user_x, item_x, user_rows)
    sides = user_x * connected(user_rows), item_x * connected(user_rows.transpose())
    return sides, user_rows


def _filled(user_x: Tensor | None, item_x: Tensor | None, user_rows: CSR) -> Sides:
    if user_x is None:
        if item_x is None:
            raise ValueError("'user_x' needs to be given without 'item_x' (got None)")
        check_rows("item_x", item_x, user_rows.num_cols)
        user_x = item_x.new_zeros(user_rows.num_rows, item_x.size(1))
    check_rows("user_x", user_x, user_rows.num_rows)
    if item_x is None:
        item_x = user_x.new_zeros(user_rows.num_cols, user_x.size(1))
    check_rows("item_x", item_x, user_rows.num_cols)
    check_channels("item_x", item_x, user_x)
    return user_x, item_x

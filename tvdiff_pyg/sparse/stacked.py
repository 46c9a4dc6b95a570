"""Sparse rows on top of each other."""

from collections.abc import Sequence

import torch
from torch_geometric.utils import cumsum

from tvdiff_pyg.sparse.csr import CSR


def stacked(parts: Sequence[CSR]) -> CSR:
    """Stack patterns on top of each other.

    Args:
        parts: Patterns, none wider than the first one.

    Raises:
        ValueError: If one is.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 1], [2, 0]]), (2, 3))
        >>> stacked([rows, rows]).col.tolist()
        [2, 0, 2, 0]
    """
    width, widest = parts[0].num_cols, max(part.num_cols for part in parts)
    if widest > width:
        raise ValueError(
            f"'parts' need to be of at most {width} columns, as the first one is "
            f"(got {widest})"
        )
    degree = torch.cat([part.degree() for part in parts])
    col = torch.cat([part.col for part in parts])
    return CSR(cumsum(degree), col, width, check=False)

"""What the operator is called with: vectors of two sides, and how many there are."""

from torch import Tensor
from torch_geometric.typing import Adj, OptPairTensor, Size

from tvdiff_pyg.sparse.matrices import check_dense
from tvdiff_pyg.sparse.read_edges import Rows, shape_of
from tvdiff_pyg.sparse.shapes import check_size


def read_vectors(x: Tensor | OptPairTensor, node_dim: int) -> OptPairTensor:
    """Return the vectors of the sources and, or ``None``, of the destinations.

    Args:
        x: A tensor for both, or a pair.
        node_dim: Which dimension the nodes are along.

    Raises:
        ValueError: If they are no dense tensors of real numbers.
    """
    pair = (x, x) if isinstance(x, Tensor) else x
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        got = f"{len(pair)} of them" if isinstance(pair, tuple | list) else type(x)
        raise ValueError(f"'x' needs to be a tensor or a pair of them (got {got})")
    src, dst = pair
    for value in (src,) if dst is None else (src, dst):
        check_dense("x", value)
        if not -value.dim() <= node_dim < value.dim():
            raise ValueError(
                f"'x' needs to be of shape [num_nodes, channels] "
                f"(got {list(value.shape)})"
            )
    return src, dst


def read_shape(
    x: OptPairTensor, edge_index: Adj | Rows, size: Size, node_dim: int
) -> tuple[int, int]:
    """Find ``(num_dst, num_src)``; square where nothing says otherwise, as in PyG.

    Args:
        x: As :func:`read_vectors` returns them.
        edge_index: Edges of any format.
        size: ``(num_src, num_dst)``, as far as it is given.
        node_dim: Which dimension the nodes are along.

    Raises:
        ValueError: If ``size`` is not what ``x`` says.
    """
    given = (None, None) if size is None else check_size(size)
    num_src = x[0].size(node_dim)
    num_dst = None if x[1] is None else x[1].size(node_dim)
    for asked, got in zip(given, (num_src, num_dst), strict=True):
        if None not in (asked, got) and asked != got:
            raise ValueError(
                f"'size' needs to be {(num_src, num_dst)}, as 'x' is (got {given})"
            )
    for known in (num_dst, given[1], shape_of(edge_index)[0]):
        if known is not None:
            return known, num_src
    return num_src, num_src

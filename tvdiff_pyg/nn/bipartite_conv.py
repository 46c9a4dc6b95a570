"""The operator: normalised messages of a bipartite graph, in any of PyG's formats."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.nn import MessagePassing
from torch_geometric.typing import Adj, OptPairTensor, OptTensor, Size

from tvdiff_pyg.nn.conv_input import read_shape, read_vectors
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization, csr_rows, spmm
from tvdiff_pyg.sparse.checks import traced, transforming
from tvdiff_pyg.sparse.formats import carried_rows, carry_rows
from tvdiff_pyg.sparse.normalization import check_normalization, normalize_rows
from tvdiff_pyg.sparse.read_edges import Rows, is_sparse, read_edges
from tvdiff_pyg.sparse.read_rows import read_rows, weigh

# What PyG calls with each message, or with the edges themselves, of our hooks.
_MESSAGE_HOOKS = tuple(
    f"_{called}_forward_{when}hooks"
    for called in ("propagate", "message", "aggregate")
    for when in ("pre_", "")
)


class BipartiteConv(MessagePassing):
    r"""Sums the vectors of the sources of each destination, weighed by the degrees.

    .. math::
        \mathbf{x}^{\prime}_i = \sum_{u \in \mathcal{N}(i)}
        d_u^{a} \, r_{ui} \, d_i^{b} \, \mathbf{x}_u

    with the powers of :func:`~tvdiff_pyg.sparse.bipartite_norm`, :math:`u` the sources
    and :math:`i` the destinations. It has no parameters.

    Edges of every format are sorted once and multiplied in one pass, in both
    directions and for the gradient of the weights, too; nothing of the size of all
    messages is formed. Where something needs the messages themselves, they are formed
    as PyG does it: with hooks on them, while an explainer is at work
    (``explain``), where a subclass has a ``message`` or an ``aggregate`` of its
    own, with another ``aggr``, while compiling, or if ``fuse`` is set to ``False``.

    Args:
        normalization: ``"symmetric"``, ``"left"``, ``"linkprop"`` or ``"none"``; the
            last leaves weights as they are. (default: ``"symmetric"``)
        **kwargs: Arguments of :class:`~torch_geometric.nn.conv.MessagePassing`.

    Raises:
        ValueError: If ``normalization`` is unknown, or ``flow`` is not
            ``"source_to_target"``.

    Shapes:
        - **input:** vectors :math:`(|\mathcal{V}|, F)` or
          :math:`((|\mathcal{V}_s|, F), (|\mathcal{V}_t|, *))`, edge indices
          :math:`(2, |\mathcal{E}|)`, edge weights :math:`(|\mathcal{E}|)` *(optional)*
        - **output:** vectors :math:`(|\mathcal{V}_t|, F)`

    Example:
        >>> conv = BipartiteConv(normalization="left")
        >>> edge_index = torch.tensor([[0, 0, 1], [0, 1, 1]])
        >>> conv(torch.ones(2, 1), edge_index).tolist()
        [[0.5], [1.5]]
    """

    def __init__(
        self, normalization: Normalization = "symmetric", **kwargs: Any
    ) -> None:
        kwargs.setdefault("aggr", "add")
        super().__init__(**kwargs)
        # What PyG goes back to for an explainer. Of a subclass of a layer that has been
        # built, it takes the compiled one, which knows of no explainer.
        type(self)._orig_propagate = MessagePassing.propagate
        if self.flow != "source_to_target":
            raise ValueError(
                f"'flow' needs to be 'source_to_target'; for the other way, flip "
                f"'edge_index' (got {self.flow!r})"
            )
        check_normalization(normalization)
        self.normalization = normalization

    def forward(
        self,
        x: Tensor | OptPairTensor,
        edge_index: Adj | Rows,
        edge_weight: OptTensor = None,
        size: Size = None,
    ) -> Tensor:
        """Pass the messages.

        In every format, ``edge_weight`` replaces the values that are stored in it, if
        any: both are :math:`r_{ui}`, which the normalisation multiplies. Degrees count
        edges, whatever they weigh. Gradients reach both.

        Args:
            x: Vectors of all nodes, ``[num_nodes, channels]``, or a tuple of those of
                the sources and, or ``None``, of the destinations.
            edge_index: (source, destination) pairs, plain or an ``EdgeIndex``, or the
                transposed adjacency, ``[num_dst, num_src]``, as a ``torch.sparse`` or
                ``torch_sparse`` tensor.
            edge_weight: One weight per edge, in the order of ``edge_index``; the
                stored ones, or ones, if omitted. (default: ``None``)
            size: ``(num_src, num_dst)``, where ``x`` and ``edge_index`` leave it open.
                (default: ``None``)

        Returns:
            One vector per destination, ``[num_dst, channels]``.

        Raises:
            ValueError: If an index is out of range or a shape does not fit.
        """
        pair = read_vectors(x, self.node_dim)
        shape = read_shape(pair, edge_index, size, self.node_dim)
        rows, order = self.read(edge_index, shape)
        rows = weigh(rows, order, edge_weight)
        return self.send(pair, self.normalize(rows, pair[0].dtype))

    @property
    def fuses(self) -> bool:
        """Whether edges are multiplied in one pass, as no one asks for a message."""
        return (
            self.fuse
            and self.aggr in ("add", "sum")
            and not self.explain
            and not any(getattr(self, hooks) for hooks in _MESSAGE_HOOKS)
            and self._defined("message_and_aggregate")
            <= min(self._defined("message"), self._defined("aggregate"))
            and not traced()
        )

    def read(
        self, edge_index: Adj | Rows | BipartiteAdjacency, size: tuple[int, int]
    ) -> tuple[Rows, OptTensor]:
        """Read edges of any format as rows of destinations.

        Args:
            edge_index: As in :meth:`forward`.
            size: ``(num_dst, num_src)``.

        Returns:
            The rows with the stored values, sorted where messages are fused; and where
            each entry is among the edges of ``edge_index``, ``None`` if in order.

        Raises:
            ValueError: If an index is out of range or a shape does not fit.
        """
        if isinstance(edge_index, BipartiteAdjacency):
            edge_index = edge_index.item_rows
        if self.fuses:
            return read_rows(edge_index, size)
        layout = getattr(edge_index, "layout", None)
        # Traced, a tensor of the compressed layouts has no entries.
        lost = transforming() or (traced() and layout != torch.sparse_coo)
        if lost and is_sparse(edge_index):
            raise ValueError(
                "'edge_index' needs to be pairs in 'torch.func', and pairs or COO in "
                f"'torch.export': they read no others (got {layout})"
            )
        return read_edges(edge_index, size), None

    def normalize(self, rows: Rows, dtype: torch.dtype) -> Rows:
        """Normalise the values of rows, unless they are normalised already.

        Args:
            rows: Rows of destinations.
            dtype: Precision of the weights where none are stored; at least single.
        """
        if self.normalization == "none" or rows.normalized:
            return rows
        return normalize_rows(rows, self.normalization, dtype)

    def send(self, x: OptPairTensor, rows: Rows) -> Tensor:
        """Pass messages along weighted edges, in one pass or each.

        Args:
            x: Vectors of the sources and, or ``None``, of the destinations.
            rows: Rows of destinations; their values weigh the messages.

        Returns:
            One vector per destination, ``[num_dst, channels]``.
        """
        # propagate_type: (x: OptPairTensor, edge_weight: OptTensor)
        if isinstance(rows, CSR) and self.fuses and self._is_matrix(x[0]):
            # Whoever reads the weights from the adjacency finds them there.
            names = self.inspector.get_param_names("message_and_aggregate")
            adj_t = carry_rows(rows, with_values="edge_weight" not in names)
            out: Tensor = self.propagate(adj_t, x=x, edge_weight=rows.value)
            return out
        edges = read_edges(rows, (rows.num_rows, rows.num_cols))
        size, weight = (rows.num_cols, rows.num_rows), edges.value
        weight = None if weight is None else weight.to(x[0].dtype)
        out = self.propagate(edges.edge_index, x=x, edge_weight=weight, size=size)
        return out

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        """Weigh the message of each edge."""
        if edge_weight is None:
            return x_j
        shape = [1] * x_j.dim()
        shape[self.node_dim] = -1
        return edge_weight.view(shape) * x_j

    def message_and_aggregate(
        self, adj_t: Adj, x: OptPairTensor, edge_weight: OptTensor
    ) -> Tensor:
        """Weigh and sum the messages of all edges in one pass."""
        rows = carried_rows(adj_t)
        if rows is None:
            rows = csr_rows(adj_t)
            weight = rows.value if edge_weight is None else edge_weight
        else:
            weight = edge_weight
        if weight is not rows.value:
            rows = rows.with_value(weight)
        return spmm(rows, x[0])

    def _is_matrix(self, x: Tensor) -> bool:
        """Whether there is a row for each node."""
        return x.dim() == 2 and self.node_dim in (-2, 0)

    def _defined(self, name: str) -> int:
        """Return how far up the classes a method is defined; 0 is this class's own."""
        if name in vars(self):
            return -1
        classes = type(self).__mro__
        return next(depth for depth, c in enumerate(classes) if name in vars(c))

    def __repr__(self) -> str:
        return f"{self.__class__.__name__}(normalization={self.normalization!r})"

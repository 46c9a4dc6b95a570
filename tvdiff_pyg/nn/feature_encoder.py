"""An encoder of node features: what nodes send, and what they keep for themselves."""

import torch
from torch import Tensor
from torch.nn import Module, Parameter
from torch_geometric.typing import OptTensor

from tvdiff_pyg.sparse import CSR, csr_rows, spmm
from tvdiff_pyg.sparse.checks import check_ids, traced
from tvdiff_pyg.sparse.node_features import check_features
from tvdiff_pyg.sparse.sharded import check_gathered


class FeatureEncoder(Module):
    r"""Two linear maps of the features of all nodes of one side.

    .. math::
        \mathbf{s}_i = c \, \mathbf{x}_i \mathbf{A}, \qquad
        \mathbf{k}_i = c \, \mathbf{x}_i \mathbf{B}

    What a node sends, :math:`\mathbf{s}_i`, is part of its messages; what it keeps,
    :math:`\mathbf{k}_i`, is added to the sum of the messages that reach it, as one from
    itself. A node that none reaches has what it keeps alone.

    Nodes share features, so that their images add up where rows of a table average
    out. The scale :math:`c` makes up for that: it leaves weights of the order of one,
    of which a step of Adam changes little, and lets images vary as the rows of a table
    of all nodes do at first.

    Features are buffers that ``state_dict`` leaves out: they are of the data.

    Args:
        x: Features, dense or sparse, of shape ``[num_nodes, num_features]``.
        channels: Width of both images, at least 1.
        message_dropout: Share of the nodes whose messages a training step leaves out,
            in [0, 1). (default: ``0.0``)

    Raises:
        ValueError: If features are not finite, or of another shape.

    Example:
        >>> encoder = FeatureEncoder(torch.eye(3).to_sparse_csr(), channels=2)
        >>> encoder.send().shape, encoder.keep(torch.zeros(3, 2)).shape
        (torch.Size([3, 2]), torch.Size([3, 2]))
    """

    x: Tensor
    scale: Tensor
    rowptr: Tensor
    col: Tensor

    def __init__(self, x: Tensor, channels: int, message_dropout: float = 0.0) -> None:
        super().__init__()
        x = check_features("x", x, x.size(0))
        self.num_nodes, self.num_features = x.shape
        self.message_dropout = message_dropout
        self.is_sparse = x.layout != torch.strided
        parts = {"x": x}
        if self.is_sparse:
            rows = csr_rows(x)
            parts = {"x": rows.values(), "rowptr": rows.rowptr, "col": rows.col}
        for name, part in parts.items():
            # A view of a sparse tensor is nothing that PyTorch traces.
            self.register_buffer(name, part.clone(), persistent=False)
        # The bound of Xavier's draw, by the length of a node's features.
        bound = (6 / (self.num_nodes + channels)) ** 0.5
        length = (self.x.square().sum() / self.num_nodes).sqrt()
        self.register_buffer("scale", bound / torch.where(length > 0, length, 1.0))
        self._sorted: CSR | None = None
        self.sent = Parameter(torch.empty(self.num_features, channels))
        self.kept = Parameter(torch.empty(self.num_features, channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw both maps anew."""
        for weight in (self.sent, self.kept):
            torch.nn.init.uniform_(weight, -1, 1)

    def features(self, index: OptTensor = None) -> Tensor | CSR:
        """Return the features of nodes.

        Args:
            index: Nodes, integers, of shape ``[num_read]``; all if omitted.
                (default: ``None``)

        Raises:
            ValueError: If one is no integer or out of range.
        """
        if index is not None:
            index = check_ids("n_id", index, self.num_nodes)
        if not self.is_sparse:
            return self.x if index is None else self.x[index]
        rows = self._rows()
        return rows if index is None else rows.select(index)

    def _rows(self) -> CSR:
        """Make the rows once, for their transpose; again where they were moved."""
        known = None if traced() else self._sorted
        if known is None or known.value is not self.x:
            rows = self.rowptr, self.col, self.num_features
            known = CSR(*rows, self.x, check=False)
            if not traced():
                self._sorted = known
        return known

    def send(self, index: OptTensor = None, x: OptTensor = None) -> Tensor:
        """Compute what nodes send.

        Args:
            index: As in :meth:`features`. (default: ``None``)
            x: Features of other nodes, in their place. (default: ``None``)

        Returns:
            Images, of shape ``[num_read, channels]``.
        """
        return self._image(self.sent, index, x)

    def keep(
        self, hidden: OptTensor, index: OptTensor = None, x: OptTensor = None
    ) -> Tensor:
        """Add what nodes keep to the sums of the messages that reached them.

        Args:
            hidden: Sums, of shape ``[num_read, channels]``; ``None`` if there are none.
            index: As in :meth:`features`. (default: ``None``)
            x: Features of other nodes, in their place. (default: ``None``)

        Returns:
            Sums of the same shape.
        """
        kept = self._image(self.kept, index, x)
        if hidden is None:
            return kept
        if self.training and self.message_dropout > 0:
            draw = torch.rand(hidden.size(0), 1, device=hidden.device)
            hidden = hidden.masked_fill(draw < self.message_dropout, 0.0)
        return hidden + kept

    def _image(self, weight: Tensor, index: OptTensor, x: OptTensor) -> Tensor:
        check_gathered(weight)
        weight = self.scale * weight
        if x is None:
            rows = self.features(index)
        else:
            rows = x if x.layout == torch.strided else csr_rows(x)
        if isinstance(rows, CSR):
            return spmm(rows, weight)
        return rows.to(weight.dtype) @ weight

    def __repr__(self) -> str:
        shape = f"{self.num_features}, {self.sent.size(1)}"
        return f"{self.__class__.__name__}({shape}, num_nodes={self.num_nodes})"

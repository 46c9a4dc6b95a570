"""The anisotropic denoiser of which each process holds the rows of its users."""

import math

import torch
from torch import Tensor
from torch.nn import Embedding
from torch_geometric.typing import Adj, OptTensor

from tvdiff_pyg.nn.anisotropic import AnisotropicConfig, AnisotropicDenoiser
from tvdiff_pyg.nn.node_ids import NodeIds
from tvdiff_pyg.sparse.read_edges import Rows
from tvdiff_pyg.training.collectives import sum_of_processes
from tvdiff_pyg.training.partitioned.users import UserPart

# Numbers that are drawn at once, for rows that other processes hold: 4 MiB of them.
DRAWN_AT_ONCE = 2**20


class PartitionedDenoiser(AnisotropicDenoiser):
    r"""An :class:`~tvdiff_pyg.nn.AnisotropicDenoiser` whose item tower adds up the
    messages of the users of all processes.

    .. math::
        \mathbf{v}_i = \tanh \Big( \sum_p \sum_{u \in \mathcal{N}_p(i)}
        \bar{r}_{ui} \, \mathbf{W}_U[u] \Big)

    The inner sum is that of process :math:`p`, which holds these rows alone; the outer
    one is an all-reduce of ``[num_items, hidden_channels]``, and so is its gradient. Of
    a sample, all processes give the same items, and :math:`\mathcal{N}_p(i)` are those
    that each has drawn.

    Args:
        users: The users of this process, whose numbers begin at 0 here.
        num_items: Number of items, at least 1.
        config: The settings.

    Raises:
        ValueError: If a setting is outside its range.

    Example:
        >>> PartitionedDenoiser(UserPart(5, 1, 2), 3, AnisotropicConfig())
        PartitionedDenoiser(2, 3, hidden_channels=64, normalization='symmetric')
    """

    def __init__(
        self, users: UserPart, num_items: int, config: AnisotropicConfig
    ) -> None:
        # Read while the tables are drawn.
        self.users = users
        super().__init__(len(users), num_items, **config.arguments())

    @torch.no_grad()
    def draw_table(self, table: Embedding) -> None:
        """Draw the rows that one process would: those of others pass by."""
        if table is not self.user_embedding:
            super().draw_table(table)
            return
        own, users = table.weight, self.users
        # As xavier_uniform_ has it, to the last digit.
        scale = math.sqrt(2.0 / (users.num_users + own.size(1)))
        bound = math.sqrt(3.0) * scale
        self._pass_by(users.first, bound)
        own.uniform_(-bound, bound)
        self._pass_by(users.num_users - users.last, bound)

    def _pass_by(self, num_rows: int, bound: float) -> None:
        """Draw rows that nobody keeps here."""
        channels = self.hidden_channels
        at_once = max(DRAWN_AT_ONCE // channels, 1)
        for start in range(0, num_rows, at_once):
            block = torch.empty(min(at_once, num_rows - start), channels)
            block.uniform_(-bound, bound)

    def gather(
        self,
        edge_index: Adj | Rows,
        norm_weight: OptTensor = None,
        n_id: NodeIds | None = None,
        embedding: OptTensor = None,
    ) -> Tensor:
        """Sum the messages of the users of all processes; all of them call this, for
        the same items.
        """
        own = super().gather(edge_index, norm_weight, n_id, embedding)
        return sum_of_processes(own)

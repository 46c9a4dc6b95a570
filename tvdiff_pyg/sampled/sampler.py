"""Samples what one training step reads: a hop around users and items for each layer."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
    NodeSamplerInput,
)

from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.sampled.neighbors import check_num_neighbors, sample_neighbors
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency


class BipartiteSampler(BaseSampler):
    """Samples what one training step reads, in a few operations on whole batches.

    It needs none of PyG's compiled extensions, and samples the users and the items of
    a batch around the same edges: an item that a user was seen with is in the batch.
    The first items of a batch are the pool.

    Args:
        adjacency: The training graph.
        num_neighbors: Most neighbours of a node, drawn without replacement; -1 for
            all. (default: ``32``)
        num_pool: Size of the pool, drawn without replacement; at most all items are.
            (default: ``4096``)
        num_layers: Layers of the denoiser, each of which takes a hop.
            (default: ``1``)

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        adjacency: BipartiteAdjacency,
        num_neighbors: int = 32,
        num_pool: int = 4096,
        num_layers: int = 1,
    ) -> None:
        check_num_neighbors(num_neighbors)
        if num_layers < 1:
            raise ValueError(f"'num_layers' needs to be at least 1 (got {num_layers})")
        if num_pool < 1:
            raise ValueError(f"'num_pool' needs to be at least 1 (got {num_pool})")
        self.adjacency = adjacency
        self.num_neighbors = num_neighbors
        self.num_layers = num_layers
        self.num_pool = min(num_pool, adjacency.item_rows.num_rows)

    def sample_from_nodes(
        self, inputs: NodeSamplerInput, **kwargs: Any
    ) -> HeteroSamplerOutput:
        """Sample around users; see :class:`torch_geometric.sampler.BaseSampler`."""
        out = self._sample(inputs.node, inputs.node[:0])
        out.metadata = (inputs.input_id, inputs.time)
        return out

    def sample_from_edges(
        self,
        inputs: EdgeSamplerInput,
        neg_sampling: NegativeSampling | None = None,
    ) -> HeteroSamplerOutput:
        """Sample around the users and the positive items of interactions."""
        user, src_index = inputs.row.unique(return_inverse=True)
        out = self._sample(user, inputs.col)
        dst_index = _places(out.node["item"], self.adjacency.item_rows.num_rows)
        pool = torch.arange(self.num_pool)
        out.metadata = (
            inputs.input_id,
            src_index,
            dst_index[inputs.col],
            pool,
            inputs.time,
        )
        return out

    @property
    def edge_permutation(self) -> None:
        """Edges keep no numbers."""
        return None

    def _sample(self, user: Tensor, extra_item: Tensor) -> HeteroSamplerOutput:
        """Expand users and items once, then in turn the newest of one side."""
        rows = {"user": self.adjacency.user_rows, "item": self.adjacency.item_rows}
        num_items = rows["item"].num_rows
        whole = self.num_pool == num_items
        pool = torch.arange(num_items) if whole else torch.randperm(num_items)
        pool = pool[: self.num_pool]

        def expand(side: str, nodes: Tensor) -> CSR:
            return sample_neighbors(rows[side], nodes, self.num_neighbors)

        seen = [expand("user", user)]
        item = _complete(pool, torch.cat([seen[0].col, extra_item]), num_items)
        raters = [expand("item", item)]
        node = {"user": user, "item": item}
        node["user"] = _complete(user, raters[0].col, rows["user"].num_rows)
        hops = {"user": seen, "item": raters}
        for layer in range(1, self.num_layers):
            # The users that items have met need their items, those their users, ...
            side, other = ("user", "item") if layer % 2 == 1 else ("item", "user")
            num_expanded = sum(hop.num_rows for hop in hops[side])
            hops[side].append(expand(side, node[side][num_expanded:]))
            found = hops[side][-1].col
            node[other] = _complete(node[other], found, rows[other].num_rows)
        return self._output(node, CSR.stack(seen), CSR.stack(raters), user.numel())

    def _output(
        self, node: dict[str, Tensor], seen: CSR, raters: CSR, num_users: int
    ) -> HeteroSamplerOutput:
        """Renumber the nodes; edges ascend by destination."""
        num_seeds = {"user": num_users, "item": self.num_pool}
        return HeteroSamplerOutput(
            node=node,
            row={
                RATED_BY: _places(node["item"], seen.num_cols)[seen.col],
                RATES: _places(node["user"], raters.num_cols)[raters.col],
            },
            col={RATED_BY: seen.row(), RATES: raters.row()},
            edge={RATED_BY: None, RATES: None},
            num_sampled_nodes={
                side: [num_seeds[side], node[side].numel() - num_seeds[side]]
                for side in node
            },
            num_sampled_edges={RATED_BY: [seen.nnz], RATES: [raters.nnz]},
        )


def _complete(first: Tensor, others: Tensor, size: int) -> Tensor:
    """Append what is not among the first, each once, in ascending order."""
    wanted = torch.zeros(size, dtype=torch.bool)
    wanted[others] = True
    wanted[first] = False
    return torch.cat([first, wanted.nonzero().view(-1)])


def _places(index: Tensor, size: int) -> Tensor:
    """Return the place of each node in a list of nodes; others are undefined."""
    place = torch.empty(size, dtype=torch.long)
    place[index] = torch.arange(index.numel())
    return place

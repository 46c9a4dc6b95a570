"""Samples what a training step reads: neighbours, and a pool of random items."""

import torch
from torch import Tensor
from torch_geometric.sampler import (
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NegativeSampling,
)

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sampled.directions import Directions, read_distinct
from tvdiff_pyg.sampled.sampler import BipartiteSampler, Nodes, complete, places
from tvdiff_pyg.sparse import Interactions
from tvdiff_pyg.sparse.hetero import EdgeTypeName


class PoolSampler(BipartiteSampler):
    """Samples users and items of a training step around the same edges: an item that a
    user was seen with is in the batch, with its own users. The first items of a batch
    are the pool.

    Args:
        graph: The training graph, as :func:`~tvdiff_pyg.sampled.neighbor_loader`
            takes it.
        num_neighbors: Most neighbours of a node, drawn without replacement; -1 for
            all.
        num_pool: Size of the pool, drawn without replacement; at most all items are.
        num_layers: Layers of the denoiser, each of which takes a hop.
        edge_type: The type of the interactions.

    Raises:
        ValueError: If an argument is outside its range.
    """

    def __init__(
        self,
        graph: Interactions,
        num_neighbors: int,
        num_pool: int,
        num_layers: int,
        edge_type: EdgeTypeName = None,
    ) -> None:
        check_integer("num_pool", num_pool, low=1)
        super().__init__(graph, num_neighbors, num_layers, edge_type)
        self.num_pool = min(num_pool, self.num_nodes[self.directions.item])

    def sample_from_edges(
        self,
        inputs: EdgeSamplerInput,
        neg_sampling: NegativeSampling | None = None,
    ) -> HeteroSamplerOutput:
        """Sample around the users and the positive items of interactions.

        Args:
            inputs: The interactions.
            neg_sampling: ``None``: negatives come from the pool. (default: ``None``)

        Raises:
            ValueError: If negatives are asked for.
        """
        if neg_sampling is not None:
            raise ValueError(
                f"'neg_sampling' needs to be None, as negatives are drawn from the "
                f"pool (got {neg_sampling})"
            )
        out = super().sample_from_edges(inputs)
        input_id, (user, _), label, time = out.metadata
        item = self.directions.item
        place = places(out.node[item], self.num_nodes[item])[inputs.col]
        out.metadata = input_id, torch.stack([user, place]), label, time
        return out

    def _read(self, graph: Interactions, edge_type: EdgeTypeName) -> Directions:
        return read_distinct(graph, edge_type, "adjacency")

    def _sample(self, seed: Nodes, seed_time: None = None) -> HeteroSamplerOutput:
        user, item = self.directions.user, self.directions.item
        seen = self._draw(user, seed[user])
        others: list[Tensor] = [seen.col, *([seed[item]] if item in seed else [])]
        items = self._items(torch.cat(others))
        return self._expand({user: seed[user], item: items}, {user: seen})

    def _items(self, others: Tensor) -> Tensor:
        """Return the items of a batch: the pool, and then the others that it needs."""
        return complete(self._pool(), others, self.num_nodes[self.directions.item])

    def _pool(self) -> Tensor:
        num_items = self.num_nodes[self.directions.item]
        whole = self.num_pool == num_items
        pool = torch.arange(num_items) if whole else torch.randperm(num_items)
        return pool[: self.num_pool]

"""Samples neighbours of users and items, hop by hop, whole batches at a time."""

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
from torch_geometric.sampler.neighbor_sampler import edge_sample, node_sample
from torch_geometric.typing import EdgeType

from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.sampled.directions import Directions, read_directions
from tvdiff_pyg.sampled.neighbors import check_num_neighbors, sample_neighbors
from tvdiff_pyg.sparse import CSR, Interactions, stacked
from tvdiff_pyg.sparse.checks import check_ids
from tvdiff_pyg.sparse.hetero import EdgeTypeName

Nodes = dict[str, Tensor]


class BipartiteSampler(BaseSampler):
    """Samples neighbours of users and items for PyG's loaders, in a few operations on
    whole batches; none of PyG's compiled extensions is needed.

    In each hop, the nodes that the one before has found are given neighbours, by edges
    into them. Seeds come first, nodes and edges are in the order of the hops, and edges
    ascend by destination. All kinds of negatives are drawn as PyG draws them. Edges
    between other types of nodes, and times, are not read.

    Args:
        graph: A ``HeteroData`` with edges both ways; or interactions in any other
            format, for loaders of a graph with the types of
            :class:`~tvdiff_pyg.data.BipartiteGraph`, whose edges then come without
            their attributes.
        num_neighbors: Most neighbours of a node, drawn without replacement; -1 for
            all. (default: ``32``)
        num_layers: Number of hops. (default: ``1``)
        edge_type: The type of the edges from users to items, where it needs to be
            said; see :meth:`~tvdiff_pyg.data.BipartiteGraph.from_hetero_data`.
            (default: ``None``)

    Raises:
        ValueError: If an argument is outside its range, or ``graph`` has no edges back.

    Example:
        >>> from torch_geometric.data import HeteroData
        >>> from torch_geometric.loader import NeighborLoader
        >>> from torch_geometric.transforms import ToUndirected
        >>> data = HeteroData({"reader": {"num_nodes": 2}, "book": {"num_nodes": 3}})
        >>> pairs = torch.tensor([[0, 0, 1], [0, 1, 2]])
        >>> data["reader", "lent", "book"].edge_index = pairs
        >>> data = ToUndirected()(data)
        >>> sampler = BipartiteSampler(data, num_neighbors=-1)
        >>> loader = NeighborLoader(data, None, "reader", neighbor_sampler=sampler)
        >>> next(iter(loader))["book"].n_id
        tensor([0, 1])
    """

    def __init__(
        self,
        graph: Interactions,
        num_neighbors: int = 32,
        num_layers: int = 1,
        edge_type: EdgeTypeName = None,
    ) -> None:
        check_num_neighbors(num_neighbors)
        check_integer("num_layers", num_layers, low=1)
        self.directions = self._read(graph, edge_type)
        self.num_nodes = self.directions.num_nodes
        self.num_neighbors = num_neighbors
        self.num_layers = num_layers

    def sample_from_nodes(
        self, inputs: NodeSamplerInput, **kwargs: Any
    ) -> HeteroSamplerOutput:
        """Sample around nodes of one type; see
        :class:`torch_geometric.sampler.BaseSampler`.

        Args:
            inputs: The nodes.
            **kwargs: Not read.

        Raises:
            ValueError: If they are no users or items, or come with times.
        """
        _check_no_time("input_time", inputs.time)
        node, num_nodes = inputs.input_type, self.num_nodes
        if node not in num_nodes:
            raise ValueError(
                f"'input_nodes' needs to be of {list(num_nodes)} (got {node!r})"
            )
        check_ids("input_nodes", inputs.node, num_nodes[node])
        return node_sample(inputs, self._sample)

    def sample_from_edges(
        self,
        inputs: EdgeSamplerInput,
        neg_sampling: NegativeSampling | None = None,
    ) -> HeteroSamplerOutput:
        """Sample around both ends of pairs, and of negatives; see
        :class:`torch_geometric.sampler.BaseSampler`.

        Args:
            inputs: The pairs, of users and items or the other way.
            neg_sampling: Which negatives are drawn. (default: ``None``)

        Raises:
            ValueError: If they are no users and items, or come with times.
        """
        _check_no_time("edge_label_time", inputs.time)
        ends = _ends(inputs.input_type)
        if set(ends) != set(self.num_nodes):
            raise ValueError(
                f"'edge_label_index' needs to be between {list(self.num_nodes)} "
                f"(got {inputs.input_type})"
            )
        for side, (node, index) in enumerate(
            zip(ends, (inputs.row, inputs.col), strict=True)
        ):
            check_ids(f"edge_label_index[{side}]", index, self.num_nodes[node])
        return edge_sample(
            inputs, self._sample, self.num_nodes, False, None, neg_sampling
        )

    def _read(self, graph: Interactions, edge_type: EdgeTypeName) -> Directions:
        return read_directions(graph, edge_type)

    def _sample(self, seed: Nodes, seed_time: None = None) -> HeteroSamplerOutput:
        none = torch.empty(0, dtype=torch.long)
        return self._expand({node: seed.get(node, none) for node in self.num_nodes}, {})

    def _draw(self, node: str, index: Tensor) -> CSR:
        return sample_neighbors(self.directions.rows[node], index, self.num_neighbors)

    def _expand(self, nodes: Nodes, drawn: dict[str, CSR]) -> HeteroSamplerOutput:
        """Follow all hops; ``drawn`` are seeds' neighbours that are seeds, too."""
        nodes, counts = dict(nodes), {node: [x.numel()] for node, x in nodes.items()}
        hops: dict[str, list[CSR]] = {node: [] for node in nodes}
        for _ in range(self.num_layers):
            found: Nodes = {}
            for node, index in nodes.items():
                rows = drawn.pop(node, None)
                if rows is None:
                    start = index.numel() - counts[node][-1]
                    rows = self._draw(node, index[start:])
                    found[self.directions.others(node)] = rows.col
                hops[node].append(rows)
            for node, index in nodes.items():
                if node in found:
                    size = self.num_nodes[node]
                    nodes[node] = complete(index, found[node], size)
                counts[node].append(nodes[node].numel() - index.numel())
        return self._output(nodes, counts, hops)

    def _output(
        self, nodes: Nodes, counts: dict[str, list[int]], hops: dict[str, list[CSR]]
    ) -> HeteroSamplerOutput:
        """Renumber the nodes; edges ascend by destination."""
        out = HeteroSamplerOutput(nodes, {}, {}, {}, None, counts, {})
        assert out.num_sampled_edges is not None
        for node, parts in hops.items():
            edge_type, rows = self.directions.into(node), stacked(parts)
            sources = places(nodes[edge_type[0]], rows.num_cols)
            out.row[edge_type] = sources[rows.col]
            out.col[edge_type] = rows.row()
            ids = [part.value for part in parts if part.value is not None]
            out.edge[edge_type] = torch.cat(ids) if ids else None
            out.num_sampled_edges[edge_type] = [part.nnz for part in parts]
        return out


def complete(first: Tensor, others: Tensor, size: int) -> Tensor:
    """Append what is not among the first, each once, in ascending order."""
    wanted = torch.zeros(size, dtype=torch.bool)
    wanted[others] = True
    wanted[first] = False
    return torch.cat([first, wanted.nonzero().view(-1)])


def places(index: Tensor, size: int) -> Tensor:
    """Return the place of each node in a list of nodes; others are undefined."""
    place = torch.empty(size, dtype=torch.long)
    place[index] = torch.arange(index.numel())
    return place


def _ends(edge_type: EdgeType | None) -> tuple[str, ...]:
    return () if edge_type is None else (edge_type[0], edge_type[2])


def _check_no_time(name: str, time: Tensor | None) -> None:
    if time is not None:
        raise ValueError(
            f"'{name}' needs to be None, as this sampler reads no times (got times)"
        )

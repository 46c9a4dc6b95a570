"""Disjoint and temporal sampling, which PyG itself needs pyg-lib for: node by node."""

from typing import Any

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.sampler import (
    BaseSampler,
    EdgeSamplerInput,
    HeteroSamplerOutput,
    NodeSamplerInput,
)
from torch_geometric.typing import EdgeType


class TreeSampler(BaseSampler):
    """All neighbours by edges that are no later than the seed, for each seed apart."""

    def __init__(self, graph: HeteroData, num_hops: int) -> None:
        self.graph, self.num_hops = graph, num_hops

    def sample_from_nodes(
        self, inputs: NodeSamplerInput, **kwargs: Any
    ) -> HeteroSamplerOutput:
        nodes = [[(inputs.input_type, node)] for node in inputs.node.tolist()]
        out = self._sample(nodes, inputs.time)
        out.metadata = (inputs.input_id, inputs.time)
        return out

    def sample_from_edges(
        self, inputs: EdgeSamplerInput, neg_sampling: object = None
    ) -> HeteroSamplerOutput:
        assert neg_sampling is None
        user, _, item = inputs.input_type
        pairs = zip(inputs.row.tolist(), inputs.col.tolist(), strict=True)
        out = self._sample([[(user, u), (item, i)] for u, i in pairs], inputs.time)
        place = torch.arange(inputs.row.numel()).repeat(2, 1)
        out.metadata = (inputs.input_id, place, inputs.label, inputs.time)
        return out

    def _sample(
        self, seeds: list[list[tuple[str, int]]], time: Tensor | None
    ) -> HeteroSamplerOutput:
        types = self.graph.node_types
        self.node: dict[str, list[tuple[int, int]]] = {key: [] for key in types}
        self.edge: dict[EdgeType, list[tuple[int, int, int]]] = {
            key: [] for key in self.graph.edge_types
        }
        for tree, nodes in enumerate(seeds):
            for kind, node in nodes:
                self.node[kind].append((tree, node))
        for tree, nodes in enumerate(seeds):
            now = float("inf") if time is None else time[tree].item()
            reached = set(nodes)
            for _ in range(self.num_hops):
                nodes = [
                    found
                    for kind, node in nodes
                    for found in self._expand(tree, kind, node, now)
                ]
                nodes = sorted(set(nodes) - reached)
                reached |= set(nodes)
        node = {key: _columns(found, 2) for key, found in self.node.items()}
        edge = {key: _columns(found, 3) for key, found in self.edge.items()}
        return HeteroSamplerOutput(
            node={key: found[1] for key, found in node.items()},
            row={key: found[0] for key, found in edge.items()},
            col={key: found[1] for key, found in edge.items()},
            edge={key: found[2] for key, found in edge.items()},
            batch={key: found[0] for key, found in node.items()},
        )

    def _expand(
        self, tree: int, kind: str, node: int, now: float
    ) -> list[tuple[str, int]]:
        found = []
        for key in self.graph.edge_types:
            if key[2] != kind:
                continue
            store = self.graph[key]
            known = (store.edge_index[1] == node) & (store.time <= now)
            for edge in known.nonzero().view(-1).tolist():
                source = int(store.edge_index[0, edge])
                place = self._place(key[0], tree, source), self._place(kind, tree, node)
                self.edge[key].append((*place, edge))
                found.append((key[0], source))
        return found

    def _place(self, kind: str, tree: int, node: int) -> int:
        if (tree, node) not in self.node[kind]:
            self.node[kind].append((tree, node))
        return self.node[kind].index((tree, node))


def _columns(rows: list[tuple[int, ...]], width: int) -> Tensor:
    return torch.tensor(rows, dtype=torch.long).view(-1, width).t()

"""A graph of other names than ours, for samplers and loaders."""

import torch
from torch import Tensor
from torch_geometric.data import HeteroData
from torch_geometric.transforms import ToUndirected

from tests.oracle import pairs_of, random_matrix

SIZE = (20, 15)
PAIRS = pairs_of(random_matrix(*SIZE, density=0.25))
SHUFFLED = PAIRS[:, torch.randperm(PAIRS.size(1), generator=torch.manual_seed(0))]
LENT, BACK = ("reader", "lent", "book"), ("book", "rev_lent", "reader")


def graph(pairs: Tensor = SHUFFLED, both: bool = True) -> HeteroData:
    data = HeteroData()
    for node, size in zip(LENT[::2], SIZE, strict=True):
        data[node].x = torch.arange(size)
    data[LENT].edge_index = pairs
    data[LENT].edge_attr = torch.arange(pairs.size(1))
    return ToUndirected()(data) if both else data

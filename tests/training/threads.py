"""Threads that take each other for processes, each with the rows of its users."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
import torch
import torch.distributed as dist
from torch import Tensor
from torch_geometric.data import HeteroData

import tvdiff_pyg.diffusion.gaussian as gaussian
from tests.builders import tvdiff
from tests.training.ranks_work import CERTAIN
from tvdiff_pyg import TVDiff
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.nn.anisotropic import AnisotropicConfig
from tvdiff_pyg.sampled.loader import loader_of
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.collectives import mean_of_processes
from tvdiff_pyg.training.partitioned.denoiser import PartitionedDenoiser
from tvdiff_pyg.training.partitioned.pool import SharedPoolSampler
from tvdiff_pyg.training.partitioned.users import UserPart

NUMBER = 3
SECONDS = 60
InThreads = Callable[[Callable[[int], Any]], list[Any]]


TABLE = "denoiser.user_embedding.weight"


@pytest.fixture
def in_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[InThreads]:
    """Return what calls in threads that take each other for processes."""
    barrier, given = threading.Barrier(NUMBER, timeout=SECONDS), dict[int, Any]()

    def all_reduce(value: Tensor, op: Any = dist.ReduceOp.SUM) -> None:
        given[threading.get_ident()] = value.clone()
        barrier.wait()
        values = torch.stack(list(given.values()))
        most = op == dist.ReduceOp.MAX
        total = values.amax(dim=0) if most else values.sum(dim=0)
        barrier.wait()
        value.copy_(total)

    def all_gather_object(values: list[Any], value: Any) -> None:
        given[threading.get_ident()] = value
        barrier.wait()
        values[:] = given.values()
        barrier.wait()

    monkeypatch.setattr(dist, "is_initialized", lambda: True)
    monkeypatch.setattr(dist, "all_gather_object", all_gather_object)
    monkeypatch.setattr(dist, "get_world_size", lambda: NUMBER)
    # PyTorch's loaders ask, and draw nothing by it.
    monkeypatch.setattr(dist, "get_rank", lambda: 0)
    monkeypatch.setattr(dist, "all_reduce", all_reduce)

    def call(function: Callable[[int], Any], rank: int) -> Any:
        try:
            return function(rank)
        except BaseException:
            barrier.abort()  # Others would wait.
            raise

    with ThreadPoolExecutor(NUMBER) as pool:
        yield lambda function: list(pool.map(partial(call, function), range(NUMBER)))


def part_of(graph: BipartiteGraph, users: UserPart) -> BipartiteAdjacency:
    degree = torch.bincount(graph.train_index[1], minlength=graph.num_items)
    held = graph.subgraph({"user": torch.arange(users.first, users.last)})
    size = len(users), graph.num_items
    return BipartiteAdjacency.from_edge_index(
        held.train_index, size, item_degree=degree
    )


@pytest.fixture
def whole(graph: BipartiteGraph, monkeypatch: pytest.MonkeyPatch) -> TVDiff:
    monkeypatch.setattr(gaussian, "FIRST_BETA", 0.0)
    torch.manual_seed(0)
    return tvdiff(graph.num_users, graph.num_items, **CERTAIN).double()


class Rank:
    """What one of several processes holds of a graph and of a model."""

    def __init__(self, whole: TVDiff, graph: BipartiteGraph, rank: int) -> None:
        self.users = users = UserPart(graph.num_users, rank, NUMBER)
        self.adjacency = part_of(graph, users)
        config = whole.config.denoiser
        assert isinstance(config, AnisotropicConfig)
        denoiser = PartitionedDenoiser(users, graph.num_items, config)
        self.model = TVDiff.around(denoiser, whole.config).double()
        table = whole.state_dict()[TABLE][users.first : users.last]
        self.model.load_state_dict({**whole.state_dict(), TABLE: table})

    def sample(self, index: Tensor, *caps: int) -> HeteroData:
        """Sample around those of some users or pairs that are held here."""
        user = index if index.dim() == 1 else index[0]
        own = index[..., (user >= self.users.first) & (user < self.users.last)]
        (own if own.dim() == 1 else own[0]).sub_(self.users.first)
        sampler = SharedPoolSampler(self.adjacency, *caps, self.users.rank == 0)
        rows = [list(range(own.size(-1)))]
        return next(iter(loader_of(sampler, self.adjacency, own, batch_sampler=rows)))

    def gradients(self, loss: FreeEnergy, num_rows: int) -> dict[str, Tensor]:
        """Return those of the mean over the rows of all processes."""
        every = mean_of_processes(torch.tensor(float(num_rows)))
        (loss.free_energy * (num_rows / every)).backward()
        found = {}
        for name, p in self.model.named_parameters():
            grad = torch.zeros_like(p) if p.grad is None else p.grad
            found[name] = grad if name == TABLE else mean_of_processes(grad)
        return found


def indices(graph: BipartiteGraph) -> dict[str, Tensor]:
    """Return users, pairs, and users of whom some processes hold none."""
    users = torch.arange(graph.num_users).flip(0)
    pairs = graph.train_index[:, ::7]
    return {"users": users, "pairs": pairs, "few": torch.tensor([3, 1, 7])}

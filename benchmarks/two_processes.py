"""Training in two processes by gloo: gradients are those of one process."""

import json
import time
from collections.abc import Callable
from copy import deepcopy
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
import torch.distributed as dist
from toolbox import PAIRS, graphs, layers, tried
from torch.multiprocessing import start_processes
from torch.nn import Module
from torch.nn.parallel import DistributedDataParallel
from torch.testing import assert_close

WORLD_SIZE = 2
SECONDS = 240

Wrap = Callable[[Module], Module]


def sharded(layer: Module) -> Module:
    """Wrap a layer in FSDP2, which PyTorch has from 2.6 on."""
    from torch.distributed.fsdp import fully_shard

    return fully_shard(layer)


#: What wraps a layer, by the names of the table.
WRAPS: dict[str, Wrap] = {"DDP": DistributedDataParallel, "FSDP2": sharded}


def trains_alike(wrap: Wrap) -> Callable[[Module, Any], None]:
    """Return a tool: both processes read a graph, and get the gradients of one."""

    def train(layer: Module, graph: Any) -> None:
        one = deepcopy(layer)
        one(PAIRS).square().sum().backward()
        wrapped = wrap(layer)
        wrapped(graph).square().sum().backward()
        for found, expected in zip(layer.parameters(), one.parameters(), strict=True):
            gradient = found.grad
            if hasattr(gradient, "full_tensor"):
                gradient = gradient.full_tensor()
            assert_close(gradient, expected.grad)

    return train


def in_two_processes(name: str) -> dict[str, dict[str, str]]:
    """Try a format; return what it came to, by tool and layer.

    Args:
        name: The format.
    """
    with TemporaryDirectory() as folder:
        processes = start_processes(
            _try_all, (name, folder), WORLD_SIZE, join=False, start_method="spawn"
        )
        deadline = time.monotonic() + SECONDS
        try:
            while not processes.join(timeout=1):
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{name} took more than {SECONDS} seconds")
        finally:
            for process in processes.processes:
                process.kill()
        return json.loads(Path(folder, "found.json").read_text())


def _try_all(rank: int, name: str, folder: str) -> None:
    torch.set_num_threads(1)
    store = dist.FileStore(f"{folder}/store", WORLD_SIZE)
    group = {"rank": rank, "world_size": WORLD_SIZE}
    limit = timedelta(seconds=SECONDS)
    dist.init_process_group("gloo", store=store, timeout=limit, **group)
    graph, found = graphs()[name], {}
    for tool, wrap in WRAPS.items():
        found[tool] = {
            layer: tried(trains_alike(wrap), module, graph)
            for layer, module in layers().items()
        }
    if rank == 0:
        Path(folder, "found.json").write_text(json.dumps(found))
    dist.destroy_process_group()

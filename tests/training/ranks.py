"""Processes that train together, begun as torchrun, SLURM or Lightning would."""

import multiprocessing
import runpy
import socket
import time
from pathlib import Path
from typing import Any

import torch

SECONDS = 120
#: What imports all that a training needs, once for the processes that are forked off.
PRELOADED = [
    "tvdiff_pyg.training.fitting",
    "tvdiff_pyg.training.partitioned.part_files",
    "tvdiff_pyg.recommend.processes",
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


def environment(launcher: str, rank: int, number: int, port: int) -> dict[str, str]:
    """Return the variables that a launcher sets in a process."""
    meeting = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    ranks = {
        "torchrun": {
            "TORCHELASTIC_RUN_ID": "test",
            "RANK": rank,
            "LOCAL_RANK": rank,
            "GROUP_RANK": 0,
            "GROUP_WORLD_SIZE": 1,
            "WORLD_SIZE": number,
        },
        "slurm": {
            "SLURM_NTASKS": number,
            "SLURM_NTASKS_PER_NODE": number,
            "SLURM_NNODES": 1,
            "SLURM_PROCID": rank,
            "SLURM_LOCALID": rank,
            "SLURM_NODEID": 0,
            "SLURM_JOB_ID": 4242,
            "SLURM_JOB_NAME": "fit",
        },
        "lightning": {"LOCAL_RANK": rank, "NODE_RANK": 0, "WORLD_SIZE": number},
    }
    alone = number == 1
    return {} if alone else meeting | {k: str(v) for k, v in ranks[launcher].items()}


def begin(number: int, launcher: str, work: str, *args: object, **options: Any) -> Any:
    """Begin the processes of a training, forked off one that has imported all."""
    context: Any = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    processes, port = [], free_port()
    for rank in range(number):
        known = environment(launcher, rank, number, port)
        # By its path: a package of this folder's name may be installed.
        script = str(Path(__file__).with_name("ranks_work.py"))
        given = {"work": (work, known, args, options)}
        process = context.Process(
            target=runpy.run_path, args=(script, given, "__main__")
        )
        process.start()
        processes.append(process)
    return processes


def carry_out(
    number: int, launcher: str, work: str, out: Path, *args: object, **options: Any
) -> list[dict[str, Any]]:
    """Carry out in several processes, none of which is left; return what each keeps."""
    processes = begin(number, launcher, work, str(out), *args, **options)
    end = time.monotonic() + SECONDS
    for process in processes:
        process.join(max(end - time.monotonic(), 0))
    statuses = [process.exitcode for process in processes]
    for process in processes:
        process.kill()
    assert statuses == [0] * number
    return [torch.load(f"{out}.{rank}", weights_only=False) for rank in range(number)]


def difference(one: dict[str, Any], other: dict[str, Any]) -> float:
    """Return the largest difference of two states."""
    assert one.keys() == other.keys()
    return max(
        float((one[name].to_dense() - other[name].to_dense()).abs().max())
        for name in one
        if isinstance(one[name], torch.Tensor)
    )

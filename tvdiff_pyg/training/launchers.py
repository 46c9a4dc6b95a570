"""What has begun this process as one of several, as Lightning sees it."""

import os
import warnings

from pytorch_lightning.plugins.environments import (
    ClusterEnvironment,
    LightningEnvironment,
    LSFEnvironment,
    MPIEnvironment,
    SLURMEnvironment,
    TorchElasticEnvironment,
)

# torchrun goes first: it may run inside of a job of the others.
_BEGUN_BY: tuple[type[ClusterEnvironment], ...] = (
    TorchElasticEnvironment,
    SLURMEnvironment,
    LSFEnvironment,
    MPIEnvironment,
)


def begun_by() -> ClusterEnvironment | None:
    """Return what has begun this process as one of several, if anything has."""
    with warnings.catch_warnings():
        # A machine of SLURM's is good for other work, too.
        warnings.simplefilter("ignore")
        kind = next((one for one in _BEGUN_BY if one.detect()), LightningEnvironment)
        # A job that SLURM begins again goes on with 'resume', as any other.
        found = SLURMEnvironment(False) if kind is SLURMEnvironment else kind()
    # Lightning's own is always there.
    begun = found.creates_processes_externally and world_size_of(found) > 1
    return found if begun else None


def world_size_of(environment: ClusterEnvironment) -> int:
    """Return how many processes were begun."""
    # Lightning's own takes it from the trainer.
    if isinstance(environment, LightningEnvironment):
        return int(os.environ.get("WORLD_SIZE", 1))
    return environment.world_size()


def rank_of(environment: ClusterEnvironment | None, devices: int, nodes: int) -> int:
    """Return which of them this one is, from 0; or the first of those that it begins.

    Args:
        environment: What has begun it, if anything has.
        devices: Processes on each machine.
        nodes: Machines.
    """
    environment = environment or LightningEnvironment()
    if isinstance(environment, LightningEnvironment):
        node = environment.node_rank() if nodes > 1 else 0
        return node * devices + environment.local_rank()
    return environment.global_rank()

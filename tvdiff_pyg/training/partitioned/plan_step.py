"""How long a step of a partitioned training is expected to take."""

from dataclasses import dataclass

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.ranges import check_integer, check_number
from tvdiff_pyg.training.memory_plan import MemoryPlan
from tvdiff_pyg.training.partitioned.plan import (
    bytes_added_up,
    bytes_gathered,
    plan_part,
)
from tvdiff_pyg.training.settings import Settings

# Measured, in seconds of one thread of a server's CPU: numbers that the item tower adds
# up in a second, and what else there is in a step, in such numbers.
NUMBERS_A_SECOND = 2.8e9
# Of an observed or drawn pair of a batch: how often its channels, and some more, count.
PER_PAIR, PAIR_OVERHEAD = 5, 85
# Of a number that is learned: Adam.
PER_LEARNED = 3.4


@dataclass(frozen=True)
class PartPlan:
    """What a partitioned training takes of each process, and of the network.

    Attributes:
        memory: What each process takes.
        machine: Bytes that the processes of a machine take.
        added_up: Bytes that all processes add up in a step.
        sent: Bytes that each process sends in a step, if sums go round a ring, and
            so do row-sparse gradients.
        computing: Expected seconds of a step, but for the network; ``None`` with the
            sampled engine, which was not measured.
        network: Expected seconds on the network, or ``None`` if it is not known.
    """

    memory: MemoryPlan
    machine: int
    added_up: int
    sent: int
    computing: float | None
    network: float | None


def plan_parts(
    size: GraphSize,
    settings: Settings,
    processes: int,
    num_nodes: int = 1,
    bandwidth: float | None = None,
    rate: float = NUMBERS_A_SECOND / 1e9,
) -> PartPlan:
    """Plan a partitioned training on some machines, with the exact engine unless the
    sampled one is chosen.

    Args:
        size: How large the graph is.
        settings: What is trained.
        processes: How many processes there are, at least 1.
        num_nodes: On how many machines they are, as many on each. (default: ``1``)
        bandwidth: What the network of a machine carries each way, in 10^9 bits a
            second. (default: not known)
        rate: Numbers that the item tower of a process adds up in a second, in 10^9.
            (default: measured, one thread)

    Raises:
        ValueError: If it cannot be parted, or a number is out of range.

    Example:
        >>> size = GraphSize(10**8, 10**5, 10**9)
        >>> one, two = (plan_parts(size, Settings(), 8, n, 10) for n in (1, 2))
        >>> one.network, two.machine / one.machine
        (0.0, 0.5)
    """
    check_integer("processes", processes, low=1)
    check_integer("num_nodes", num_nodes, low=1)
    check_number("rate", rate, 0, above=True)
    if bandwidth is not None:
        check_number("bandwidth", bandwidth, 0, above=True)
    if processes % num_nodes:
        raise ValueError(
            f"'processes' needs to be a multiple of 'num_nodes', as many on each "
            f"(got {processes} and {num_nodes})"
        )
    memory = plan_part(size, settings, processes)
    added_up = bytes_added_up(size, settings)
    # All that a ring sends on: every process as much, and so does every machine.
    sent = 2 * (processes - 1) * added_up // processes
    sent += (processes - 1) * bytes_gathered(size, settings, processes)
    network = None if bandwidth is None else 8 * sent / (1e9 * bandwidth)
    numbers = _numbers(size.part(processes), settings, processes)
    return PartPlan(
        memory,
        memory.total * processes // num_nodes,
        added_up,
        sent,
        numbers / (1e9 * rate) if memory.engine == "exact" else None,
        network and (network if num_nodes > 1 else 0.0),
    )


def _numbers(part: GraphSize, settings: Settings, processes: int) -> float:
    """Count what a process adds up in a step, as if all of it were sums of messages.

    The item tower reads all pairs, and its gradient once more; users and scores those
    of a batch; Adam all that is learned.
    """
    model, channels = settings.model, settings["hidden_channels"]
    assert isinstance(model, TVDiffConfig)
    batch = -(-settings.training.batch_size // processes)
    pairs = batch * part.num_interactions / part.num_users
    sides = 1 + model.entropy_type.needs_negatives
    return (
        2 * part.num_interactions * channels
        + PER_PAIR * sides * pairs * (channels + PAIR_OVERHEAD)
        + PER_LEARNED * (part.num_users + part.num_items) * channels
    )

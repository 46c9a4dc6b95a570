"""The memory plan: what a training will take, before it is started.

Figures are bytes at the highest point of a run on the CPU, evaluation included: what
each model says of itself, and two measured constants, what Python and its libraries
take, and what an interaction takes in all its forms. `benchmarks/memory_plan.py` holds
the plan against measured runs.
"""

from dataclasses import dataclass

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.machine import (
    GIGABYTE,
    Device,
    free_memory,
    resident_memory,
    resolve_device,
)
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.training.settings import Settings

# Measured: Python, PyTorch, Lightning and the buffers of matrix products.
RUNTIME = 560 * 2**20
# Edges and their flip, both sides sorted with weights, what is seen and held out, and
# what sorting takes meanwhile.
PER_INTERACTION = 110
MIN_BATCH_SIZE = 128
# A plan this many times too large is no matter of how exact plans are.
BEYOND_DOUBT = 4
CLOSED_FORM = "closed form"


@dataclass(frozen=True)
class MemoryPlan:
    """What one way of training takes.

    Attributes:
        engine: The engine, or ``"closed form"``.
        batch_size: Users or interactions in a batch; ``None`` in closed form.
        parts: Bytes, by what they hold.
    """

    engine: str
    batch_size: int | None
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.parts.values())


def plan_memory(size: GraphSize, settings: Settings, processes: int = 1) -> MemoryPlan:
    """Estimate the memory of a training, or of one of the processes that part it.

    Args:
        size: How large the graph is.
        settings: What is trained; its engine needs to be chosen already.
        processes: How many processes part the users, at least 1. (default: ``1``)

    Raises:
        ValueError: If the engine is still ``"auto"``, or ``processes`` below 1.

    Example:
        >>> size = GraphSize(29_858, 40_981, 1_027_370)
        >>> settings = Settings(hidden_channels=1000, engine="exact")
        >>> round(plan_memory(size, settings).total / GIGABYTE)
        2
    """
    size, training = size.part(processes), settings.training
    if settings.by_gradients and training.engine == "auto":
        raise ValueError("'engine' needs to be 'exact' or 'sampled' here (got 'auto')")
    step = training.step(settings.model, processes)
    parts = {
        "runtime": RUNTIME,
        "graph": PER_INTERACTION * size.num_interactions,
        **settings.model.memory(size, step),
    }
    for other in settings.linear.candidates(size.num_items, size.density)[1:]:
        parts["other_linear"] = sum(other.memory(size, step).values())
    if not settings.by_gradients:
        return MemoryPlan(CLOSED_FORM, None, parts)
    return MemoryPlan(training.engine, training.batch_size, parts)


def choose_engine(
    size: GraphSize, settings: Settings, memory: int, processes: int = 1
) -> Settings:
    """Replace the engine ``"auto"`` by the first that fits; hold others to the plan.

    Args:
        size: How large the graph is.
        settings: What is trained.
        memory: Bytes that may be used, by each process.
        processes: How many processes part the users, at least 1. (default: ``1``)

    Returns:
        The settings with an engine, or as they are in closed form.

    Raises:
        ValueError: If none fits.

    Example:
        >>> size = GraphSize(1000, 1000, 10_000)
        >>> choose_engine(size, Settings(engine="auto"), 4 * GIGABYTE)["engine"]
        'exact'
    """
    if settings.by_gradients and settings.training.engine != "auto":
        return settings
    plans = plan_engines(size, settings, processes)
    for plan in plans:
        if plan.total <= memory:
            chosen = {"engine": plan.engine} if settings.by_gradients else {}
            return settings.but(**chosen)
    raise _does_not_fit(min(plan.total for plan in plans), memory)


def check_beyond_doubt(
    size: GraphSize, settings: Settings, device: Device, processes: int = 1
) -> None:
    """Raise if a training is planned to take several times what the machine has free.

    An engine that was chosen is tried even if the plan says that it does not fit, but
    not where that would only end in a killed process.

    Args:
        size: How large the graph is.
        settings: What is trained, with an engine.
        device: Where.
        processes: How many processes part the users, at least 1. (default: ``1``)

    Raises:
        ValueError: If it cannot fit.
    """
    planned = plan_memory(size, settings, processes).total
    free = usable_memory(None, device)
    if planned > BEYOND_DOUBT * free:
        raise _does_not_fit(planned, free)


def _does_not_fit(planned: int, memory: int) -> ValueError:
    return ValueError(
        f"'model' needs at least {planned / GIGABYTE:.1f} GB of memory for this graph, "
        f"with these settings (got {memory / GIGABYTE:.1f} GB)"
    )


def plan_engines(
    size: GraphSize, settings: Settings, processes: int = 1
) -> list[MemoryPlan]:
    """Plan the engines that can be had, the exact one first; one plan in closed form.

    Args:
        size: How large the graph is.
        settings: What is trained.
        processes: How many processes part the users, at least 1. (default: ``1``)
    """
    if not settings.by_gradients:
        return [plan_memory(size, settings)]
    engines = (settings.but(engine=engine) for engine in settings.model.engines)
    return [plan_memory(size, one, processes) for one in engines]


def largest_batch(size: GraphSize, settings: Settings, memory: int) -> int | None:
    """Find the largest power of two of users in a batch that fits.

    Args:
        size: How large the graph is.
        settings: What is trained by gradients, with an engine.
        memory: Bytes that may be used.

    Returns:
        The batch size, no more than the next power of two from the number of users;
        ``None`` if not even the smallest fits.
    """
    fitting, batch = None, MIN_BATCH_SIZE
    while plan_memory(size, settings.but(batch_size=batch)).total <= memory:
        fitting, batch = batch, 2 * batch
        if fitting >= size.num_users:
            break
    return fitting


def usable_memory(memory_gb: float | None = None, device: Device = "cpu") -> int:
    """Return the bytes that a plan may use, with those this process uses already.

    Args:
        memory_gb: A limit in units of 2**30 bytes; what is free if ``None``.
            (default: ``None``)
        device: Where the training runs. (default: ``"cpu"``)

    Raises:
        ValueError: If the limit is not positive, or there is no such device.
    """
    if memory_gb is not None:
        check_number("memory_gb", memory_gb, 0, above=True)
        return int(memory_gb * GIGABYTE)
    if resolve_device(device).type == "cuda":
        # Python and its libraries, which a plan counts, stay on the host.
        return free_memory("cuda") + RUNTIME
    return free_memory("cpu") + resident_memory()

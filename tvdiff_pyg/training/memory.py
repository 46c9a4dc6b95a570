"""The memory plan: what a training will take, before it is started.

Figures are bytes at the highest point of a run on the CPU, evaluation included. They
are sums over what is held, with two measured constants: what Python and its libraries
take, and what an interaction takes in all its forms. `benchmarks/memory_plan.py` holds
the plan against measured runs.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.machine import (
    GIGABYTE,
    Device,
    free_memory,
    resident_memory,
    resolve_device,
)
from tvdiff_pyg.ranking.exact import ITEM_BLOCK_BYTES, MIN_HALF_CHANNELS
from tvdiff_pyg.ranking.history import BLOCK_ENTRIES
from tvdiff_pyg.ranking.ranker import USER_BLOCK
from tvdiff_pyg.sparse.products import STEPS_AT_ONCE
from tvdiff_pyg.training.needs import needs_exact_engine
from tvdiff_pyg.training.settings import Engine, Settings

FLOAT, INDEX = 4, 8
# Measured: Python, PyTorch, Lightning and the buffers of matrix products.
RUNTIME = 560 * 2**20
# Edges and their flip, both sides sorted with weights, what is seen and held out, and
# what sorting takes meanwhile.
PER_INTERACTION = 110
# A sparse entry twice, once scaled, and its transposed rows with what sorts them.
PER_WEIGHT = 2 * (FLOAT + 2 * INDEX) + FLOAT + 3 * INDEX
MIN_BATCH_SIZE = 128


@dataclass(frozen=True)
class GraphSize:
    """How large a graph is.

    Args:
        num_users: Users, at least 1.
        num_items: Items, at least 1.
        num_interactions: Interactions, held-out ones included, at least 1.

    Raises:
        ValueError: If a number is below 1.
    """

    num_users: int
    num_items: int
    num_interactions: int

    @staticmethod
    def of(graph: BipartiteGraph) -> "GraphSize":
        """Count what a graph holds."""
        counts = graph.counts()
        interactions = sum(counts[part] for part in ("train", "validation", "test"))
        return GraphSize(graph.num_users, graph.num_items, interactions)

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name, value in vars(self).items():
            if value < 1:
                raise ValueError(f"'{name}' needs to be at least 1 (got {value})")


@dataclass(frozen=True)
class MemoryPlan:
    """What one way of training takes.

    Attributes:
        engine: The engine.
        batch_size: Users or interactions in a batch.
        parts: Bytes, by what they hold.
    """

    engine: Engine
    batch_size: int
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """All bytes."""
        return sum(self.parts.values())


def plan_memory(size: GraphSize, settings: Settings) -> MemoryPlan:
    """Estimate the memory of a training.

    Args:
        size: How large the graph is.
        settings: What is trained; its engine needs to be chosen already.

    Raises:
        ValueError: If the engine is still ``"auto"``.

    Example:
        >>> size = GraphSize(29_858, 40_981, 1_027_370)
        >>> settings = Settings(hidden_channels=1000, engine="exact")
        >>> round(plan_memory(size, settings).total / GIGABYTE)
        2
    """
    if settings.engine == "auto":
        raise ValueError("'engine' needs to be 'exact' or 'sampled' here (got 'auto')")
    table = (size.num_users + size.num_items) * settings.hidden_channels * FLOAT
    work = _exact_step if settings.engine == "exact" else _sampled_step
    if needs_exact_engine(settings.model):
        work = _embedding_step
    parts = {
        "runtime": RUNTIME,
        "graph": PER_INTERACTION * size.num_interactions,
        "parameters": table,
        "optimizer": 2 * table,
        "gradients": table,
        "activations": max(work(size, settings), _scoring(size, settings)),
    }
    if settings.linear_share > 0:
        parts["linear"] = _linear(size, settings)
    return MemoryPlan(settings.engine, settings.batch_size, parts)


def choose_engine(size: GraphSize, settings: Settings, memory: int) -> Settings:
    """Replace the engine ``"auto"`` by the exact one if it fits, else the sampled one.

    Args:
        size: How large the graph is.
        settings: What is trained.
        memory: Bytes that may be used.

    Returns:
        The settings with an engine.

    Raises:
        ValueError: If neither fits.

    Example:
        >>> size = GraphSize(1000, 1000, 10_000)
        >>> choose_engine(size, Settings(engine="auto"), 4 * GIGABYTE).engine
        'exact'
    """
    if settings.engine != "auto":
        return settings
    plans = plan_engines(size, settings)
    for plan in plans:
        if plan.total <= memory:
            return replace(settings, engine=plan.engine)
    least = min(plan.total for plan in plans)
    raise ValueError(
        f"'hidden_channels' needs to be smaller, or the memory at least "
        f"{least / GIGABYTE:.1f} GB, to train {settings.hidden_channels} channels on "
        f"this graph (got {memory / GIGABYTE:.1f} GB)"
    )


def plan_engines(size: GraphSize, settings: Settings) -> list[MemoryPlan]:
    """Plan the engines that can be had, the exact one first.

    Row-sparse gradients need the sampled one, BPR-MF and LightGCN the exact one.

    Args:
        size: How large the graph is.
        settings: What is trained.
    """
    engines: Iterable[Engine] = ("exact", "sampled")
    if settings.sparse_grad:
        engines = ("sampled",)
    elif needs_exact_engine(settings.model):
        engines = ("exact",)
    return [plan_memory(size, replace(settings, engine=engine)) for engine in engines]


def largest_batch(size: GraphSize, settings: Settings, memory: int) -> int | None:
    """Find the largest power of two of users in a batch that fits.

    Args:
        size: How large the graph is.
        settings: What is trained, with an engine.
        memory: Bytes that may be used.

    Returns:
        The batch size, no more than the next power of two from the number of users;
        ``None`` if not even the smallest fits.
    """
    fitting, batch = None, MIN_BATCH_SIZE
    while plan_memory(size, replace(settings, batch_size=batch)).total <= memory:
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
    """
    if memory_gb is not None:
        return int(memory_gb * GIGABYTE)
    if resolve_device(device).type == "cuda":
        # Python and its libraries, which a plan counts, stay on the host.
        return free_memory("cuda") + RUNTIME
    return free_memory("cpu") + resident_memory()


def _exact_step(size: GraphSize, settings: Settings) -> int:
    """All item factors, their gradient, and that of their tanh; so for each layer."""
    channels, batch = settings.hidden_channels, settings.batch_size
    nodes = size.num_users + size.num_items
    rows = 3 * size.num_items + 3 * (settings.num_layers - 1) * nodes + 8 * batch
    return FLOAT * rows * channels + 64 * _pairs(size, settings)


def _sampled_step(size: GraphSize, settings: Settings) -> int:
    """Rows of the users and items of a batch, with their gradients."""
    channels, batch, cap = (
        settings.hidden_channels,
        settings.batch_size,
        settings.num_neighbors,
    )
    kept = [
        degree if cap == -1 else min(cap, degree)
        for degree in (
            size.num_interactions / size.num_users,
            size.num_interactions / size.num_items,
        )
    ]
    items = min(size.num_items, settings.num_pool + batch * kept[0])
    users = min(size.num_users, batch + items * kept[1])
    edges = items * kept[1]
    for _ in range(settings.num_layers - 1):
        edges += users * kept[0] + items * kept[1]
        items = min(size.num_items, items + users * kept[0])
        users = min(size.num_users, users + items * kept[1])
    rows = 4 * items + 2 * users + 8 * batch
    rows += 3 * (settings.num_layers - 1) * (items + users)
    return int(FLOAT * channels * rows + 100 * edges)


def _embedding_step(size: GraphSize, settings: Settings) -> int:
    """All nodes in a layer and in the sum of the layers, and the gradients of both.

    A simple bound. The number of layers does not matter: LightGCN is linear, so none
    is kept for its gradient. Both orientations of the graph are joined, and their
    transpose beside them.
    """
    nodes = size.num_users + size.num_items
    rows = 4 * nodes + 3 * settings.batch_size
    edges = 4 * size.num_interactions
    joined = (FLOAT + INDEX) * edges + 64 * _pairs(size, settings)
    return FLOAT * rows * settings.hidden_channels + joined


def _scoring(size: GraphSize, settings: Settings) -> int:
    """All item factors, rounded ones beside them (twice while joined), and scores."""
    channels = settings.hidden_channels
    prepared = 2 if channels >= MIN_HALF_CHANNELS else 1
    blocks = 2 * USER_BLOCK * (ITEM_BLOCK_BYTES + FLOAT * channels)
    return FLOAT * prepared * size.num_items * channels + blocks


def _linear(size: GraphSize, settings: Settings) -> int:
    """Weights of the linear item model in all forms, two blocks of scores, one sum."""
    entries = size.num_items * min(settings.linear_neighbors, size.num_items)
    summed = (2 * FLOAT + 3 * INDEX) * STEPS_AT_ONCE
    return PER_WEIGHT * entries + 2 * FLOAT * BLOCK_ENTRIES + summed


def _pairs(size: GraphSize, settings: Settings) -> int:
    """Observed and negative pairs of a batch."""
    degree = size.num_interactions / size.num_users
    return int(2 * settings.batch_size * degree)

"""What a partitioned training takes of each process, and sends."""

import torch

from tvdiff_pyg.data.graph_size import GraphSize
from tvdiff_pyg.models.memory import FLOAT, INDEX
from tvdiff_pyg.training.memory_plan import (
    PER_INTERACTION,
    MemoryPlan,
    plan_memory,
)
from tvdiff_pyg.training.partitioned.checks import check_partitioned
from tvdiff_pyg.training.settings import Settings

# Measured: what is left of an interaction in all its forms once it has been read.
PER_HELD = 70
# What there is nothing of before the first step.
_OF_STEPS = "optimizer", "gradients", "activations"


def plan_part(size: GraphSize, settings: Settings, processes: int) -> MemoryPlan:
    """Estimate the memory of one of the processes of a partitioned training, with the
    exact engine unless the sampled one is chosen.

    A part has as many users and interactions as any other, and all items; the order of
    an epoch, of all rows, is drawn by each. Each reads prepared data, which is over
    before the first step: what both take does not add up.

    Args:
        size: How large the graph is.
        settings: What is trained.
        processes: How many processes there are, at least 1.

    Raises:
        ValueError: If it cannot be parted.

    Example:
        >>> size = GraphSize(10**8, 10**5, 10**9)
        >>> plans = [plan_part(size, Settings(), number) for number in (1, 8)]
        >>> round(plans[0].parts["optimizer"] / plans[1].parts["optimizer"])
        8
    """
    settings = with_engine(settings)
    training = settings.training
    over_interactions = training.over_interactions(settings.model)
    rows = size.num_interactions if over_interactions else size.num_users
    plan = plan_memory(size, settings, processes)
    stepping = sum(plan.parts[name] for name in _OF_STEPS)
    held = size.part(processes).num_interactions
    reading = (PER_INTERACTION - PER_HELD) * held
    parts = {
        **plan.parts,
        "graph": PER_HELD * held,
        "reading": max(reading - stepping, 0),
        "order": INDEX * rows,
    }
    return MemoryPlan(plan.engine, training.batch_size, parts)


def with_engine(settings: Settings) -> Settings:
    """Return settings that can be parted, with the exact engine if theirs is open, or
    the sampled one where gradients are row-sparse.

    Args:
        settings: What is trained.

    Raises:
        ValueError: If it cannot be parted.

    Example:
        >>> with_engine(Settings())["engine"]
        'exact'
    """
    check_partitioned(settings)
    if settings["engine"] != "auto":
        return settings
    return settings.but(engine=settings.model.engines[0])


def bytes_added_up(size: GraphSize, settings: Settings) -> int:
    """Count the bytes that all processes add up in a step, whatever their number.

    The item tower and its gradient, and the gradients of all that each process holds.
    With the sampled engine the tower has the items of the batch, as many as its caps
    allow at most, a byte of each item in the graph says whether it is among them, and
    of a pass over all, each step has its share. Row-sparse gradients are not added up
    on the way: see :func:`bytes_gathered`.

    Args:
        size: How large the graph is.
        settings: What is trained.

    Raises:
        ValueError: If it cannot be parted.

    Example:
        >>> size = GraphSize(10**8, 1000, 10**9)
        >>> bytes_added_up(size, Settings(hidden_channels=64)) / (1000 * 64 * 4)
        3.129...
    """
    settings = with_engine(settings)
    model, training = settings.model, settings.training
    with torch.device("meta"):
        parameters = model.build(1, size.num_items).parameters()
        learned = sum(one.numel() for one in parameters)
    of_one_user = channels = settings["hidden_channels"]
    held, tower = FLOAT * (learned - of_one_user), FLOAT * size.num_items * channels
    if model.sparse_grad:
        held -= tower
    if training.engine == "exact":
        return held + 2 * tower
    sampled = FLOAT * training.step(model).items_read(size) * channels
    every = training.refresh_every
    passes = tower // every if every > 0 else 0
    return held + 2 * sampled + size.num_items + passes


def bytes_gathered(size: GraphSize, settings: Settings, processes: int) -> int:
    """Count the bytes that each process gives all others in a step: the rows of its
    gradient of ``item_embedding``, if they are sparse, and their numbers.

    These are the items of the batch, and those of the histories of its own users.

    Args:
        size: How large the graph is.
        settings: What is trained.
        processes: How many processes there are, at least 1.

    Raises:
        ValueError: If it cannot be parted.

    Example:
        >>> size, few = GraphSize(10**6, 10**5, 10**7), {"batch_size": 100}
        >>> sparse = Settings(sparse_grad=True, engine="sampled", num_pool=500, **few)
        >>> [bytes_gathered(size, one, 2) for one in (Settings(), sparse)]
        [0, 528000]
    """
    settings = with_engine(settings)
    if not settings.model.sparse_grad:
        return 0
    step = settings.training.step(settings.model, processes)
    of_histories = step.share * size.num_interactions / size.num_users
    rows = min(size.num_items, step.items_read(size) + int(of_histories))
    return rows * (FLOAT * settings["hidden_channels"] + INDEX)

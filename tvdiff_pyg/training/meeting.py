"""Where processes find each other, however often they do."""

import os
from functools import cache
from itertools import count

from torch.distributed import PrefixStore, Store
from torch.distributed.rendezvous import rendezvous

_meetings = count()


def next_meeting(address: str, port: int, rank: int, world_size: int) -> Store:
    """Return a store of its own for each process group, as all processes ask.

    torchrun has one for all that a script does, with the addresses of groups that have
    ended; elsewhere the first process opens one, and others may still find that of the
    group before. So one is opened once, and each group has keys of its own there.

    Args:
        address: Where the first process is.
        port: At which of its ports.
        rank: This process, from 0.
        world_size: How many processes there are.
    """
    store = _opened(address, port, rank, world_size)
    return PrefixStore(f"tvdiff_pyg/{next(_meetings)}", store)


@cache
def _opened(address: str, port: int, rank: int, world_size: int) -> Store:
    os.environ["MASTER_ADDR"], os.environ["MASTER_PORT"] = address, str(port)
    store, _, _ = next(rendezvous("env://", rank, world_size))
    return store

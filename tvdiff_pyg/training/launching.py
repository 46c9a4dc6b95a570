"""Beginning the processes of a training on this machine, and ending all as one."""

import multiprocessing
import os
import pickle
import signal
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Any

from torch.distributed import TCPStore

from tvdiff_pyg.children import (
    hand_over,
    how_to_begin,
    kill,
    share_sockets,
    without_interrupts,
)
from tvdiff_pyg.training.collectives import ProcessLostError
from tvdiff_pyg.training.process_options import ProcessOptions
from tvdiff_pyg.training.processes import Processes, backend
from tvdiff_pyg.training.taking_part import GRACE_SECONDS, take_part

# What says where processes of several machines meet, and which machine this is.
MEETING_PLACE = ("MASTER_ADDR", "MASTER_PORT", "NODE_RANK")


def call_in_all(
    processes: Processes, function: Callable[..., Any], *arguments: object
) -> Any:
    """Call a function in all processes of this machine, and wait for them.

    They find the environment variables that torchrun sets. All of them end when one
    fails, when this process is interrupted, and when it ends, however it does.

    Args:
        processes: The processes, which nobody has begun yet.
        function: The function; it and its arguments need to be picklable.
        *arguments: The arguments.

    Returns:
        What the first of them returns.

    Raises:
        Exception: What one of them has raised.
        ProcessLostError: If one was killed.
        KeyboardInterrupt: If interrupted, with what the first process says of it.
        ValueError: If there are several machines, and nothing says where they meet.
    """
    store, environment = _meeting_place(processes)
    call = _pickled(function, arguments)
    running = _Running(processes)
    try:
        running.begin(environment, call)
        running.join()
    except KeyboardInterrupt:
        raise KeyboardInterrupt(*running.interrupt()) from None
    finally:
        running.kill()
        del store
    return running.returned


def share_out(
    options: ProcessOptions, function: Callable[..., Any], *arguments: object
) -> Any:
    """Call a function in all processes that are asked for, begun already or not.

    Args:
        options: How many there are, and where they compute.
        function: The function; all of them call it with the same arguments.
        *arguments: The arguments.

    Returns:
        What it returns here, or in the first process that this one has begun.

    Raises:
        Exception: As :func:`call_in_all`.

    Example:
        >>> share_out(ProcessOptions(), max, 1, 2)
        2
    """
    processes = options.processes
    processes.check_gpus(options.device)
    if processes.to_begin:
        return call_in_all(processes, share_out, options, function, *arguments)
    with processes.joined(backend(options.device, sparse_grad=False)):
        return function(*arguments)


class _Running:
    """The processes of this machine, and what is heard of them."""

    def __init__(self, processes: Processes) -> None:
        self.number = processes.devices
        self.first = processes.rank
        self.world_size = processes.world_size
        self.children: dict[Connection, tuple[int, SpawnProcess]] = {}
        self.returned: Any = None

    def begin(self, environment: dict[str, str], call: bytes) -> None:
        context, how = multiprocessing.get_context("spawn"), how_to_begin(self.number)
        share_sockets()  # One that is killed has workers of its own.
        calls: list[Connection] = []
        with without_interrupts():
            for local in range(self.number):
                rank = self.first + local
                own = environment | {"LOCAL_RANK": str(local), "RANK": str(rank)}
                receiver, sender = context.Pipe(duplex=False)
                called, calling = context.Pipe(duplex=False)
                begin = sender, own, how, warnings.formatwarning, called
                child = context.Process(target=take_part, args=begin)
                self.children[receiver] = rank, child
                child.start()
                sender.close()
                called.close()
                calls.append(calling)
        for calling in calls:
            hand_over(calling, call)

    def join(self) -> None:
        """Wait until all have ended; when one has failed, say how, and do not wait."""
        pending, failed, end = set(self.children), list[Exception](), None
        while pending:
            seconds = None if end is None else max(end - time.monotonic(), 0)
            if not (ready := wait(list(pending), seconds)):
                break
            for one in ready:
                assert isinstance(one, Connection)
                pending.remove(one)
                if (failure := self._failure(one)) is not None:
                    failed.append(failure)
                    end = end or time.monotonic() + GRACE_SECONDS
        if failed:
            # One that misses another knows least of it.
            raise min(failed, key=_how_little)
        for _, child in self.children.values():
            child.join(GRACE_SECONDS)

    def interrupt(self) -> list[str]:
        """Let the first keep what was done; return what it says of that, if it does."""
        for receiver, (_, child) in list(self.children.items())[:1]:
            with suppress(AttributeError, EOFError):  # It was not begun, or is killed.
                child.terminate()
                if receiver.poll(GRACE_SECONDS):
                    outcome, *_ = receiver.recv()
                    return [str(outcome)] if outcome is not None else []
        return []

    def kill(self) -> None:
        """End those that are left, at once."""
        for _, child in self.children.values():
            kill(child)
            if child.pid is not None:
                child.join()

    def _failure(self, receiver: Connection) -> Exception | None:
        """Return what a process that has ended says, or what is to be said of it."""
        rank, child = self.children[receiver]
        try:
            outcome, trace, returned = receiver.recv()
        except EOFError:
            outcome = KeyboardInterrupt()
        if isinstance(outcome, Exception):
            # As if it had been raised here.
            outcome.__cause__ = RuntimeError(trace)
            return outcome
        if outcome is None:
            if rank == self.first:
                self.returned = returned
            return None
        child.join(GRACE_SECONDS)
        status = child.exitcode or 0
        how = f" by {signal.Signals(-status).name}" if status < 0 else ""
        return _EndedError(f"process {rank} of {self.world_size} was ended{how}")


def _pickled(function: Callable[..., object], arguments: tuple[object, ...]) -> bytes:
    try:
        # Not by shared memory, of which containers have little.
        return pickle.dumps((function, arguments))
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise ValueError(
            f"'devices' needs data and settings that can be sent to other processes "
            f"(got {error})"
        ) from error


class _EndedError(ProcessLostError):
    """A process was ended from outside."""


def _how_little(failure: Exception) -> int:
    return isinstance(failure, ProcessLostError) + (type(failure) is ProcessLostError)


def _meeting_place(processes: Processes) -> tuple[TCPStore | None, dict[str, str]]:
    """Open where the processes find each other, as torchrun does; say where it is."""
    address, port = "127.0.0.1", 0
    if processes.num_nodes > 1:
        given = {name: os.environ.get(name) for name in MEETING_PLACE}
        if None in given.values():
            raise ValueError(
                f"'num_nodes' needs {', '.join(given)} in the environment, or to be "
                f"begun by torchrun or SLURM (got {processes.num_nodes})"
            )
        address, port = str(given["MASTER_ADDR"]), int(given["MASTER_PORT"] or 0)
    store = None
    if processes.is_first:
        store = TCPStore(address, port, is_master=True, wait_for_workers=False)
        port = store.port
    return store, {
        "MASTER_ADDR": address,
        "MASTER_PORT": str(port),
        "GROUP_RANK": str(processes.rank // processes.devices),
        "GROUP_WORLD_SIZE": str(processes.num_nodes),
        "LOCAL_WORLD_SIZE": str(processes.devices),
        "WORLD_SIZE": str(processes.world_size),
        "TORCHELASTIC_RUN_ID": "tvdiff",
        "TORCHELASTIC_RESTART_COUNT": "0",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
    }

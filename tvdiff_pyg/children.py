"""Processes that this one begins: what each needs first, and ending it for good."""

import multiprocessing
import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from multiprocessing.util import get_temp_dir

import psutil
import torch

from tvdiff_pyg.quiet import ignore_torchscript

# Of the path of a socket, 103 bytes on macOS, less the names that Python appends.
_LONGEST = 71
_SHORT = "/tmp"


def how_to_begin(number: int) -> tuple[int, str]:
    """Return what :func:`set_up` needs in a process, of several that run at a time.

    Args:
        number: How many run at a time, at least 1; they part the threads of this one,
            for those that share the cores would only wait for each other.

    Example:
        >>> how_to_begin(1)[0] == torch.get_num_threads()
        True
    """
    threads = max(torch.get_num_threads() // number, 1)
    return threads, multiprocessing.get_start_method()


def set_up(threads: int, start_method: str) -> None:
    """Set a new process up as :func:`how_to_begin` has said.

    Args:
        threads: Threads of PyTorch.
        start_method: How it begins processes of its own: otherwise each worker of a
            data loader would import everything anew.
    """
    ignore_torchscript()
    torch.set_num_threads(threads)
    multiprocessing.set_start_method(start_method, force=True)


@contextmanager
def without_interrupts() -> Iterator[None]:
    """Begin processes that never see Ctrl-C: whoever began them ends them."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    # What multiprocessing begins beside the first process would let them in again.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def hand_over(pipe: Connection, call: bytes) -> None:
    """Send a process what it is to do, once it was begun.

    Python gives a process its arguments through a pipe of which the one that begins it
    holds both ends: killed before it has read them all, it would be waited for in vain.
    Of this one, whoever begins it has closed the other end.

    Args:
        pipe: Where the process reads; closed afterwards.
        call: What it is sent, of any length.

    Example:
        >>> read, write = multiprocessing.Pipe(duplex=False)
        >>> hand_over(write, b"call")
        >>> read.recv_bytes()
        b'call'
    """
    # Whoever waits for what it returns hears that it has ended.
    with suppress(BrokenPipeError, ConnectionResetError):
        pipe.send_bytes(call)
    pipe.close()


def kill(process: BaseProcess) -> None:
    """End a process, and those that it has started, at once.

    Args:
        process: The process; one that was not begun, or has ended, is passed over.
    """
    if process.pid is None:
        return
    with suppress(psutil.NoSuchProcess):
        one = psutil.Process(process.pid)
        for each in (*one.children(recursive=True), one):
            with suppress(psutil.NoSuchProcess):
                each.kill()


def share_sockets() -> None:
    """Let processes begun from now on keep their sockets in a folder of this one.

    One that a signal ends, such as the worker of a data loader, would leave a folder of
    its own behind; that of this process is removed when it ends. Where the folder of
    temporary files has too long a name for sockets, without which workers would be
    waited for in vain, it is in ``/tmp``.
    """
    before, name = tempfile.tempdir, os.fsencode(tempfile.gettempdir())
    if len(name) > _LONGEST and os.path.isdir(_SHORT):
        tempfile.tempdir = _SHORT
    try:
        get_temp_dir()
    finally:
        tempfile.tempdir = before


def remove_sockets() -> None:
    """Remove that folder, where this process ends without what comes at its end."""
    shutil.rmtree(get_temp_dir(), ignore_errors=True)

"""Calls in processes of their own, which leave nothing behind however they end."""

import multiprocessing
import os
import pickle
import shutil
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from threading import Lock, Thread
from typing import TypeVar

from tvdiff_pyg.children import (
    hand_over,
    how_to_begin,
    kill,
    set_up,
    without_interrupts,
)

Returned = TypeVar("Returned")
REMOVALS = 100


class EndedError(RuntimeError):
    """Says that all processes were ended, and not this one alone."""


class Apart:
    """Calls functions in processes of their own, all of which can be ended at once.

    Temporary files of such a process are in a folder that is removed after it, and it
    ends with the process that started it.

    Args:
        jobs: How many such processes part the threads of this one. (default: ``1``)

    Example:
        >>> Apart(jobs=2).end()
    """

    def __init__(self, jobs: int = 1) -> None:
        self._how = how_to_begin(jobs)
        self._running: set[SpawnProcess] = set()
        self._ended = False
        self._lock = Lock()

    def call(
        self,
        function: Callable[..., Returned],
        *arguments: object,
        seconds: float | None = None,
    ) -> Returned:
        """Call a function in a process of its own, for its own peak memory.

        Args:
            function: The function; it and its arguments need to be picklable.
            *arguments: The arguments.
            seconds: What it has, its beginning included, before it is ended.
                (default: all the time it takes)

        Raises:
            RuntimeError: If the process was killed; :class:`EndedError` if all were.
            TimeoutError: If it took longer.
        """
        with tempfile.TemporaryDirectory(
            prefix="tvdiff-", ignore_cleanup_errors=True
        ) as folder:
            return self._call(folder, seconds, function, *arguments)

    def end(self) -> None:
        """End all processes, and those that they have started; begin no other."""
        with self._lock:
            self._ended = True
            for process in self._running:
                kill(process)

    def _call(
        self,
        folder: str,
        seconds: float | None,
        function: Callable[..., Returned],
        *arguments: object,
    ) -> Returned:
        # A fresh interpreter: what this one has allocated would count for the other.
        context = multiprocessing.get_context("spawn")
        receiver, sender = context.Pipe(duplex=False)
        called, calling = context.Pipe(duplex=False)
        begin = sender, folder, self._how, called
        process = context.Process(target=_call, args=begin)
        try:
            call = pickle.dumps((function, arguments))
            self._start(process)
            sender.close()
            called.close()
            hand_over(calling, call)
            if not receiver.poll(seconds):
                kill(process)
                raise TimeoutError(f"its process was ended after {seconds:.0f} s")
            succeeded, outcome = receiver.recv()
        except EOFError:
            process.join()
            kind = EndedError if self._ended else RuntimeError
            raise kind(
                f"its process was ended (exit status {process.exitcode})"
            ) from None
        except (TimeoutError, EndedError):
            raise
        except BaseException:
            self.end()
            raise
        finally:
            if process.pid is not None:
                process.join()
            self._running.discard(process)
        if succeeded:
            return outcome
        raise outcome

    def _start(self, process: SpawnProcess) -> None:
        with self._lock, without_interrupts():
            if self._ended:
                raise EndedError("its process was not begun")
            process.start()
            self._running.add(process)


def _call(
    sender: Connection,
    folder: str,
    how: tuple[int, str],
    called: Connection,
) -> None:
    """Call a function in the process that is begun here, and send what came of it."""
    Thread(target=_end_with_parent, args=(folder,), daemon=True).start()
    tempfile.tempdir = folder
    set_up(*how)
    try:
        function, arguments = pickle.loads(called.recv_bytes())
        sender.send((True, function(*arguments)))
    except Exception as error:
        sender.send((False, RuntimeError(f"{error}" or type(error).__name__)))


def _end_with_parent(folder: str) -> None:
    """Wait until the process that started this one is gone."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    for _ in range(REMOVALS):  # The call goes on writing meanwhile.
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.exists(folder):
            break
    os._exit(1)

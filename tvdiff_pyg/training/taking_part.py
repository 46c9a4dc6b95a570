"""What a process does that was begun to train with others: its part, and an account."""

import multiprocessing
import os
import pickle
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from threading import Thread
from types import FrameType

from tvdiff_pyg.children import set_up

# What one has for keeping what was done, before it is ended regardless.
GRACE_SECONDS = 8.0


def take_part(
    sender: Connection,
    environment: dict[str, str],
    how: tuple[int, str],
    formatwarning: Callable[..., str],
    called: Connection,
) -> None:
    """Call a function, and send what came of it: what it raised, or returned.

    SIGTERM interrupts it, once; so does the end of the process that began this one.

    Args:
        sender: Where to send it.
        environment: Environment variables.
        how: What :func:`~tvdiff_pyg.children.set_up` needs.
        formatwarning: How warnings are printed.
        called: Where the function and its arguments come from, pickled.
    """
    os.environ.update(environment)
    signal.signal(signal.SIGTERM, _interrupt)
    Thread(target=_end_with_parent, daemon=True).start()
    set_up(*how)
    warnings.formatwarning = formatwarning
    outcome = _outcome(called)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with suppress(BrokenPipeError):  # Nobody is there any more to hear of it.
        sender.send(outcome)


def _outcome(called: Connection) -> tuple[BaseException | None, str, object]:
    """Call; return what was raised, if anything was, and where, or what it returns."""
    try:
        function, arguments = pickle.loads(called.recv_bytes())
        return None, "", function(*arguments)
    except KeyboardInterrupt as interrupt:
        return KeyboardInterrupt(str(interrupt)), "", None
    except Exception as error:
        return _portable(error), "".join(traceback.format_exception(error)), None


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent."""
    try:
        sent: Exception = pickle.loads(pickle.dumps(error))
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
    return sent


def _interrupt(signum: int, frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE_SECONDS)
    os._exit(1)

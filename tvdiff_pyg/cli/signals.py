"""How a command ends when it is told to: by Ctrl-C, or by SIGTERM."""

import atexit
import os
import signal
import socket
import sys
import threading
from types import FrameType, TracebackType
from typing import Any

# What a command has for keeping what it did, before it is ended regardless.
GRACE_SECONDS = 10.0
SIGNALS = (signal.SIGINT, signal.SIGTERM)
# After which what a finaliser swallowed is raised again, outside of it.
AGAIN_SECONDS = 0.1


class Stopping:
    """Lets the first signal end a command as ``KeyboardInterrupt``, and no other.

    Where Python does not get round to it, in a long call of another library, a thread
    that a pipe wakes up ends the process after ten seconds. What a finaliser swallows,
    such as that of a data loader, is raised again. In a thread other than the main one,
    which cannot handle signals, it does nothing.

    Args:
        process_ends: Whether the process ends after the command, so that signals that
            come after the first are of no use to anybody.

    Attributes:
        signum: The signal that came, if one did.

    Example:
        >>> with Stopping(process_ends=False) as stopping:
        ...     pass
        >>> stopping.signum is None
        True
    """

    def __init__(self, process_ends: bool) -> None:
        self.process_ends = process_ends
        self.signum: int | None = None
        self._process = os.getpid()
        self._done = threading.Event()
        self._swallowed = False
        self._before: dict[int, Any] = {}

    def __enter__(self) -> "Stopping":
        if threading.current_thread() is threading.main_thread():
            self._thread = threading.get_ident()
            self._before = {one: signal.getsignal(one) for one in SIGNALS}
            self._wake, woken = socket.socketpair()
            woken.setblocking(False)
            self._woken = woken
            threading.Thread(target=self._watch, daemon=True).start()
            self._fd_before = signal.set_wakeup_fd(
                woken.fileno(), warn_on_full_buffer=False
            )
            self._hook_before = sys.unraisablehook
            sys.unraisablehook = self._unraisable
            os.register_at_fork(after_in_child=self._forked)
            self.handle()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._done.set()
        if not self._before:
            return
        signal.set_wakeup_fd(self._fd_before)
        self._woken.close()
        leave = self.process_ends and self.signum is not None
        if not leave:
            sys.unraisablehook = self._hook_before
        for one, handler in self._before.items():
            signal.signal(one, signal.SIG_IGN if leave else handler)
        if self.process_ends:
            # Of Ctrl-C, Python would complain while it shuts down.
            atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)

    def handle(self) -> None:
        """Take the signals over, also from libraries that were imported since."""
        for one in self._before:
            signal.signal(one, self._stop)

    def said(self, error: BaseException) -> str:
        """Return what to say of the end in a sentence.

        Args:
            error: What ended the command; its message says what is kept.
        """
        how = "terminated" if self.signum == signal.SIGTERM else "interrupted"
        return "; ".join(filter(None, (f"tvdiff: {how}", str(error))))

    @property
    def status(self) -> int:
        """The exit status: 128 and the signal."""
        return 128 + (self.signum or signal.SIGINT)

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        if os.getpid() != self._process:  # a worker of a data loader, just forked
            os._exit(0)
        if self.signum is None or self._swallowed:
            self.signum, self._swallowed = self.signum or signum, False
            if self.process_ends:
                _pass_over_workers()
            raise KeyboardInterrupt

    def _unraisable(self, unraisable: Any) -> None:
        """Hear what a finaliser or a callback has raised, which ends nothing."""
        if self.signum is None:
            self._hook_before(unraisable)
        elif isinstance(unraisable.exc_value, KeyboardInterrupt):
            self._swallowed = True
            again = threading.Timer(AGAIN_SECONDS, self._raise_again)
            again.daemon = True
            again.start()
        elif not self.process_ends:
            self._hook_before(unraisable)

    def _raise_again(self) -> None:
        if not self._swallowed or self._done.is_set():
            return
        signum = self.signum or signal.SIGINT
        if hasattr(signal, "pthread_kill"):  # To end what the main thread waits for.
            signal.pthread_kill(self._thread, signum)
        else:  # Windows
            signal.raise_signal(signum)

    def _forked(self) -> None:
        """Leave the pipe, and Ctrl-C, to the process that ends this one."""
        if not self._done.is_set():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.set_wakeup_fd(-1)

    def _watch(self) -> None:
        """Wait for a signal, and then for the command to end."""
        with self._wake:
            while (came := self._wake.recv(1)) and came[0] not in SIGNALS:
                pass
            if not came or self._done.wait(GRACE_SECONDS):
                return
        self.signum = self.signum or came[0]
        _end_children()
        print(self.said(KeyboardInterrupt()), file=sys.stderr, flush=True)
        os._exit(self.status)


def _pass_over_workers() -> None:
    """Hear no complaints of workers that were ended by the same signal.

    PyTorch raises them wherever Python happens to be when such a worker has ended.
    """
    if hasattr(signal, "SIGCHLD"):  # not on Windows
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)


def _end_children() -> None:
    import psutil  # Not needed to show a help text.

    from tvdiff_pyg.children import remove_sockets

    for child in psutil.Process().children(recursive=True):
        try:
            child.kill()
        except psutil.NoSuchProcess:
            continue
    remove_sockets()

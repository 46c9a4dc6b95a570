"""One input of the fuzzer, and what became of it."""

import contextlib
import io
import re
import signal
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from tvdiff_pyg.cli import main

SECONDS = 60
Verdict = Literal["clear", "traceback", "nonsense", "hang"]
#: What a refusal is raised as; an `ImportError` says what to install.
REFUSALS = (ValueError, FileNotFoundError, ImportError)


class Hang(BaseException):
    """Raised where an input takes too long."""


@dataclass(frozen=True)
class Case:
    """One input.

    Args:
        kind: What it is a case of.
        label: What was given, to find it again.
        call: Gives it; raises a ``ValueError`` or its like to refuse it.
        refused: Whether it has to be refused; ``None`` where either is right.
        names: What the refusal has to name, if anything.
        holds: Whether what came back makes sense.
    """

    kind: str
    label: str
    call: Callable[[], Any]
    refused: bool | None = None
    names: str = ""
    holds: Callable[[Any], bool] = lambda found: True


def judge(case: Case) -> tuple[Verdict, str]:
    """Give an input, and say what became of it."""
    try:
        with _time_limit():
            found = case.call()
        if case.refused:
            return "nonsense", f"taken: {found!r:.200}"
        return ("clear", "") if case.holds(found) else ("nonsense", f"{found!r:.200}")
    except Hang:
        return "hang", ""
    except REFUSALS as error:
        said = str(error)
        if case.refused is False:
            return "nonsense", f"refused: {said}"
        if not said or "\n" in said or case.names not in said:
            return "nonsense", f"says: {said!r:.300}"
        return "clear", ""
    except BaseException as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        return "traceback", f"{error!r:.200} at {place.filename}:{place.lineno}"


def command(*words: str) -> str:
    """Carry out a command; what it refuses is raised, and what it prints returned."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            status = main(list(words))
        except SystemExit as stop:  # argparse's own refusals and helps
            status = stop.code if isinstance(stop.code, int) else 1
    said = err.getvalue()
    unsafe = re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", out.getvalue() + said)
    if unsafe or status not in (0, 2) or "Traceback" in said:
        raise RuntimeError(f"status {status}, {unsafe}: {said}")
    if status == 2:
        raise ValueError(said.strip().splitlines()[-1])
    return out.getvalue()


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

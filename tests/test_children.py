"""Processes that are begun: where their sockets are, and one that is killed at once."""

import multiprocessing
import os
import tempfile
from collections.abc import Callable
from multiprocessing.connection import Listener
from multiprocessing.util import get_temp_dir
from pathlib import Path
from threading import Thread

import psutil
import pytest

from tests.test_signals import wait_until
from tests.training.test_launching import ranks
from tvdiff_pyg.children import remove_sockets, share_sockets
from tvdiff_pyg.grid.apart import Apart
from tvdiff_pyg.training.collectives import ProcessLostError
from tvdiff_pyg.training.launching import call_in_all
from tvdiff_pyg.training.processes import Processes

# More than a pipe holds.
LONG = b"x" * 2**24


@pytest.mark.skipif(os.name == "nt", reason="Windows has pipes with names")
@pytest.mark.parametrize("length", [1, 100])
def test_a_socket_fits_wherever_temporary_files_are(
    length: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = multiprocessing.current_process()._config  # type: ignore[attr-defined]
    monkeypatch.setitem(config, "tempdir", None)
    home = tmp_path / ("x" * length)
    home.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(home))
    share_sockets()
    assert tempfile.tempdir == str(home)
    folder = get_temp_dir()
    assert os.path.isdir(folder) and not (length == 100 and list(home.iterdir()))
    with Listener(family="AF_UNIX") as listener:
        assert str(listener.address).startswith(folder)
    remove_sockets()
    assert not os.path.exists(folder)
    os.mkdir(folder)  # Python removes it when this process ends.


def begun() -> list[psutil.Process]:
    """Return the processes that were begun here and still run."""
    return ranks(psutil.Process())


def kill_one() -> None:
    """Kill one as soon as there is one, before it has read what it is to do."""
    wait_until(lambda: bool(begun()))
    begun()[0].kill()


def call_apart() -> None:
    with pytest.raises(RuntimeError, match="its process was ended"):
        Apart().call(len, LONG)


def call_in_two() -> None:
    with pytest.raises(ProcessLostError, match=r"process \d of 2 was ended by SIGKILL"):
        call_in_all(Processes(2), len, LONG)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signal")
@pytest.mark.parametrize("call", [call_apart, call_in_two])
def test_one_that_is_killed_at_once_is_not_waited_for(
    call: Callable[[], None],
) -> None:
    killer, said = Thread(target=kill_one, daemon=True), list[BaseException]()

    def try_it() -> None:
        try:
            call()
        except BaseException as error:
            said.append(error)

    killer.start()
    caller = Thread(target=try_it, daemon=True)
    caller.start()
    caller.join(60)
    killer.join()
    assert not caller.is_alive() and not said and not begun()

"""Where processes that are begun keep their sockets."""

import multiprocessing
import os
import tempfile
from multiprocessing.connection import Listener
from multiprocessing.util import get_temp_dir
from pathlib import Path

import pytest

from tvdiff_pyg.children import remove_sockets, share_sockets


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

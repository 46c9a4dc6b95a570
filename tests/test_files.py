"""Files appear whole or not at all; a folder has one owner at a time."""

import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from stat import S_ISDIR
from typing import Any

import pytest
import torch

from tvdiff_pyg.files import append, replacing, write_text
from tvdiff_pyg.folders import locked
from tvdiff_pyg.plain import archive_closing_quietly, load_plain, save_plain


class RunsCode:
    """Pickles to a call that leaves a file behind."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return os.mkdir, (str(self.mark),)


class StopsWriting(io.BytesIO):
    """A file that a signal, or what else it may be, arrives at while it is written."""

    def __init__(self, stop: BaseException, at: int) -> None:
        super().__init__()
        self.stop, self.left = stop, at

    def write(self, block: Any) -> int:
        self.left -= 1
        if self.left == 0:
            raise self.stop
        return super().write(block)


@pytest.mark.parametrize("at", range(1, 8))
@pytest.mark.parametrize("stop", [KeyboardInterrupt("stop"), MemoryError("no memory")])
@pytest.mark.parametrize("handling", [False, True])
def test_what_stops_a_write_is_what_is_raised(
    stop: BaseException, at: int, handling: bool
) -> None:
    def save() -> None:
        with archive_closing_quietly():
            torch.save({"a": torch.ones(3)}, StopsWriting(stop, at))

    with pytest.raises(type(stop), match=str(stop)):
        after_a_fault(save) if handling else save()


@pytest.mark.parametrize("handling", [False, True])
def test_what_fails_by_itself_is_raised_as_it_is(handling: bool) -> None:
    def save() -> None:
        with archive_closing_quietly():
            raise RuntimeError("of its own")

    with pytest.raises(RuntimeError, match="of its own"):
        after_a_fault(save) if handling else save()


def after_a_fault(call: Callable[[], None]) -> None:
    try:
        raise OSError("of before")
    except OSError:
        call()


@pytest.mark.parametrize(
    "write",
    [
        lambda path: write_text(path, "x" * (1 << 17)),
        lambda path: save_plain({"a": torch.ones(1 << 16)}, path),
        lambda path: append(path, b"x" * (1 << 17)),
    ],
)
def test_a_full_disk_leaves_the_earlier_file(
    write: Callable[[Path], None], tmp_path: Path, little_space: None
) -> None:
    path = tmp_path / "file"
    path.write_text("earlier")
    with pytest.raises(OSError, match=f"File too large: '{path}'"):
        write(path)
    assert path.read_text() == "earlier" and os.listdir(tmp_path) == ["file"]


def test_a_file_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, done = tmp_path / "file", []

    def flush(descriptor: int) -> None:
        stat = os.fstat(descriptor)
        done.append("folder" if S_ISDIR(stat.st_mode) else f"{stat.st_size} bytes")

    replace = os.replace
    monkeypatch.setattr("os.fsync", flush)
    monkeypatch.setattr(
        "os.replace", lambda *paths: (done.append("place"), replace(*paths))
    )
    write_text(path, "four")
    append(path, b"five!")
    folder = [] if os.name == "nt" else ["folder"]
    assert done == ["4 bytes", "place", *folder, "9 bytes"]


@pytest.mark.parametrize("path", [".", "..", "folder"])
def test_a_folder_is_no_file_to_replace(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    with pytest.raises(IsADirectoryError, match=f"Is a directory: '{path}'"):
        write_text(path, "x")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_two_threads_write_one_file(tmp_path: Path) -> None:
    path, inside = tmp_path / "file", threading.Barrier(2, timeout=10)

    def write(text: str) -> None:
        with replacing(path) as partial:
            Path(partial).write_text(text)
            inside.wait()

    threads = [threading.Thread(target=write, args=(text,)) for text in ("aa", "bb")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_text() in ("aa", "bb") and os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    "content", [b"", b"PK\x03\x04", b"\x80\x02.", b"user,item\n1,2\n", b"\0" * 999]
)
def test_a_file_of_another_kind_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "some.pt"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=rf"'path' needs to be a file of.*{path}"):
        load_plain(path, "path", "a file of numbers")


def test_a_file_of_tensors_runs_no_code(tmp_path: Path) -> None:
    path = tmp_path / "some.pt"
    torch.save({"a": RunsCode(tmp_path / "ran")}, path)
    with pytest.raises(ValueError, match="'path' needs to be a file of numbers"):
        load_plain(path, "path", "a file of numbers")
    assert not (tmp_path / "ran").exists()


HOLD = """
import sys, threading
from tvdiff_pyg.folders import locked
with locked(sys.argv[1], "run"):
    print("held", flush=True)
    threading.Event().wait()
"""


def test_a_killed_process_leaves_no_lock(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None and other.stdout.readline() == b"held\n"
        with (
            pytest.raises(ValueError, match="'run' needs to be a folder that nothing"),
            locked(tmp_path, "run"),
        ):
            pass
        other.kill()
    with locked(tmp_path, "run"):
        (tmp_path / "file").write_text("mine")
    assert (tmp_path / "file").exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_lock_leaves_nothing_where_nothing_was_written(
    there: bool, tmp_path: Path
) -> None:
    folder = tmp_path / "a" / "b"
    if there:
        folder.mkdir(parents=True)
    with locked(folder, "run"):
        assert folder.is_dir()
    assert [str(one) for one in tmp_path.rglob("*")] == [
        str(one) for one in (tmp_path / "a", folder) if there
    ]

"""Stopped at one of its first writes, a run leaves nothing, or all that was there."""

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

import tvdiff_pyg.files
from tests.test_full_disk import contents
from tvdiff_pyg.cli import main

GRAPH = "--data=synthetic:num_users=120,num_items=80,num_interactions=1500"
FAST = ["--device=cpu", "--progress=false"]
SMALL = ["--hidden-channels=4", "--max-epochs=1", *FAST]


def interrupt() -> None:
    signal.raise_signal(signal.SIGINT)


def terminate() -> None:
    signal.raise_signal(signal.SIGTERM)


def fill_the_disk() -> None:
    raise OSError(28, "No space left on device")


def stopping_at(
    number: int, stop: Callable[[], None], patch: pytest.MonkeyPatch
) -> None:
    """Stop whatever writes its n-th file before that takes its place."""
    written: list[str] = []

    def flush(path: str) -> None:
        written.append(path)
        if len(written) == number:
            stop()

    patch.setattr(tvdiff_pyg.files, "_flush", flush)


@pytest.mark.parametrize(
    ("stop", "status"), [(interrupt, 130), (terminate, 143), (fill_the_disk, 2)]
)
@pytest.mark.parametrize(
    ("words", "number"),
    [
        ("final OLD --run NEW --device cpu --progress false", 1),
        ("final OLD --run NEW --device cpu --progress false", 4),
        (f"fit --run NEW {GRAPH} {' '.join(SMALL)}", 2),
        (f"fit --run NEW {GRAPH} {' '.join(SMALL)} --log tensorboard --profile", 8),
        (f"fit --run NEW {GRAPH} --model ease", 4),
        (f"fit --run NEW {GRAPH} --model ease", 8),
    ],
)
def test_a_new_run_leaves_nothing(
    words: str,
    number: int,
    stop: Callable[[], None],
    status: int,
    fitted: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    new = tmp_path / "new"
    stopping_at(number, stop, monkeypatch)
    given = words.replace("OLD", str(fitted)).replace("NEW", str(new))
    assert main(given.split()) == status
    assert "Traceback" not in capsys.readouterr().err
    assert not new.exists()


def test_a_run_that_takes_the_place_of_another_leaves_no_half(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["fit", f"--run={copied}", GRAPH, *SMALL, "--overwrite"]
    stopping_at(3, interrupt, monkeypatch)
    assert main(words) == 130
    assert [path.name for path in copied.iterdir() if path.name != ".lock"] == []


def test_a_run_that_goes_on_keeps_its_epochs_and_adds_no_empty_folder(
    copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = contents(copied)
    stopping_at(1, fill_the_disk, monkeypatch)
    sizes = "num_users=120,num_items=80,num_interactions=1500,num_communities=4,seed=1"
    words = f"fit --run {copied} --data synthetic:{sizes} --resume --max-epochs 5"
    small = "--hidden-channels 16 --num-timesteps 3 --batch-size 256 --patience 50"
    assert main([*words.split(), *small.split(), *FAST]) == 2
    kept = contents(copied)
    assert {path for path in before if path not in kept} <= {copied / ".lock"}
    assert not [path for path in kept if path not in before | {copied / ".lock": b""}]

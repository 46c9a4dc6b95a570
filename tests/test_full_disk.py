"""On a full disk, what is there stays as it is, and a sentence names the file."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite, from_arrays
from tvdiff_pyg.export import export
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import FitOptions, Settings, fit

QUIET = FitOptions(progress=False, device="cpu")
#: Files that are larger than the space that is left.
WIDE = Settings(model="bpr-mf", hidden_channels=400, max_epochs=1)


def graph_of(num_rows: int) -> BipartiteGraph:
    rng = np.random.default_rng(0)
    users, items = rng.integers(0, [[200], [60]], (2, num_rows))
    return from_arrays(users, items, item_titles={0: "x" * 5000})


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("runs") / "run"
    fit(graph_of(3000), WIDE, run=folder, options=QUIET)
    return str(folder)


@pytest.fixture(scope="module")
def rows(tmp_path_factory: pytest.TempPathFactory) -> str:
    rng = np.random.default_rng(0)
    user, item = rng.integers(0, 10_000, (2, 60_000))
    file = tmp_path_factory.mktemp("rows") / "rows.parquet"
    pl.DataFrame({"user": user, "item": item}).write_parquet(file)
    return str(file)


def contents(folder: Path) -> dict[Path, bytes | None]:
    """What each file holds, and which folders there are."""
    return {
        path: path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.mark.parametrize("there", [False, True])
@pytest.mark.parametrize(
    ("words", "file"),
    [
        ("export RUN --to safetensors --out OUT", "factors.safetensors"),
        ("export RUN --to faiss --out OUT", "items.faiss"),
        ("explore RUN --num-users 90 -k 40 --out OUT/page.html", "page.html"),
        ("recommend RUN --users all --out OUT/best.csv -k 40", "best.csv"),
        ("prepare --data ROWS --out OUT/new", "ranks-00000"),
    ],
)
def test_what_is_written_is_whole_or_not_there(
    words: str,
    file: str,
    there: bool,
    run: str,
    rows: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    little_space: None,
) -> None:
    for package in ("safetensors", "faiss", "jinja2"):
        pytest.importorskip(package, reason="needs the extras 'export' and 'explore'")
    out = tmp_path / "out"
    if there or "OUT/" in words:
        out.mkdir()
    if there and "prepare" not in words:
        (out / file).write_text("what was there before")
    before = contents(tmp_path)
    given = {"RUN": run, "ROWS": rows, "OUT": str(out)}
    for name, path in given.items():
        words = words.replace(name, path)
    assert main(words.split()) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert said.startswith("tvdiff: ") and file in said and ".partial" not in said
    assert contents(tmp_path) == before


@pytest.mark.parametrize("number", [1, 2, 3])
def test_an_export_changes_all_of_its_files_or_none(
    number: int, run: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("safetensors", reason="needs the extra 'export'")
    recommender, out = Recommender.load(run, "cpu"), tmp_path / "out"
    export(recommender, out, "safetensors")
    (out / "items.json").write_text(json.dumps({"ids": ["of an earlier run"]}))
    before, written = contents(out), []

    def full(path: str) -> None:
        written.append(path)
        if len(written) == number:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("tvdiff_pyg.files._flush", full)
    with pytest.raises(OSError, match=rf"No space left on device: '{out}/\w+\.\w+'"):
        export(recommender, out, "safetensors")
    assert contents(out) == before


def test_a_cache_is_whole_or_not_there(tmp_path: Path, little_space: None) -> None:
    make: Callable[[], Any] = lambda: SyntheticBipartite(  # noqa: E731
        400, 300, 9000, root=tmp_path / "root"
    )
    with pytest.raises(OSError, match=r"File too large: .*\.pt"):
        make()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]

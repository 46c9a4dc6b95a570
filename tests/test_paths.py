"""What is no path is refused by the name of the argument, and nothing is opened."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.builders import tvdiff
from tvdiff_pyg.data import (
    Gowalla,
    MovieLensSmall,
    PreparedData,
    SyntheticBipartite,
    from_file,
    from_files,
    prepare,
)
from tvdiff_pyg.export import export, from_pretrained, save_pretrained
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import RunFolder, fit, fit_final

GRAPH = SyntheticBipartite(20, 15, 60)[0]
MODEL = tvdiff(20, 15)
RECOMMENDER = Recommender(MODEL, GRAPH)
#: What takes a path, and what it calls it.
USES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "fit": ("run", lambda path: fit(GRAPH, run=path)),
    "fit_final": ("run", lambda path: fit_final(path, run="new")),
    "load": ("run", Recommender.load),
    "RunFolder": ("run", RunFolder),
    "from_file": ("path", from_file),
    "from_files": ("train", lambda path: from_files(path, path)),
    "prepare from": ("data", lambda path: prepare(path, "new")),
    "prepare to": ("out", lambda path: prepare("rows.parquet", path)),
    "PreparedData": ("data", PreparedData),
    "a data set": ("root", Gowalla),
    "its cache": ("root", lambda path: MovieLensSmall([] if path is None else path)),
    "export": ("folder", lambda path: export(RECOMMENDER, path, "safetensors")),
    "from_pretrained": ("name", from_pretrained),
    "save_pretrained": ("folder", lambda path: save_pretrained(MODEL, path)),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("value", [None, 0, True, 2.5, [], {}, b"there", "a\0b"])
def test_no_path(
    value: Any, use: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if use.endswith("pretrained"):
        pytest.importorskip("huggingface_hub", reason="needs the extra 'hub'")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    name, call = USES[use]
    with pytest.raises(ValueError, match=rf"^'{name}' needs to be a path \(got ") as it:
        call(value)
    assert use == "its cache" or re.escape(repr(value)) in re.escape(str(it.value))
    assert os.listdir(tmp_path) == ["there"] and not os.listdir(tmp_path / "there")
    os.fstat(0)  # Numbers are files that were open before.


@pytest.mark.parametrize("use", ["fit", "prepare to", "export", "save_pretrained"])
@pytest.mark.parametrize("value", ["", "file", "file/below", Path("file/below/it")])
def test_no_folder(
    value: str | Path, use: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if use.endswith("pretrained"):
        pytest.importorskip("huggingface_hub", reason="needs the extra 'hub'")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    name, call = USES[use]
    said = rf"^'{name}' needs to be a folder \(got '{value}'"
    with pytest.raises(ValueError, match=said):
        call(value)
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize("to", ["npz", "", None, [], {}, 3])
def test_no_format(to: Any, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"^'to' needs to be one of \['safetensors', "):
        export(RECOMMENDER, tmp_path / "out", to)
    assert not list(tmp_path.iterdir())


def test_no_recommender(tmp_path: Path) -> None:
    for other in (None, "run", GRAPH):
        with pytest.raises(ValueError, match="'recommender' needs to be a Recommender"):
            export(other, tmp_path / "out", "faiss")  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())

"""Pictures of the documentation are drawn from the code."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def test_the_picture_of_the_method_is_drawn_from_the_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("matplotlib")
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    picture = importlib.import_module("architecture")
    shown = picture.FILE.read_text()
    monkeypatch.setattr(picture, "FILE", tmp_path / "drawn.svg")
    picture.main()
    for text in (shown, picture.FILE.read_text()):
        for part in picture.PARTS:
            assert f"<!-- {part.__name__} -->" in text

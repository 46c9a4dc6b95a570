"""Configs that check themselves and flatten, and the registries behind them."""

import sys
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest

from tvdiff_pyg.config import Config, flat_fields, from_flat, names_read, part, to_flat
from tvdiff_pyg.registry import PLUGIN_GROUP, Registry, load_plugin, load_plugins

SHAPES: Registry[Any] = Registry("shape")


@SHAPES.register("circle")
@dataclass(frozen=True)
class Circle(Config):
    """All points at one distance. And more."""

    radius: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check("radius", self.radius > 0, "positive")


@SHAPES.register("square")
@dataclass(frozen=True)
class Square(Config):
    """Four equal sides."""

    side: int = 2
    corners: tuple[int, ...] = (1, 2)


@dataclass(frozen=True)
class Drawing(Config):
    """A shape on paper."""

    shape: Any = part(SHAPES, "circle")
    paper: Literal["a4", "a5"] = "a4"
    margin: float | None = None


def test_flat_names_choose_parts() -> None:
    drawing = from_flat(Drawing, {"shape": "square", "side": 3, "radius": 9.0})
    assert drawing == Drawing(Square(3))
    flat = {"shape": "square", "side": 3, "corners": (1, 2)}
    assert to_flat(drawing) == {**flat, "paper": "a4", "margin": None}
    assert from_flat(Drawing, to_flat(drawing)) == drawing
    # Files know lists only.
    assert from_flat(Drawing, {"shape": "square", "corners": [7]}).shape.corners == (7,)
    assert names_read(Drawing, {}) == ["shape", "radius", "paper", "margin"]
    fields = {name: owner for name, _, owner, _ in flat_fields(Drawing, "drawing")}
    assert fields["radius"] == "shape 'circle'" and fields["paper"] == "drawing"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"shape": "star"},
            r"'shape' needs to be one of \['circle', 'square'\] \(got 's",
        ),
        ({"radius": 0}, r"'radius' needs to be positive \(got 0\)"),
        ({"radius": float("nan")}, r"'radius' needs to be positive \(got nan\)"),
        ({"radius": "1"}, r"'radius' needs to be a number \(got '1'\)"),
        ({"radius": True}, r"'radius' needs to be a number \(got True\)"),
        ({"paper": "a3"}, r"'paper' needs to be one of \['a4', 'a5'\] \(got 'a3'\)"),
        ({"margin": "x"}, r"'margin' needs to be a number or none \(got 'x'\)"),
        ({"side": 3}, r"'side' is not read by Drawing"),
    ],
    ids=str,
)
def test_values_are_checked(values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Drawing.of(**values)


def test_a_name_and_a_config_are_of_one_part() -> None:
    assert SHAPES["circle"].about == "All points at one distance."
    assert SHAPES.of(Square()).name == "square"
    for name, config in (("circle", None), ("oval", Circle)):
        with pytest.raises(ValueError, match="'name' of the shape needs to be new"):
            SHAPES.register(name, config)(type("Oval", (), {}))
    with pytest.raises(ValueError, match="'config' needs to belong to a registered"):
        SHAPES.of(Drawing())
    assert SHAPES.names() == ["circle", "square"]
    # A module that is imported again registers the same part.
    SHAPES.register("circle")(Circle)


def test_a_plugin_is_a_module_or_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "broken_shapes.py").write_text("import no_such_package\n")
    with pytest.raises(ImportError, match=r"'plugin' .* 'broken_shapes': ModuleNot"):
        load_plugin("broken_shapes")
    with pytest.raises(ImportError, match=r"'plugin' needs to be a module"):
        load_plugin(str(tmp_path / "absent.py"))


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_what_a_plugin_raises_is_said(code: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / f"plugin_of_{said.partition(':')[0]}.py"
    file.write_text(code + "\n")
    with pytest.raises(ImportError, match=rf"'plugin' needs .*{file.name}': {said}"):
        load_plugin(str(file))


@pytest.mark.parametrize("name", ["random.py", "sys.py", "twins.py"])
def test_a_plugin_that_another_module_hides_is_refused(
    name: str, tmp_path: Path
) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("shape = 1\n")
    if name == "twins.py":
        load_plugin(str(tmp_path / "one" / name))
        load_plugin(str(tmp_path / "one" / name))
    message = "'plugin' needs a file name that no other module has"
    with pytest.raises(ImportError, match=message):
        load_plugin(str(tmp_path / "other" / name))


def test_installed_plugins_are_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "installed_shapes.py").write_text("shape = 1\n")
    point = EntryPoint("mine", "installed_shapes:shape", PLUGIN_GROUP)
    monkeypatch.setattr("tvdiff_pyg.registry.entry_points", lambda group: [point])
    load_plugins.__wrapped__()
    assert sys.modules["installed_shapes"].shape == 1


def test_a_part_is_told_in_plain_words() -> None:
    links: Registry[type] = Registry("link")
    text = """Scores of `"A Paper" <https://a.b/c_d>`_, by :class:`~a.b.Part` and ``x``:
    in :math:`2 x`. More."""
    links.register("full")(type("Full", (), {"__doc__": text}))
    links.register("bare")(type("Bare", (), {}))
    assert links["full"].about == 'Scores of "A Paper", by Part and x: in 2 x.'
    assert links["bare"].about == ""


def test_values_of_derived_classes_are_kept_as_plain_ones() -> None:
    circle = Circle(np.float64(0.5))
    assert type(circle.radius) is float and circle == Circle(0.5)
    with pytest.raises(ValueError, match=r"'side' needs to be an integer"):
        Square(np.float64(2))  # type: ignore[arg-type]

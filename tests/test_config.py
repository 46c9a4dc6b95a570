"""Configs that check themselves and flatten, and the registries behind them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from tvdiff_pyg.config import Config, flat_fields, from_flat, names_read, part, to_flat
from tvdiff_pyg.registry import Registry, load_plugin

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
        with pytest.raises(ValueError, match="'name' needs to be new among the shapes"):
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
    with pytest.raises(ImportError, match=r"'plugin' needs .* 'broken_shapes': No mod"):
        load_plugin("broken_shapes")
    with pytest.raises(ImportError, match=r"'plugin' needs to be a module"):
        load_plugin(str(tmp_path / "absent.py"))

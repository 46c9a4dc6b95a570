"""Figures of studies can be read: one line a variant, and no word above another."""

import re
from pathlib import Path

import pytest

from tests.study.conftest import MakeRecord
from tvdiff_pyg.study import find_study
from tvdiff_pyg.study.figures import COLOURS, write_figures
from tvdiff_pyg.study.summary import cell_table, seed_means

pytest.importorskip("matplotlib")
BANDS = {f"response_{band}": 0.1 for band in range(5)}


def draw(
    make_record: MakeRecord, folder: Path, variants: dict[str, list[str]], figure: str
) -> str:
    """Return a figure of a study of these variants by graph."""
    records = [
        make_record(data, variant, 0, **BANDS)
        for data, names in variants.items()
        for variant in names
    ]
    means = seed_means(cell_table(records))
    write_figures(find_study("oversmoothing"), means, folder)
    return (folder / f"{figure}.svg").read_text()


def test_a_variant_is_drawn_alike_on_all_graphs(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    drawn = draw(
        make_record, tmp_path, {"a": ["1", "2"], "b": ["2"]}, "frequency-response"
    )
    lines = re.findall(r"fill: none; stroke: (#\w+); stroke-width: 1.5", drawn)
    # Each once more in the legend.
    assert [lines.count(colour) for colour in COLOURS[:3]] == [2, 3, 0]


def test_more_variants_than_colours_are_told_apart(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    names = [str(1 + layers) for layers in range(len(COLOURS) + 2)]
    drawn = draw(make_record, tmp_path, {"a": names}, "frequency-response")
    assert all(f">layers {name}</text>" in drawn for name in names)
    broken = re.findall(
        r"fill: none; stroke-dasharray: [^;]*; .*?stroke: (#\w+)", drawn
    )
    assert {colour: broken.count(colour) for colour in broken} == {
        colour: 2 for colour in COLOURS[:2]
    }


@pytest.mark.parametrize(("count", "turned"), [(4, False), (40, True)])
def test_names_that_would_run_into_each_other_are_turned(
    make_record: MakeRecord, tmp_path: Path, count: int, turned: bool
) -> None:
    names = [str(1 + layers) for layers in range(count)]
    drawn = draw(make_record, tmp_path, {"a": names}, "ranking")
    assert ("rotate(-45" in drawn) == turned

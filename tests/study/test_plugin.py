"""A study from outside: one file with its variants, columns, figures and claims."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import polars as pl
import pytest

from tests.study.conftest import GRAPH, SMALL
from tvdiff_pyg.cli import main
from tvdiff_pyg.registry import load_plugin
from tvdiff_pyg.study import (
    COLUMNS,
    STUDIES,
    Column,
    find_study,
    register_columns,
    register_study,
)

WIDTH = '''
"""How much width helps."""

from tvdiff_pyg.study import Column, Study, Verdict, register_columns, register_study

register_columns(
    Column("coverage", "Coverage@20", "items", path=("metrics", "test", "coverage@20"))
)


@register_study("wider")
def width():
    """How wide both towers need to be."""
    return Study(
        axis="channels",
        variants={str(width): {"hidden_channels": width} for width in (4, 8)},
        columns=("ndcg", "coverage"),
        figures={"coverage": ("ndcg", "coverage")},
        claims=(seen,),
    )


def seen(results):
    told = str(len(results.cells))
    return Verdict("Wide models show more", results.data, "undecided", told)
'''


@pytest.fixture
def plugin(forgetful_registries: None, tmp_path: Path) -> str:
    path = tmp_path / "width_study.py"
    path.write_text(WIDTH)
    return str(path)


def test_a_study_of_ones_own_is_reported(plugin: str, tmp_path: Path) -> None:
    load_plugin(plugin)
    out = tmp_path / "out"
    args = ["study", "wider", "--out", str(out), "--data", GRAPH, "--seeds", "0"]
    args += ["--jobs", "0", "--progress", "false", "--max-epochs", "1"]
    assert main([*args, "--num-timesteps", str(SMALL["num_timesteps"])]) == 0
    text = (out / "report.md").read_text()
    assert "# How wide both towers need to be\n" in text
    assert "| Data | Channels | Seeds | NDCG@20 | Coverage@20 |" in text
    assert (
        "| Wide models show more | synthetic 80 x 60, 900 | undecided | – | – | 2 |"
        in text
    )
    assert pl.read_csv(out / "cells.csv")["coverage"].is_between(0, 1).all()


def test_a_column_has_one_meaning() -> None:
    register_columns(COLUMNS["mad"])
    with pytest.raises(ValueError, match="new among the columns \\(got 'mad'\\)"):
        register_columns(Column("mad", "Madness", "of another kind"))


def test_a_study_that_is_none_or_shows_what_there_is_not_is_refused(
    forgetful_registries: None,
) -> None:
    register_study("none")(lambda: None)
    with pytest.raises(ValueError, match=r"study 'none' needs .* \(got NoneType\)"):
        find_study("none")
    losses = find_study("losses")
    for change in ({"columns": ("nodcg",)}, {"figures": {"a": ("nodcg",)}}):
        register_study("misspelt")(partial(replace, losses, **change))
        message = r"'columns' of study 'misspelt' .* \(got 'nodcg'\)"
        with pytest.raises(ValueError, match=message):
            find_study("misspelt")
        del STUDIES._entries["misspelt"]

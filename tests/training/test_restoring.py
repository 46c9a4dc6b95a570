"""Checkpoints that were made up: what a training cannot go on from is refused."""

import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs import plain
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit


def changed(value: Any, place: tuple[Any, ...], to: Any) -> Any:
    """Return nested containers with another value at a place."""
    if not place:
        return to
    here, *rest = place
    if isinstance(value, dict):
        return {**value, here: changed(value[here], tuple(rest), to)}
    copied = list(value)
    copied[here] = changed(value[here], tuple(rest), to)
    return copied


def containers(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the places of all containers within containers."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, one in inner:
        if isinstance(one, dict | list):
            yield (*place, name)
            yield from containers(one, (*place, name))


def after_another_epoch(
    run: Path, graph: BipartiteGraph, settings: Settings, options: FitOptions
) -> Any:
    """Go on, and return the weights; or the refusal, which keeps what was there."""
    again, last = replace(options, resume=True), RunFolder(run).last_checkpoint
    before = last.read_bytes()
    try:
        fit(graph, settings.but(max_epochs=2), run=run, options=again)
    except ValueError as error:
        assert last.read_bytes() == before
        return str(error)
    return plain(RunFolder(run).model().state_dict())


@pytest.mark.parametrize(
    "share",
    [pytest.param(0.08, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)],
)
def test_inner_state_that_is_none(
    share: float,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    fit(graph, settings.but(max_epochs=1), run=tmp_path / "run", options=options)
    whole = shutil.copytree(tmp_path / "run", tmp_path / "whole")
    undisturbed = after_another_epoch(whole, graph, settings, options)
    last = RunFolder(tmp_path / "run").last_checkpoint
    saved = RunFolder(tmp_path / "run").read_tensors(last)
    names = ("state_dict", "callbacks", "optimizer_states", "loops", "random_state")
    places = [one for one in containers(saved) if one[0] in names]
    draw, refused = random.Random(0), 0
    for number, place in enumerate(draw.sample(places, int(share * len(places)))):
        run = RunFolder(shutil.copytree(tmp_path / "run", tmp_path / str(number)))
        run.write_tensors(run.last_checkpoint, changed(saved, place, "x"))
        found = after_another_epoch(Path(run.path), graph, settings, options)
        # Lightning keeps much that nothing reads.
        assert found == undisturbed or re.match(
            "'run' needs a checkpoint .*last.ckpt[^\n]*$", found
        ), place
        refused += found != undisturbed
    assert refused > 0

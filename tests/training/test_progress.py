"""The progress bar: one line of a terminal, a line of a file now and then."""

from dataclasses import replace
from pathlib import Path

import pytest
import rich
from rich.text import Text

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.training import FitOptions, RecommenderModule, Settings, fit, progress


def test_a_file_gets_a_line_now_and_then(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    longer = settings.but(max_epochs=20, batch_size=2048)
    shown = replace(options, progress=True)
    fit(graph, longer, run=tmp_path / "run", options=shown)
    lines = capsys.readouterr().out.splitlines()
    epochs = [int(line.split()[1].split("/")[0]) for line in lines]
    assert epochs == [*range(1, 20, 2), 20]
    for line in lines:
        assert line.isprintable() and len(line) <= 80
        assert "ndcg@20 0." in line and "loss " in line


def test_a_long_epoch_is_told_by_its_batches(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(progress, "LINE_SECONDS", 0.0)
    shown = replace(options, progress=True)
    short = settings.but(max_epochs=1)
    metrics = fit(graph, short, run=tmp_path / "run", options=shown)
    *batches, end = capsys.readouterr().out.splitlines()
    assert len(batches) > 2 and batches[0].startswith("epoch 1/1 batch 1/")
    assert f"ndcg@20 {metrics['validation']['ndcg@20']:.4g}" in end


@pytest.mark.parametrize("width", [40, 80])
def test_a_terminal_gets_one_line(
    width: int,
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, value in (("FORCE_COLOR", "1"), ("TERM", "xterm"), ("COLUMNS", width)):
        monkeypatch.setenv(name, str(value))
    monkeypatch.setattr(rich, "_console", None)
    step = RecommenderModule.training_step

    def talkative(self: RecommenderModule, *args: object) -> object:
        self.log("a_metric_of_a_very_long_name_" * 3, 1.0, prog_bar=True)
        return step(self, *args)

    monkeypatch.setattr(RecommenderModule, "training_step", talkative)
    shown = replace(options, progress=True)
    fit(graph, settings, run=tmp_path / "run", options=shown)
    screen = capsys.readouterr().out
    rows = [Text.from_ansi(row).plain for row in screen.replace("\r", "\n").split("\n")]
    assert max(len(row.rstrip()) for row in rows) <= width
    # The cursor never goes up: there is no second line.
    assert "\x1b[1A" not in screen
    shown_last = [row for row in rows if row.startswith("epoch 3/3 ####")]
    assert shown_last and ("ndcg@20" in shown_last[-1]) == (width == 80)

"""``tvdiff tune``: what it prints and leaves, and its page."""

import html
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.tune.conftest import SMALL
from tvdiff_pyg.cli import main
from tvdiff_pyg.grid import check_record, read_records
from tvdiff_pyg.tune.history import HEIGHT, WIDTH, History

GRAPH = "synthetic:num_users=80,num_items=60,num_interactions=900"
WORDS = [f"--{k.replace('_', '-')}={v}" for k, v in SMALL.items()]


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    out = ["--out", str(tmp_path / "out"), "--jobs", "0", "--device", "cpu"]
    return ["tune", "--data", GRAPH, *out]


def test_what_is_chosen_is_said_and_left(
    command: list[str],
    tmp_path: Path,
    pretended: None,
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = ["--models", "ease", "tvdiff", "--trials", "9", *WORDS]
    assert main([*command, *words]) == 0
    said = capsys.readouterr()
    ease, tvdiff, report = said.out.splitlines()
    assert ease.startswith("ease: validation NDCG@20 0.") and "; l2 " in ease
    assert "of 9 (0 pruned, 0 failed)" in ease and "temperature " in tvdiff
    assert report == f"report: {tmp_path / 'out'}/report.html"
    assert said.err.count("ease, trial") == 9 and "trial 9: " in said.err
    records = read_records(tmp_path / "out" / "trials.jsonl")
    assert len(records) == 18 and {one["data"] for one in records} == {GRAPH}
    for record in records:
        check_record(record)


def test_the_best_settings_are_a_config_of_fit(
    command: list[str], tmp_path: Path, pretended: None
) -> None:
    assert main([*command, "--models", "tvdiff", "--trials", "3", *WORDS]) == 0
    config = tmp_path / "out" / "tvdiff.yaml"
    chosen = yaml.safe_load(config.read_text())
    run = tmp_path / "run"
    fit = ["fit", "--config", str(config), "--data", GRAPH, "--run", str(run)]
    assert main([*fit, "--progress", "false"]) == 0
    fitted = yaml.safe_load((run / "config.yaml").read_text())
    assert {k: fitted[k] for k in chosen if k != "engine"} == {
        k: v for k, v in chosen.items() if k != "engine"
    }


def test_the_page_shows_all_models(
    command: list[str], tmp_path: Path, pretended: None
) -> None:
    words = ["--models", "popularity", "item-knn", "tvdiff", "--trials", "9", *WORDS]
    assert main([*command, *words]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "http://" not in page and "<script" not in page
    body = re.sub(r"<!doctype html>|<meta[^>]*>", "", page)
    root = ElementTree.fromstring(html.unescape(body))
    titles = [one.text for one in root.iter("h2")]
    assert titles == ["popularity", "item-knn", "tvdiff", "How it was measured"]
    shares = [float(one) for one in re.findall(r"<dt>\w+: (\d+) %</dt>", page)]
    # Of both models that have settings to search; each adds up to 100.
    assert sum(shares) == pytest.approx(200, abs=5)
    assert len(list(root.iter("circle"))) >= 15
    assert "the test part was not read" in page


def test_few_trials_say_nothing_of_importance(
    command: list[str], tmp_path: Path, pretended: None
) -> None:
    assert main([*command, "--models", "item-knn", "--trials", "7"]) == 0
    page = (tmp_path / "out" / "report.html").read_text()
    assert "too few to say" in page and "PED-ANOVA" not in page


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--models", "eas"], "'models' needs to be one of"),
        (["--models", "ease", "ease"], "'models' needs at least one model, each once"),
        (["--models", "ease", "--model", "ease"], "'model' has no use with tune"),
        (["--models", "ease", "--trials", "0"], "'trials' needs to be at least 1"),
        (["--models", "ease", "--minutes", "-1"], "'minutes' needs to be positive"),
        (["--models", "ease", "--factors", "3"], "'factors' is not read by any model"),
        (["--models", "ease", "--validation-ratio", "0"], "needs held-out validation"),
        (["--trials", "3"], "models"),
    ],
)
def test_bad_input(
    command: list[str],
    words: list[str],
    expected: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([*command, *words]) == 2
    said = capsys.readouterr().err
    assert expected in said and len(said.splitlines()) <= 2
    assert list(tmp_path.iterdir()) == []


def test_what_is_missing_is_said(
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    find = "tvdiff_pyg.machine.find_spec"
    monkeypatch.setattr(find, lambda name: None if name == "optuna" else name)
    assert main([*command, "--models", "ease"]) == 2
    said = capsys.readouterr().err
    assert "tuning needs optuna (pip install 'tvdiff_pyg[tune]')" in said


def test_a_history_lies_in_its_box() -> None:
    said = [*"abcd"]
    found = History.of([0.2, None, 0.5, 0.3], said)
    across, down, names = zip(*found.points, strict=True)
    assert names == ("a", "c", "d") and (found.lowest, found.highest) == (0.2, 0.5)
    assert 0 < min(across) < max(across) < WIDTH and 0 < min(down) < max(down) < HEIGHT
    # The best value is at the top, and the line never falls.
    assert down[1] == min(down)
    heights = [float(one.split(",")[1]) for one in found.line.split()]
    assert heights == sorted(heights, reverse=True) and heights[-1] == down[1]
    assert History.of([0.1], ["alone"]).points[0][0] > 0

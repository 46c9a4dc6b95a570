"""From a study's name to its report, in Python and on the command line."""

import html
import json
import logging
import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from tests.accessible import assert_accessible
from tests.browser import browser
from tests.study.conftest import GRAPH, SMALL, MakeRecord
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.folders import locked
from tvdiff_pyg.grid.records import read_records
from tvdiff_pyg.printable import printable
from tvdiff_pyg.study import (
    COLUMNS,
    STUDIES,
    StudyOptions,
    find_study,
    run_study,
    write_report,
)
from tvdiff_pyg.study.carry_out import cells_of
from tvdiff_pyg.study.figures import NUM_BANDS
from tvdiff_pyg.study.page import html_page
from tvdiff_pyg.study.report import result_table, shown_columns
from tvdiff_pyg.study.summary import cell_table, seed_means
from tvdiff_pyg.study.verdict import Verdict


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a finished study."""
    out = tmp_path_factory.mktemp("study")
    options = StudyOptions(
        [GRAPH], ["1", "2"], [0, 1], overrides=SMALL, jobs=0, progress=False
    )
    run_study("oversmoothing", options, out)
    return out


def test_report_folder(folder: Path) -> None:
    records = read_records(folder / "cells.jsonl")
    assert len(records) == 4
    cells, summary = (
        pl.read_csv(folder / f"{name}.csv") for name in ("cells", "summary")
    )
    assert cells.height == 4 and summary.height == 2
    ndcg = [
        record["metrics"]["test"]["ndcg@20"]
        for record in records
        if record["variant"] == "2"
    ]
    row = summary.filter(pl.col("variant") == 2).to_dicts()[0]
    assert row["ndcg"] == pytest.approx(sum(ndcg) / 2)
    text = (folder / "report.md").read_text()
    assert COLUMNS["ndcg"].format(row["ndcg"], row["ndcg_spread"]) in text
    assert "One layer ranks better than several" in text
    assert "protocol: standard" in text and "hidden_channels 8" in text
    for name in ("ranking", "smoothing", "cost", "frequency-response"):
        assert (folder / "figures" / f"{name}.png").read_bytes().startswith(b"\x89PNG")
        drawn = (folder / "figures" / f"{name}.svg").read_text()
        assert "mathdefault" not in drawn


def test_page_stands_alone(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 4
    # Nothing is loaded: no address but the names of XML's vocabularies.
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#][^"']*)""", page)
    assert loaded == []
    assert "<script" not in page and "@import" not in page and "<link" not in page
    verdicts = re.findall(r'<span class="(\w+)">', page)
    # What the page says in a glance is what its rows count up to.
    assert f"Of {len(verdicts)} verdicts, {verdicts.count('holds')} say" in page


def test_page_shows_markup_as_text(tmp_path: Path) -> None:
    drawn = tmp_path / "two-lines.svg"
    svg = '<svg width="3"><text>a &lt; b</text></svg>'
    drawn.write_text('<?xml version="1.0"?>\n' + svg)
    page = html_page(
        "<script>alert(1)</script>",
        [Verdict("1 < 2", "a & b", "holds", '"so"')],
        [["<i>"], ["<b>"]],
        [],
        [drawn],
        {"data": "<u>"},
        {"i & j": "2 (seed 0)"},
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    for shown in (
        "1 &lt; 2",
        "a &amp; b",
        "&lt;i&gt;",
        "&lt;b&gt;",
        "&lt;u&gt;",
        "i &amp; j",
    ):
        assert page.count(shown) == 1
    # A figure is markup, and stays it.
    assert f'<figure tabindex="0">{svg}<figcaption>Two lines</figcaption>' in page


def test_what_matters_most_is_in_sight_and_the_rest_is_folded(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    numbers, folded = page.split("<h2>Numbers</h2>")[1].split("<details>", 1)
    found = re.findall(r"<th>(.*?)</th>", numbers)
    assert found == ["Data", "Layers", "Recall@20"]
    every = re.findall(r"<th>(.*?)</th>", folded)
    assert every[:4] == ["Data", "Layers", "Seeds", "Recall@20"] and len(every) > 8
    # A number of the first table is in the same place of the second.
    [first] = re.findall(r"<td>1</td><td>([\d.]+ ± [\d.]+)</td>", numbers)
    assert f"<td>1</td><td>2</td><td>{first}</td>" in folded


@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_in_a_browser(folder: Path, width: int) -> None:
    with browser() as chromium:
        view = chromium.new_page(viewport={"width": width, "height": 800})
        said: list[str] = []
        view.on("console", lambda message: said.append(message.text))
        view.on("request", lambda asked: said.append(asked.url))
        view.goto((folder / "report.html").as_uri())
        size = "document.documentElement.scrollWidth"
        assert view.evaluate(size) == width
        view.locator(".claims summary").first.focus()
        view.keyboard.press("Enter")
        assert view.locator(".claims details[open] p").first.is_visible()
        view.locator("summary").evaluate_all("all => all.forEach(one => one.click())")
        assert view.evaluate(size) == width
        # Letters of figures are large enough to be read, whatever the screen.
        height = "one => one.getBoundingClientRect().height"
        assert view.locator("figure svg text").first.evaluate(height) > 9
        assert said == [(folder / "report.html").as_uri()]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_accessible(folder: Path, scheme: str) -> None:
    with browser() as chromium:
        view = chromium.new_page(color_scheme=scheme)
        view.goto((folder / "report.html").as_uri())
        view.locator("summary").evaluate_all("all => all.forEach(one => one.click())")
        assert_accessible(view)


NAMES = ["$x^{", "_under_score_", "a|b", "<b>&amp;", "{{ 1 / 0 }}", "100%", "\x1b[31m"]


def test_names_of_data_break_nothing(tmp_path: Path, make_record: MakeRecord) -> None:
    study = find_study("oversmoothing")
    records = [
        make_record(name, variant, seed)
        for name in NAMES
        for variant in ("1", "2")
        for seed in (0, 1)
    ]
    page = write_report(study, records, tmp_path).read_text()
    shown = [html.escape(printable(name), quote=False) for name in NAMES]
    assert all(name in page for name in shown)
    assert "\x1b" not in page and "<b>" not in page
    rows = (tmp_path / "report.md").read_text().split("## Numbers")[1].splitlines()
    widths = [len(re.findall(r"(?<!\\)\|", row)) for row in rows if row[:1] == "|"]
    assert len(widths) == 2 + 2 * len(NAMES) and len(set(widths)) == 1
    drawn = [file.read_text() for file in (tmp_path / "figures").glob("*.svg")]
    assert drawn
    for one in drawn:
        ElementTree.fromstring(one)
        assert all(f">{name}</text>" in one.replace("\u200b", "") for name in shown)


def test_what_a_report_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"a study needs jinja2 \(pip install"):
        run_study("losses", StudyOptions([GRAPH]), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_the_same_records_make_the_same_report(folder: Path, tmp_path: Path) -> None:
    records = read_records(folder / "cells.jsonl")
    write_report(find_study("oversmoothing"), records, tmp_path)
    for name in ("report.html", "report.md", "figures/ranking.svg"):
        assert (tmp_path / name).read_text() == (folder / name).read_text()


def test_the_grid_has_all_variants_seed_by_seed(options: StudyOptions) -> None:
    cells = cells_of(find_study("oversmoothing"), options)
    assert [(cell.seed, cell.variant) for cell in cells] == [
        (0, "1"),
        (0, "2"),
        (1, "1"),
        (1, "2"),
    ]
    assert [cell.settings["num_layers"] for cell in cells] == [1, 2, 1, 2]
    assert all(cell.settings["hidden_channels"] == 8 for cell in cells)


def test_a_study_goes_on_where_it_was(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cell: object) -> dict[str, object]:
        raise AssertionError("trained again")

    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", train)
    options = StudyOptions(
        [GRAPH], ["1"], [1, 0], overrides=SMALL, jobs=0, progress=False
    )
    run_study("oversmoothing", options, folder)
    # Only what was asked for is reported; nothing is lost.
    assert pl.read_csv(folder / "cells.csv").height == 2
    assert len(read_records(folder / "cells.jsonl")) == 4


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("metrics", "test"), "x"),
        (("metrics", "validation", "ndcg@20"), "x"),
        (("measures", "mad"), []),
        (("measures", "mad"), "x"),
        (("hardware", "device"), []),
        (("hardware",), {}),
        (("graph", "train"), None),
        (("seconds", "score"), "x"),
        (("versions",), 3),
    ],
)
def test_a_damaged_record_is_named_before_anything_is_trained(
    place: tuple[str, ...], value: Any, folder: Path, tmp_path: Path
) -> None:
    first, *others = (folder / "cells.jsonl").read_text().splitlines()
    record = json.loads(first)
    del record["checksum"]  # as of an earlier version: others are seen by it
    inner = record
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    damaged = "\n".join([json.dumps(record), *others, ""])
    (tmp_path / "cells.jsonl").write_text(damaged)
    options = StudyOptions(
        [GRAPH], ["1", "2", "3"], [0, 1], overrides=SMALL, jobs=0, progress=False
    )
    with pytest.raises(ValueError, match=r"^'(file|out)' needs .*cells\.jsonl: "):
        run_study("oversmoothing", options, tmp_path)
    files = [one.name for one in tmp_path.iterdir() if one.name != ".lock"]
    assert files == ["cells.jsonl"]
    assert (tmp_path / "cells.jsonl").read_text() == damaged


def test_failed_cells_leave_a_report_of_the_others(
    make_record: MakeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def train(cell: object) -> dict[str, object]:
        key = cell.key()  # type: ignore[attr-defined]
        if key["variant"] == "2":
            raise ValueError("no luck")
        return {**make_record(key["data"], key["variant"], key["seed"]), **key}

    monkeypatch.setattr("tvdiff_pyg.study.Cell.measure", train)
    options = StudyOptions(["lastfm"], ["1", "2"], [0], jobs=0, progress=False)
    with pytest.raises(RuntimeError, match="no luck"):
        run_study("oversmoothing", options, tmp_path)
    assert "| lastfm | 1 | 1 |" in (tmp_path / "report.md").read_text()


def test_the_report_of_something_else_is_left_alone(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    other = StudyOptions([GRAPH], ["none"], [0], jobs=0, progress=False)
    with pytest.raises(
        ValueError,
        match=r"'out' needs to be a new folder, or one of the study 'losses' \(got "
        r".*, which holds that of 'oversmoothing'\)",
    ):
        run_study("losses", other, folder)
    assert before == {path: path.read_bytes() for path in before}
    (tmp_path / "report.html").write_text("of a tuning")
    with pytest.raises(ValueError, match=r"something else: there is no cells\.jsonl"):
        run_study("losses", other, tmp_path)
    assert (tmp_path / "report.html").read_text() == "of a tuning"
    caplog.set_level(logging.WARNING, logger="tvdiff_pyg")
    part = StudyOptions([GRAPH], ["1"], [0], overrides=SMALL, jobs=0, progress=False)
    shutil.copytree(folder, tmp_path / "part")
    run_study("oversmoothing", part, tmp_path / "part")
    assert "1 cells of this study alone: 3 others are recorded in" in caplog.text


@pytest.mark.slow
@pytest.mark.parametrize("name", STUDIES.names())
def test_every_study_can_be_set_up_and_reported(
    name: str, make_record: MakeRecord, tmp_path: Path
) -> None:
    study = find_study(name)
    options = StudyOptions(["lastfm"], seeds=[0])
    cells = cells_of(study, options)
    assert len(cells) == len(study.variants) > 3
    assert len({repr(cell.settings) for cell in cells}) == len(cells)
    assert set(study.columns) <= set(COLUMNS)
    bands = {f"response_{band}" for band in range(NUM_BANDS)}
    measured = set(study.columns) - {"recall", "ndcg"} | bands
    records = [
        {
            **make_record(
                "lastfm",
                cell.variant,
                0,
                ndcg=0.1 + 0.01 * place,
                **{column: 1.0 + place for column in measured},
            ),
            **cell.key(),
        }
        for place, cell in enumerate(cells)
    ]
    page = write_report(study, records, tmp_path).read_text()
    assert study.title in page
    assert '<span class="' in page


def test_published_settings_are_the_start_of_their_data() -> None:
    options = StudyOptions(
        ["lastfm", GRAPH], ["2"], [0], overrides={"hidden_channels": 64}
    )
    cells = cells_of(find_study("oversmoothing"), options)
    assert [cell.settings["temperature"] for cell in cells] == [5.0, 1.0]
    large = replace(options, preset="gowalla")
    cells = cells_of(find_study("temperature"), replace(large, values=["0.25"]))
    assert [cell.settings["entropy_type"] for cell in cells] == ["bce", "bce"]
    assert cells[0].settings["temperature"] == 0.25


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    args = ["study", "losses", "--out", str(tmp_path / "out"), "--data", GRAPH]
    args += ["--values", "none", "nll", "--seeds", "0", "--jobs", "0"]
    args += ["--progress", "false", "--hidden-channels", "4", "--max-epochs", "1"]
    assert main(args) == 0
    assert "report.html" in capsys.readouterr().out
    records = read_records(tmp_path / "out" / "cells.jsonl")
    assert [record["variant"] for record in records] == ["none", "nll"]
    assert records[0]["settings"]["temperature"] == 0.0
    assert records[1]["settings"]["entropy_type"] == "nll"
    assert {record["model"] for record in records} == {"tvdiff"}


TO = ["--out", "o", "--data", GRAPH]


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["study", "dreams", "--data", GRAPH, "--out", "o"], "dreams"),
        (["study", "losses", "--out", "o"], "data"),
        (
            ["study", "oversmoothing", "--data", GRAPH, "--out", "o", "--values", "x"],
            "'values' needs to be of layers, such as 1, 2, 3, 4, 6, 8 (got 'x')",
        ),
        (
            ["study", "losses", "--data", GRAPH, "--out", "o", "--patience", "0"],
            "'patience' needs to be at least 1 (got 0)",
        ),
        (["study", "losses", "--data", GRAPH, "--out", "o", "--jobs", "-1"], "'jobs'"),
        (
            ["study", "temperature", *TO, "--values", "1", "2", "1.0"],
            "'values' needs to be of temperature, all of them different "
            "(got '1' and '1.0')",
        ),
        (
            ["study", "losses", *TO, "--num-workers", "2", "--engine", "exact"],
            "'num_workers' needs to be 0 but with the engine 'sampled' (got 2",
        ),
    ],
)
def test_bad_input(
    args: list[str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(args) == 2
    said = capsys.readouterr().err
    assert said.startswith("tvdiff: ") and expected in said and "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("temperature", {"temperature": 2.0}),
        ("oversmoothing", {"num_layers": 2}),
        ("oversmoothing", {"denoiser": "gcn"}),
        ("losses", {"entropy_type": "bpr"}),
        ("losses", {"batches": "users"}),
        ("views", {"denoiser": "mlp"}),
        ("views", {"negatives": "hard"}),
        ("entropy", {"model": "tvdiff"}),
    ],
)
def test_what_a_study_varies_is_left_to_it(name: str, given: dict[str, Any]) -> None:
    options = StudyOptions([GRAPH], seeds=[0], overrides=given)
    (setting,) = given
    message = f"'{setting}' is what the variants of this study decide, and 'values'"
    with pytest.raises(ValueError, match=message):
        cells_of(find_study(name), options)


@pytest.mark.parametrize("name", ["losses", "views", "entropy"])
def test_what_only_one_variant_decides_may_be_given(name: str) -> None:
    options = StudyOptions([GRAPH], seeds=[0], overrides={"temperature": 2.0})
    found = {
        cell.settings.get("temperature", None)
        for cell in cells_of(find_study(name), options)
    }
    assert 2.0 in found and len(found) == 2


def test_no_records() -> None:
    with pytest.raises(ValueError, match="'records' needs at least one finished cell"):
        write_report(find_study("views"), [], Path("nowhere"))


def test_synthetic_graphs_by_name() -> None:
    graph = load_data(DataOptions(GRAPH + ",exponent=9"), seed=3)
    assert (
        graph.counts()["users"] == 80 and sum(graph.counts().values()) == 80 + 60 + 900
    )
    other = load_data(DataOptions(GRAPH + ",exponent=9"), seed=4)
    assert not graph.train_index.equal(other.train_index)
    for name in ("synthetic:", "synthetic:num_users=3", "synthetic:users=3,items=4"):
        with pytest.raises(ValueError, match="'data' needs num_users=N,num_items=N"):
            load_data(DataOptions(name))
    with pytest.raises(ValueError, match="'k_core' has no use with a synthetic graph"):
        load_data(DataOptions(GRAPH, k_core=2))


def test_reports_are_ordered_by_graph_and_variant(make_record: MakeRecord) -> None:
    ended = [("b", "8"), ("a", "2"), ("b", "10"), ("b", "1"), ("a", "1")]
    records = [make_record(data, variant, 0) for data, variant in ended]
    arranged = find_study("oversmoothing").arrange(records)
    assert [(record["data"], record["variant"]) for record in arranged] == [
        ("b", "1"),
        ("b", "8"),
        ("b", "10"),
        ("a", "1"),
        ("a", "2"),
    ]
    records = [make_record("a", variant, 0) for variant in ("nll", "none", "bce")]
    arranged = find_study("losses").arrange(records)
    assert [record["variant"] for record in arranged] == ["none", "bce", "nll"]


def test_variants_that_are_words_or_unknown_come_last(make_record: MakeRecord) -> None:
    named = find_study("losses")
    for study in (named, replace(named, variants={"1": {}}, make_variant=dict)):
        records = [make_record("a", one, 0) for one in ("tanh", "10", "relu", "9")]
        arranged = [record["variant"] for record in study.arrange(records)]
        assert arranged == ["9", "10", "relu", "tanh"]


def test_a_table_leaves_out_what_nobody_measured(make_record: MakeRecord) -> None:
    study = find_study("oversmoothing")
    means = seed_means(cell_table([make_record("lastfm", "1", 0, mad=0.5)]))
    shown = shown_columns(study, means)
    assert "mad" in shown and "dirichlet_energy" not in shown
    header, row = result_table(study, means)
    assert header[:3] == ["Data", "Layers", "Seeds"] and len(row) == len(header)
    assert row[header.index("MAD")] == "0.5000"


def test_a_study_in_use_is_refused_and_left_alone(tmp_path: Path) -> None:
    options = StudyOptions(["synthetic:num_users=9"], seeds=[0], progress=False)
    with (
        locked(tmp_path, "out"),
        pytest.raises(ValueError, match="'out' needs to be a folder that nothing else"),
    ):
        run_study("losses", options, tmp_path)
    assert not list(tmp_path.glob("[!.]*"))
    with pytest.raises(ValueError, match=r"'out' needs to be a folder \(got ''\)"):
        run_study("losses", options, "")


def test_what_cannot_be_detected_is_shown_as_below(
    make_record: MakeRecord, tmp_path: Path
) -> None:
    """Both are noise of the estimate with 4 layers, and one of two with 2."""
    measured = {"1": (0.1, 0.1), "2": (1e-6, 0.1), "4": (1e-6, 3e-6)}
    bands = {**{f"response_{band}": 1.0 for band in range(4)}, "response_4_limit": 1e-5}
    records = [
        make_record("lastfm", name, seed, **bands, response_4=value)
        for name, values in measured.items()
        for seed, value in enumerate(values)
    ]
    study = find_study("oversmoothing")
    means = seed_means(cell_table(records))
    header, *rows = result_table(study, means)
    place = header.index("High frequencies")
    assert [row[place] for row in rows] == ["0.1 ± 0", "0.05 ± 0.071", "below 1e-05"]
    write_report(study, records, tmp_path)
    text = (tmp_path / "report.md").read_text()
    assert "High frequencies goes from 0.1 ± 0 to below 1e-05" in text
    drawn = (tmp_path / "figures" / "smoothing.svg").read_text()
    records = [record for record in records if record["variant"] != "4"]
    for record in records:
        record["measures"]["response_4"] = 0.1
    write_report(study, records, tmp_path)
    without = (tmp_path / "figures" / "smoothing.svg").read_text()
    assert drawn.count("fill: #ffffff") > without.count("fill: #ffffff")

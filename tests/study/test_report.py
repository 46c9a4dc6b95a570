"""From a study's name to its report, in Python and on the command line."""

import re
import sys
from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest

from tests.study.conftest import GRAPH, SMALL, MakeRecord
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.grid.records import read_records
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
        assert (folder / "figures" / f"{name}.svg").is_file()


def test_page_stands_alone(folder: Path) -> None:
    page = (folder / "report.html").read_text()
    assert page.count("<svg") == 4
    # Nothing is loaded: no address but the names of XML's vocabularies.
    loaded = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#][^"']*)""", page)
    assert loaded == []
    assert "<script" not in page and "@import" not in page and "<link" not in page
    verdicts = re.findall(r'<span class="(holds|fails|undecided)">', page)
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
    )
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 2
    for shown in ("1 &lt; 2", "a &amp; b", "&lt;i&gt;", "&lt;b&gt;", "&lt;u&gt;"):
        assert page.count(shown) == 1
    # A figure is markup, and stays it.
    assert f"<figure>{svg}<figcaption>Two lines</figcaption>" in page


def test_what_a_report_needs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ImportError, match=r"report needs jinja2 \(pip install"):
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


def test_a_table_leaves_out_what_nobody_measured(make_record: MakeRecord) -> None:
    study = find_study("oversmoothing")
    means = seed_means(cell_table([make_record("lastfm", "1", 0, mad=0.5)]))
    shown = shown_columns(study, means)
    assert "mad" in shown and "dirichlet_energy" not in shown
    header, row = result_table(study, means)
    assert header[:3] == ["Data", "Layers", "Seeds"] and len(row) == len(header)
    assert row[header.index("MAD")] == "0.5000"

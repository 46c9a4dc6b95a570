"""``tvdiff datasets``: names, statistics, refusals."""

import json
from pathlib import Path

import pytest

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import DATASETS

GRAPH = "synthetic:num_users=40,num_items=30,num_interactions=300"


def test_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["datasets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == DATASETS.names()
    assert all(line.endswith(".") for line in lines)
    assert main(["datasets", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert [one["data"] for one in listed] == DATASETS.names()


def test_statistics_of_data_sets_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "log.csv"
    file.write_text("user,item\n1,a\n1,b\n2,a\n")
    assert main(["datasets", GRAPH, str(file)]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:4] == ["users", "items", "pairs", "density"]
    assert first.removeprefix(GRAPH).split()[:3] == ["40", "30", "300"]
    assert second.removeprefix(str(file)).split()[:4] == ["2", "2", "3", "75.000%"]
    assert main(["datasets", GRAPH, "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["num_interactions"] == 300 and found["data"] == GRAPH


def test_what_is_missing_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["datasets", "ml-100k", "--root", str(tmp_path)]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith("tvdiff: 'root' needs interactions.tsv.gz for MovieLens")


@pytest.mark.parametrize(
    ("words", "source"),
    [
        (["datasets"], "the list of data sets"),
        (["datasets", GRAPH, "log.csv"], f"{GRAPH}, log.csv"),
        (["study", "views", "--out", "out", "--data", GRAPH], GRAPH),
        (["fit", "--run", "run", "--data", GRAPH], "a synthetic graph"),
        (["fit", "--run", "run", "--data", "log.csv"], "a file to be split"),
    ],
)
def test_a_folder_that_nothing_is_read_from_is_refused(
    words: list[str],
    source: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("log.csv").write_text("user,item\n1,a\n1,b\n2,a\n")
    assert main([*words, "--root", "x"]) == 2
    (said,) = capsys.readouterr().err.splitlines()
    assert said.startswith(f"tvdiff: 'root' has no use with {source}")
    assert [one.name for one in tmp_path.iterdir()] == ["log.csv"]


def test_one_of_several_may_be_read_from_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "loans").mkdir()
    (tmp_path / "loans" / "interactions.csv").write_text("user,item\n1,a\n2,a\n")
    words = ["datasets", "placed:name=loans", GRAPH, "--root", str(tmp_path)]
    assert main(words) == 0
    assert len(capsys.readouterr().out.splitlines()) == 3

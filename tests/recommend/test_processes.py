"""Several processes rank as one does: the same metrics, rows and order."""

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from tests.training.ranks import carry_out
from tests.training.ranks_work import SHORT, graph
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import prepare
from tvdiff_pyg.recommend import Recommender, recommend_to_file
from tvdiff_pyg.recommend.processes import evaluate_run, recommend_run
from tvdiff_pyg.recommend.processes.share import Share
from tvdiff_pyg.recommend.processes.writing import _asked
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit
from tvdiff_pyg.training.process_options import ProcessOptions

SETTINGS = Settings(**SHORT)
QUIET = FitOptions(device="cpu", progress=False)
ASKED = ["97", "3", "110", "3", "60", "0"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ranked") / "run"
    fit(graph(), SETTINGS, run=folder, options=QUIET)
    return folder


def ranked(out: Path, run: Path, users: Any, seen: bool) -> list[Any]:
    """Return metrics, rows and what each user counts, by one process."""
    asked: dict[str, Any] = {"metrics": ["ndcg", "coverage"]}
    told = {
        name: evaluate_run(run, name, (5, 20), per_user=name == "test", **asked)
        for name in ("validation", "test")
    }
    recommend_run(run, f"{out}.parquet", users, 7, seen)
    return [told, *read(out, run)]


def ranked_by(
    number: int, out: Path, run: Path, users: Any, seen: bool, strategy: str
) -> list[Any]:
    """Return the same, by some processes."""
    given = str(run), users, seen
    first, *others = carry_out(
        number, "torchrun", "rank", out, *given, strategy=strategy
    )
    assert all(other == first for other in others)
    rows, per_user = read(out, run)
    assert first["rows"] == len(rows)
    return [first["told"], rows, per_user]


def read(out: Path, run: Path) -> tuple[pl.DataFrame, pl.DataFrame]:
    per_user = RunFolder(run).per_user_file
    return pl.read_parquet(f"{out}.parquet"), pl.read_parquet(per_user)


def assert_same(found: list[Any], known: list[Any]) -> None:
    for part, metrics in known[0].items():
        assert found[0][part] == pytest.approx(metrics, abs=1e-6)
    for one, other in zip(found[1:], known[1:], strict=True):
        assert one.schema == other.schema
        for name, values in one.to_dict().items():
            if values.dtype.is_float():
                expected = pytest.approx(other[name].to_list(), abs=1e-6)
                assert values.to_list() == expected
            else:
                assert values.equals(other[name])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "strategy", "users", "seen"),
    [
        (3, "partitioned", ASKED, False),
        (2, "partitioned", None, True),
        (2, "ddp", ASKED, True),
    ],
    ids=str,
)
def test_rankings_are_those_of_one_process(
    number: int, strategy: str, users: Any, seen: bool, run: Path, tmp_path: Path
) -> None:
    own = shutil.copytree(run, tmp_path / "run")
    one = ranked(tmp_path / "one", own, users, seen)
    found = ranked_by(number, tmp_path / "several", own, users, seen, strategy)
    assert_same(found, one)
    assert len(one[1]) == 7 * (len(ASKED) if users else 121)


@pytest.mark.slow
def test_a_run_in_parts_of_prepared_data(tmp_path: Path) -> None:
    user, item = graph().known_index.numpy()
    words = [f"user {one}" for one in user]
    log, run = tmp_path / "log.parquet", tmp_path / "run"
    pl.DataFrame({"user": words, "item": item}).write_parquet(log)
    given = {"data": prepare(log, tmp_path / "data", 3).folder}
    change, strategy = {"max_epochs": 1}, "partitioned"
    carry_out(2, "torchrun", "train", run, change, strategy=strategy, **given)
    asked = ["user 97", "user 3", "user 110"], True
    one = ranked(tmp_path / "one", run, *asked)
    assert one[1]["user"].unique(maintain_order=True).to_list() == asked[0]
    assert_same(ranked_by(3, tmp_path / "three", run, *asked, strategy), one)
    told = RunFolder(run).metrics()["test"]
    found = evaluate_run(run, metrics=["ndcg", "recall"])
    assert {name: told[name] for name in found} == pytest.approx(found, abs=1e-6)


@pytest.mark.slow
def test_the_command_begins_them(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    two = ["--devices", "2", "--strategy", "partitioned", "--device", "cpu"]
    told = []
    for shared in ([], two):
        assert main(["evaluate", str(run), "--json", *shared]) == 0
        told.append(json.loads(capsys.readouterr().out)["test"])
    assert told[1] == pytest.approx(told[0], abs=1e-6)


@pytest.mark.parametrize("words", [["--users", "all"], ["--users", "users", "--json"]])
def test_the_command_says_what_is_written(
    words: list[str],
    run: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("users").write_text("\n".join(ASKED))
    assert main(["recommend", str(run), "--out", "a.csv", "-k", "3", *words]) == 0
    said = capsys.readouterr().out
    if "all" in words:
        assert said == "363 rows for 121 users in a.csv\n"
    else:
        assert json.loads(said) == {"out": "a.csv", "users": 6, "rows": 18}


def test_alone_it_writes_what_a_recommender_does(run: Path, tmp_path: Path) -> None:
    recommend_run(run, tmp_path / "run.csv", ASKED, 5)
    recommend_to_file(Recommender.load(run), tmp_path / "one.csv", ASKED, 5)
    assert (tmp_path / "run.csv").read_bytes() == (tmp_path / "one.csv").read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--user", "3", "--devices", "2"], "'devices' has no use but with 'users'"),
        (["--items", "3", "--strategy", "partitioned"], "'strategy' has no use but"),
        (["--user", "3", "--num-nodes", "2"], "'num_nodes' has no use but with"),
        (
            ["--users", "all", "--out", "x.csv", "--devices", "2", "--new-items", "f"],
            "'new_items' needs one process, which holds the whole model (got 2 proc",
        ),
    ],
)
def test_what_processes_are_of_no_use_for(
    words: list[str], message: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recommend", str(run), *words]) == 2
    assert capsys.readouterr().err.startswith(f"tvdiff: {message}")


def test_all_processes_hear_of_an_unknown_user(run: Path) -> None:
    share = Share(run, ProcessOptions())
    assert _asked(share, ASKED).tolist() == [*map(int, ASKED)]
    with pytest.raises(ValueError, match="'user' id 'nobody' is unknown"):
        _asked(share, ["3", "nobody"])


def test_a_model_that_reads_others_is_not_parted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fit(graph(), Settings(model="ease"), run=tmp_path / "run", options=QUIET)
    several = ["--devices", "2", "--strategy", "partitioned"]
    for words in (["evaluate"], ["recommend", "--users", "all", "--out", "x.csv"]):
        assert main([words[0], str(tmp_path / "run"), *words[1:], *several]) == 2
        said = capsys.readouterr().err
        assert said.startswith("tvdiff: 'model' needs to be 'tvdiff' with the strategy")

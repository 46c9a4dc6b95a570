"""The tvdiff command: what it prints, what it leaves, how it refuses."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tvdiff_pyg.cli import main

FAST = ["--hidden-channels", "8", "--max-epochs", "2", "--num-timesteps", "2"]
FAST += ["--device", "cpu", "--progress", "false", "--batch-size", "64"]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    lines = [
        f"u{user};book {item}"
        for user in range(30)
        for item in rng.choice(20, size=8, replace=False)
    ]
    path = tmp_path_factory.mktemp("log") / "loans.csv"
    path.write_text("\n".join(["reader;title", *lines]) + "\n")
    return path


@pytest.fixture(scope="module")
def run(log: Path, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = str(tmp_path_factory.mktemp("runs") / "run")
    args = ["fit", "--data", str(log), "--run", folder]
    assert (
        main([*args, "--user-column", "reader", "--item-column", "title", *FAST]) == 0
    )
    return folder


def refuse(capsys: pytest.CaptureFixture[str], args: list[str]) -> str:
    """Run a bad command; check how it ends; return what it says."""
    assert main(args) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("tvdiff: ") and "Traceback" not in said
    assert len(said.splitlines()) <= 2
    return said


def test_fit_prints_and_leaves_metrics(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    assert main(["fit", "--data", str(log), "--run", str(run), *FAST]) == 0
    out = capsys.readouterr().out
    assert "30 users" in out and "ndcg" in out and "protocol standard" in out
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["epochs"] == 2 and metrics["data"]["users"] == 30


def test_config_file_repeats_a_run(run: str, tmp_path: Path) -> None:
    again = tmp_path / "again"
    assert main(["fit", "--config", f"{run}/config.yaml", "--run", str(again)]) == 0
    first, second = (
        json.loads(Path(folder, "metrics.json").read_text()) for folder in (run, again)
    )
    assert first["test"] == second["test"]


def test_options_take_precedence_over_a_preset(log: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    args = ["fit", "--preset", "lastfm", "--data", str(log), "--run", str(run)]
    assert main([*args, *FAST]) == 0
    config = (run / "config.yaml").read_text()
    assert "temperature: 5.0" in config and "hidden_channels: 8" in config


def test_given_test_file(log: Path, tmp_path: Path) -> None:
    test = tmp_path / "test.csv"
    test.write_text("reader;title\nu0;book 1\nu1;book 2\nnobody;book 1\n")
    args = ["fit", "--data", str(log), "--test-file", str(test), "--header", "true"]
    assert main([*args, "--run", str(tmp_path / "run"), *FAST]) == 0
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert metrics["data"]["test"] + metrics["data"]["dropped"] == 3


def test_evaluate_repeats_the_reported_figures(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", run, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    reported = json.loads(Path(run, "metrics.json").read_text())
    assert found["test"] == pytest.approx(reported["test"])
    assert main(["evaluate", run, "--split", "validation"]) == 0
    assert "validation" in capsys.readouterr().out


def test_recommend_for_known_and_new_users(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recommend", run, "--user", "u3", "-k", "4", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert len(known) == 4 and set(known[0]) == {"item", "score"}
    assert main(["recommend", run, "--items", "book 1, book 2", "-k", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and not any("book 1 " in line + " " for line in lines)


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["fit", "--run", "r"], "data"),
        (["fit", "--data", "nowhere.csv", "--run", "r"], "'data' needs to be one of"),
        (["fit", "--data", "lastfm", "--run", "r", "--wings", "2"], "wings"),
        (["fit", "--data", "lastfm", "--run", "r", "--wing_span", "2"], "--wing-span"),
        (["fit", "--data", "lastfm", "--run", "r", "--see", "2"], "--see"),
        (["fit", "--data", "lastfm", "--run", "r", "--seed", "x"], "seed"),
        (["fit", "--data", "lastfm", "--run", "r", "--preset", "huge"], "preset"),
        (
            ["fit", "--data", "lastfm", "--run", "r", "--k-core", "2"],
            "'k_core' has no use",
        ),
        (["fly"], "fly"),
        (["evaluate", "nowhere"], "'run' needs to be a folder"),
        (["recommend", "nowhere", "--user", "1"], "'run' needs to be a folder"),
        (["recommend", "nowhere"], "either --user or --items"),
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
    assert expected in refuse(capsys, args)
    assert list(tmp_path.iterdir()) == []


def test_options_are_read_in_two_spellings_and_shown_in_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    args = ["fit", "--run", "r", "--data", "x--a_b-c", "--user_column=a-b"]
    args += ["--hidden-channels", "8", "--batch_size=64", "--print-config"]
    with pytest.raises(SystemExit):
        main(args)
    config = capsys.readouterr().out.splitlines()
    assert {"hidden_channels: 8", "batch_size: 64"} <= set(config)
    assert {"data: x--a_b-c", "user_column: a-b"} <= set(config)
    for command in ("fit", "evaluate", "recommend", "plan", "study"):
        with pytest.raises(SystemExit):
            main([command, "--help"])
        words = capsys.readouterr().out.split()
        options = [word for word in words if word.lstrip("[").startswith("--")]
        assert len(options) > 2 and not any("_" in word for word in options)


def test_what_follows_two_dashes_is_no_option(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert "(got --no-run_a)" in refuse(capsys, ["evaluate", "--", "--no-run_a"])


def test_unknown_ids_are_named(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "'nobody'" in refuse(capsys, ["recommend", run, "--user", "nobody"])
    assert "'book 99'" in refuse(capsys, ["recommend", run, "--items", "book 99"])


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_missing_gpu_is_named(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "CUDA GPU" in refuse(capsys, ["evaluate", run, "--device", "cuda"])


def test_columns_by_number_and_ratings(tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    rows = [f"{5 - u % 2},{u % 7},{u % 5}" for u in range(35)]
    log.write_text("\n".join(rows) + "\n")
    run = tmp_path / "run"
    args = ["fit", "--data", str(log), "--run", str(run), "--user-column", "1"]
    args += ["--item-column", "2", "--rating-column", "0", "--min-rating", "5"]
    assert main([*args, "--validation-ratio", "0.2", *FAST]) == 0
    counts = json.loads((run / "metrics.json").read_text())["data"]
    assert (
        sum(counts[part] for part in ("train", "validation", "test", "dropped")) == 18
    )


def test_bad_files_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = tmp_path / "empty.csv"
    empty.write_text("")
    out = str(tmp_path / "run")
    refuse(capsys, ["fit", "--data", str(empty), "--run", out])
    log = tmp_path / "log.csv"
    log.write_text("user,item\n1,2\n1,3\n")
    said = refuse(
        capsys, ["fit", "--data", str(log), "--run", out, "--item-column", "thing"]
    )
    assert "thing" in said
    assert not Path(out).exists()


def test_help_spells_options_with_dashes(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["fit", "--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    assert "--hidden-channels" in text and "--hidden_channels" not in text


def test_underscores_are_understood(log: Path, tmp_path: Path) -> None:
    args = ["fit", "--data", str(log), "--run", str(tmp_path / "run"), *FAST]
    assert main([*args, "--time_channels", "4"]) == 0


def test_plan(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--users", "1000", "--items", "2000", "--interactions", "30000"]
    assert main(["plan", *sizes, "--hidden", "32", "--memory", "4", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["memory"] == 4 * 2**30
    assert [plan["engine"] for plan in found["plans"]] == ["exact", "sampled"]
    for plan in found["plans"]:
        assert plan["parts"]["parameters"] == 4 * 32 * 3000
        assert plan["total"] == sum(plan["parts"].values())

    assert main(["plan", *sizes, "--memory", "0.1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-2].split() == ["fits", "0.10", "GB", "no", "no"]
    assert lines[-1].split() == ["largest", "batch", "none", "none"]


def test_plan_of_no_user(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--users", "0", "--items", "2", "--interactions", "3"]
    assert main(["plan", *sizes]) == 2
    assert "'num_users' needs to be at least 1 (got 0)" in capsys.readouterr().err

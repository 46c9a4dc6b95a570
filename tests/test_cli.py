"""The tvdiff command: what it prints, what it leaves, how it refuses."""

import json
import logging
import runpy
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from tvdiff_pyg.cli import main, parse
from tvdiff_pyg.cli.ids import ids_of_line
from tvdiff_pyg.training.clearing import foreign_files
from tvdiff_pyg.training.run_folder import RunFolder

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
    *_, head, recommend, page, evaluate, final = out.splitlines()
    assert head == "next:" and recommend.endswith(f"recommend {run} --user=u0")
    for line in (recommend, page, evaluate, final):
        assert shlex.split(line)[0] == "tvdiff"
        parse(shlex.split(line)[1:])
    metrics = json.loads((run / "metrics.json").read_text())
    assert metrics["epochs"] == 2 and metrics["data"]["users"] == 30


def test_python_runs_the_command_as_a_module(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["anything", "--version"])
    with pytest.raises(SystemExit, match=r"^0$"):
        runpy.run_module("tvdiff_pyg", run_name="__main__")
    assert capsys.readouterr().out.startswith("tvdiff ")


def test_fit_says_what_it_takes_from_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "log[1].csv"
    pairs = [f"{5 * (k % 7)},é{k // 4}\n" for k in range(60)]
    path.write_text("song,who\n" + "".join(pairs), "latin-1")
    args = ["fit", "--data", str(path), "--run", str(tmp_path / "run"), *FAST]
    message = (
        "needs to be UTF-8, or 'encoding' (--encoding) to say what it is (got the byte "
        "0xe9 in line 2, which 'latin-1' reads)"
    )
    assert message in refuse(capsys, args)
    assert not (tmp_path / "run").exists()
    assert main([*args, "--encoding", "latin-1", "--format", "table"]) == 0
    said = capsys.readouterr().err
    assert 'users from column 1, "who"; items from column 0, "song"; header: y' in said
    # What was said is a line, and nobody listens any more.
    assert said.count("users from") == 1
    assert not logging.getLogger("tvdiff_pyg").handlers


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


def test_evaluate_measures_what_is_asked_for(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["evaluate", run, "--metrics", "personalization", "ndcg", "-k", "5", "10"]
    assert main([*asked, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["test"]
    reported = json.loads(Path(run, "metrics.json").read_text())["test"]
    assert found["ndcg@10"] == pytest.approx(reported["ndcg@10"])
    assert main(asked) == 0
    head, *rows = capsys.readouterr().out.splitlines()
    assert head.split() == ["test", "@5", "@10"]
    for row in rows:
        name, *values = row.split()
        assert [float(one) for one in values] == pytest.approx(
            [found[f"{name}@5"], found[f"{name}@10"]], abs=1e-4
        )
    assert len({len(row) for row in (head, *rows)}) == 1 and len(rows) == 2


def test_evaluate_keeps_what_each_user_counts(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = str(tmp_path / "run")
    shutil.copytree(run, folder)
    assert main(["evaluate", folder, "--per-user", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["test"]
    kept = pl.read_parquet(Path(folder) / "metrics_per_user.parquet")
    assert kept.columns[:2] == ["user", "split"] and set(kept["split"]) == {"test"}
    assert set(kept["user"]) <= {f"u{user}" for user in range(30)}
    for name in ("recall@20", "ndcg@10"):
        assert kept[name].mean() == pytest.approx(found[name])
    # It belongs to the run: checked, and replaced with it.
    assert "metrics_per_user.parquet" in RunFolder(folder).manifest.listed()
    assert main(["evaluate", folder]) == 0
    assert foreign_files(RunFolder(folder)) == []


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--metrics", "recal"], "'metrics' needs to be one of"),
        (["--metrics", "diversity"], "'diversity' needs a category of each item"),
        (["-k", "5", "0"], "'ks' needs to be integers in [1, 20] (got [5, 0])"),
        (["--ks", "1000000000"], "'ks' needs to be integers in [1, 20]"),
        (["-k", "x"], "value 1 of 'ks' needs to be an integer (got 'x')"),
    ],
)
def test_evaluate_names_what_it_cannot_measure(
    words: list[str], expected: str, run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert expected in refuse(capsys, ["evaluate", run, *words])


def test_recommend_for_known_and_new_users(
    run: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["recommend", run, "--user", "u3", "-k", "4", "--json"]) == 0
    known = json.loads(capsys.readouterr().out)
    assert len(known) == 4 and set(known[0]) == {"item", "score"}
    assert main(["recommend", run, "--items", "book 1, book 2", "-k", "3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and not any("book 1 " in line + " " for line in lines)


def test_recommend_for_many_users(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    users, out = tmp_path / "users.txt", tmp_path / "best.csv"
    users.write_bytes(b"\xef\xbb\xbfu3\r\n\r\nu1\n")
    words = ["recommend", run, "-k", "2", "--out", str(out), "--users"]
    assert main([*words, str(users)]) == 0
    assert capsys.readouterr().out == f"4 rows for 2 users in {out}\n"
    head, *rows = out.read_text().splitlines()
    assert head == "user,rank,item,score"
    assert [row.split(",")[0] for row in rows] == ["u3", "u3", "u1", "u1"]
    assert main([*words, "all", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {"out": str(out), "users": 30, "rows": 60}
    users.write_text("u3\nnobody\n")
    assert "'nobody'" in refuse(capsys, [*words, str(users)])
    users.write_text("\n")
    assert "'users' needs at least one user" in refuse(capsys, [*words, str(users)])
    users.write_bytes(b"\xff")
    assert "'users' needs to be UTF-8 (got the byte 0xff in line 1" in refuse(
        capsys, [*words, str(users)]
    )


def test_recommend_says_why(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["recommend", run, "--items", "book 1,book 2,book 3,book 4", "-k", "2"]
    assert main([*words, "--explain", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [len(one["because"]) for one in found] == [4, 4]
    assert set(found[0]["because"][0]) == {"item", "contribution"}
    assert main([*words, "--explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4
    best = found[0]["because"][0]
    said = f"because of  {best['item']} ({best['contribution']:+.4f}), "
    assert lines[1].strip().startswith(said) and lines[1].count("book") == 3
    many = ["--users", "all", "--out", "a.csv", "--explain"]
    assert "'explain' has no use" in refuse(capsys, ["recommend", run, *many])


def test_export_names_its_files(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("faiss")
    out = tmp_path / "served"
    assert main(["export", run, "--to", "faiss", "--out", str(out)]) == 0
    files = capsys.readouterr().out.splitlines()
    assert files == [str(out / "items.faiss"), str(out / "items.json")]
    assert len(json.loads((out / "items.json").read_text())["ids"]) == 20
    words = ["export", run, "--to", "pickle", "--out", str(out)]
    assert "'safetensors', 'onnx', 'faiss'" in refuse(capsys, words)


def test_similar_items_and_users(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["similar", run, "--item", "book 1", "-k", "3", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert len(found) == 3 and set(found[0]) == {"item", "score"}
    assert "book 1" not in {one["item"] for one in found}
    assert main(["similar", run, "--user", "u2", "-k", "4"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 and all(line.split()[2].startswith("u") for line in lines)


def test_ids_that_hold_commas() -> None:
    assert ids_of_line("items", '7, "a, b",say "x"') == ["7", "a, b", 'say "x"']
    assert ids_of_line("items", '"say ""x""", c ') == ['say "x"', "c "]


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
        (["recommend", "nowhere"], "either --user, --users or --items (got several"),
        (["recommend", "no", "--user", "1", "--users", "all"], "(got several or none)"),
        (["recommend", "nowhere", "--users", "all"], "'users' (--users) and 'out'"),
        (["recommend", "nowhere", "--user", "1", "--out", "a.csv"], "need each other"),
        (["recommend", "no", "--users", "all", "--out", "a.xls"], "'out' needs to end"),
        (["recommend", "no", "--users", "gone", "--out", "a.csv"], "gone"),
        (["similar", "nowhere"], "either --item or --user (got both or none)"),
        (["similar", "nowhere", "--item", "1"], "'run' needs to be a folder"),
        (["recommend", "nowhere", "--items", ","], "'items' needs ids as a line of"),
        (["recommend", "nowhere", "--items", 'a,"b'], "'items' needs ids as a line"),
        (["recommend", "nowhere", "--items", ""], "'items' needs ids as a line of CSV"),
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
    for command in ("fit", "evaluate", "recommend", "similar", "plan", "study"):
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


def test_plan_of_parts(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--users", "20000", "--items", "100", "--interactions", "50000"]
    parts = ["--strategy", "partitioned", "--processes", "4", "--hidden", "32"]
    assert main(["plan", *sizes, *parts, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    plan, sampled = found["plans"]
    assert (plan["engine"], sampled["engine"]) == ("exact", "sampled")
    assert plan["parts"]["parameters"] == 4 * 32 * (5000 + 100)
    held = 4 * (64 * 64 + 64 + 64 * 32)
    assert plan["added_up"] == 3 * 4 * 32 * 100 + held
    # A batch needs all items, and which they are is said by a byte for each.
    assert sampled["added_up"] == plan["added_up"] + 100
    assert plan["sent"] == 3 * plan["added_up"] // 2
    assert plan["machine"] == 4 * plan["total"] and plan["network"] is None
    few = ["--num-pool", "10", "--batch-size", "8", "--refresh-every", "5"]
    assert main(["plan", *sizes, *parts, *few, "--json"]) == 0
    _, sampled = json.loads(capsys.readouterr().out)["plans"]
    # Two and a half items of each user, and the pool; each fifth step passes over all.
    rows = 2 * (10 + 8 * 2.5) + 100 + 100 / 5
    assert sampled["added_up"] == 4 * 32 * rows + held + 100
    assert main(["plan", *sizes, *parts]) == 0
    assert "sent a step" in capsys.readouterr().out
    two = ["--num-nodes", "2", "--bandwidth", "0.001"]
    assert main(["plan", *sizes, *parts, *two, "--json"]) == 0
    wide, _ = json.loads(capsys.readouterr().out)["plans"]
    assert wide["machine"] == plan["machine"] // 2
    assert wide["network"] == pytest.approx(8 * plan["sent"] / 1e6)
    assert wide["computing"] == plan["computing"]
    assert main(["plan", *sizes, *parts, *two, "--rate", "4.4"]) == 0
    assert "on the network" in capsys.readouterr().out
    assert main(["plan", *sizes, *parts, "--num-nodes", "3"]) == 2
    assert "'processes' needs to be a multiple of 'num_n" in capsys.readouterr().err
    assert main(["plan", *sizes, *parts, "--denoiser", "gcn"]) == 2
    assert "'denoiser' needs to be 'anisotropic'" in capsys.readouterr().err
    assert main(["plan", *sizes, "--processes", "0"]) == 2
    assert "'processes' needs to be" in capsys.readouterr().err
    for name, value in (("processes", "2"), ("num-nodes", "2"), ("bandwidth", "10")):
        assert main(["plan", *sizes, f"--{name}", value]) == 2
        said = capsys.readouterr().err
        assert f"'{name.replace('-', '_')}' has no use but with the strategy" in said
    for name in ("bandwidth", "rate"):
        assert main(["plan", *sizes, *parts, f"--{name}", "-1"]) == 2
        assert f"'{name}' needs to be" in capsys.readouterr().err


def test_plan_of_no_user(capsys: pytest.CaptureFixture[str]) -> None:
    sizes = ["--users", "0", "--items", "2", "--interactions", "3"]
    assert main(["plan", *sizes]) == 2
    assert "'num_users' needs to be at least 1 (got 0)" in capsys.readouterr().err


def test_plan_of_two_widths(capsys: pytest.CaptureFixture[str]) -> None:
    args = ["plan", "--users", "9", "--items", "9", "--interactions", "9"]
    args += ["--hidden", "8", "--hidden-channels"]
    assert main([*args, "8"]) == 0
    assert main([*args, "16"]) == 2
    assert "need to be the same number (got 8 and 16)" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "overwrite", "sparse"),
    [
        ([], False, None),
        (["--overwrite", "--sparse-grad"], True, True),
        (["--overwrite", "true", "--sparse-grad", "false"], True, False),
        (["--overwrite=false", "--sparse-grad=true"], False, True),
    ],
)
def test_an_option_without_a_value_is_true(
    words: list[str], overwrite: bool, sparse: bool | None
) -> None:
    _, options = parse(["fit", "--data", "x.csv", "--run", "r", *words, "--seed", "3"])
    assert options.overwrite is overwrite and options.seed == 3
    assert options.get("sparse_grad") is sparse

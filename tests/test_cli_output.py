"""What the command line prints of names from data, and of what goes wrong."""

import io
import json
import logging
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
import yaml

from tvdiff_pyg.cli import main
from tvdiff_pyg.cli.output import say, say_json
from tvdiff_pyg.cli.plain_yaml import LARGEST, check_plain_yaml
from tvdiff_pyg.cli.refusals import refuse
from tvdiff_pyg.printable import printable

UNSAFE = "\x1b[31m\x07\r\n\x7f\x9b1m\u202e\u2028\ud800"


def pretend(monkeypatch: pytest.MonkeyPatch, run: Callable[[Any], None]) -> None:
    """Let a command do something else."""
    module = SimpleNamespace(
        run=run, build_parser=lambda: SimpleNamespace(parse_args=lambda words: None)
    )
    monkeypatch.setattr("importlib.import_module", lambda name: module)


def test_nothing_unsafe_reaches_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    kept = "naïve \u3000中文 👩\u200d🔬 [red] $x_1$ <b>"
    assert printable(kept) == kept
    say(f"title {UNSAFE}")
    assert capsys.readouterr().out == (
        r"title \u001b[31m\u0007\u000d\u000a\u007f\u009b1m\u202e\u2028\ud800" + "\n"
    )
    say(UNSAFE, error=True)
    assert not set(UNSAFE[:-1]) & set(capsys.readouterr().err[:-1]) - set("[31m")


def test_json_stays_json(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [
        {"item": UNSAFE, "score": float("nan")},
        {"score": float("-inf"), "k": (1,)},
    ]
    say_json(rows)
    out = capsys.readouterr().out
    assert json.loads(out) == [
        {"item": UNSAFE, "score": None},
        {"score": None, "k": [1]},
    ]
    assert not set(UNSAFE) - set("[31m\n") & set(out)


def test_a_terminal_that_cannot_show_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr("sys.stdout", stream)
    say("naïve")
    stream.flush()
    assert stream.buffer.getvalue() == b"na\\xefve\n"  # type: ignore[attr-defined]


def test_what_is_logged_or_warned_is_a_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def talk(options: Any) -> None:
        logging.getLogger("tvdiff_pyg").info("users from \x1b[31m")
        # As `showwarning` does, in whose place pytest collects.
        warning = UserWarning("a\x1b[31m\nb")
        sys.stderr.write(warnings.formatwarning(warning, UserWarning, "f", 1))

    pretend(monkeypatch, talk)
    usual = warnings.formatwarning
    assert main(["models"]) == 0
    said = capsys.readouterr().err.splitlines()
    assert said == ["users from \\u001b[31m", "tvdiff: a\\u001b[31m b"]
    assert warnings.formatwarning is usual


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (ValueError("'k' needs to be at least 1 (got 0)"), "'k' needs to be at"),
        (pl.exceptions.ComputeError("no\nsuch column"), "ComputeError: no such column"),
        (yaml.YAMLError("no YAML"), "YAMLError: no YAML"),
        (EOFError(), "EOFError: "),
        (MemoryError(), "MemoryError: "),
        (OSError("x" * 9999), "x ..."),
    ],
)
def test_bad_input_is_one_sentence(
    error: Exception, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refuse(error) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("tvdiff: ") and said in line and len(line) < 2100


@pytest.mark.parametrize("error", [KeyError("x"), TypeError("x"), RecursionError("x")])
def test_a_fault_can_be_diagnosed(
    error: Exception,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(options: Any) -> None:
        raise error

    pretend(monkeypatch, fail)
    assert main(["models"]) == 1
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert "a fault of tvdiff" in said and "TVDIFF_TRACEBACK=1" in said
    monkeypatch.setenv("TVDIFF_TRACEBACK", "1")
    assert main(["models"]) == 1
    assert "Traceback (most recent call last)" in capsys.readouterr().err


BOMB = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, r"needs plain values \(got the anchor 'a' in line 1\)"),
        ("seed: *a", r"needs plain values \(got the anchor 'a' in line 1\)"),
        ("a: 1\nb: !!python/name:os.system", r".*got the tag 'tag:yaml.* in line 2\)"),
        ("[1, 2]", r"needs NAME: VALUE lines \(got '\[1, 2\]'\)"),
        ("", r"needs NAME: VALUE lines \(got ''\)"),
        ("a: 1\n---\nb: 2", r"needs to be YAML"),
        ("a: [1", r"needs to be YAML"),
        ("a: \x00", r"needs to be YAML"),
        ("seed: 1\nseed: 2", r"needs each name once \(got 'seed' twice\)"),
        ("a: " + "[" * 99999, r"needs at most 4 levels"),
        ("a: " + "x" * LARGEST, r"needs at most 1,048,576 characters"),
    ],
)
def test_what_no_config_holds(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"'config' {message}"):
        check_plain_yaml(text)


@pytest.mark.parametrize("value", ["20", "'20'", "{a: 1}", "true"])
def test_a_value_where_a_file_needs_a_list(
    value: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    for command, name in (("fit", "ks"), ("tune", "models"), ("study", "values")):
        config.write_text(f"{name}: {value}\n")
        study = ["losses"] if command == "study" else []
        assert main([command, *study, "--config", str(config)]) == 2
        assert f"'{name}' needs a list in a file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (BOMB.encode(), "'config' needs plain values"),
        (b"wings: 2", "wings"),
        (b"seed: many", "seed"),
        (b"\xff\xfes", "'config' needs to be UTF-8"),
        (None, "config"),
    ],
)
def test_bad_configs(
    content: bytes | None,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config.yaml"
    config.mkdir() if content is None else config.write_bytes(content)
    assert main(["fit", "--config", str(config), "--run", str(tmp_path / "run")]) == 2
    assert said in capsys.readouterr().err
    assert [one.name for one in tmp_path.iterdir()] == ["config.yaml"]


@pytest.mark.parametrize("plugin", ["junk", "", ".", "..", "/etc/passwd", "a b", "-"])
def test_bad_plugins(plugin: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"--plugin={plugin}", "models"]) == 2
    assert "'plugin' needs to be a module" in capsys.readouterr().err


def test_a_plugin_that_fails(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "failing_plugin.py"
    file.write_text("1 / 0")
    assert main(["--plugin", str(file), "models"]) == 2
    assert "ZeroDivisionError: division by zero" in capsys.readouterr().err

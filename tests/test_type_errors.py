"""A value of another type is named in words, whatever the command and the option."""

import importlib
from argparse import ArgumentError
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from jsonargparse import ArgumentParser

from tvdiff_pyg.cli import main
from tvdiff_pyg.cli.commands import COMMANDS

#: How Python and jsonargparse call types.
INNER = ("typing.", "Union", "Optional", "Literal[", "NoneType", "<class", "Parser key")


def needed(parser: ArgumentParser) -> Iterator[str]:
    """Yield what a command cannot do without."""
    for action in parser._actions:
        if not action.option_strings or action.required:
            known = action.choices or get_args(getattr(action, "_typehint", None))
            yield from action.option_strings[:1]
            yield str(next(iter(known or ["7"])))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_says_what_it_needs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    parser = importlib.import_module(f"tvdiff_pyg.cli.{command}").build_parser()
    words = list(needed(parser))
    for action in parser._actions:
        if not action.option_strings:
            continue
        try:
            parser.parse_args([*words, f"{action.option_strings[-1]}=x y"])
        except ArgumentError as error:
            said = str(error)
            assert not [name for name in INNER if name in said], said
            typed = hasattr(action, "_typehint")
            assert not typed or f"'{action.dest}' needs" in said, said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seed: x", "'seed' needs to be an integer (got 'x')"),
        ("header: 3", "'header' needs to be true or false or none (got '3')"),
        ("validation_ratio: [1]", "'validation_ratio' needs to be a number or none"),
        ("split: mine", "'split' needs to be one of ['random', "),
        ("autoencoder_structure: [1, x]", "needs to be a list, each an integer"),
        ("user_column: [1]", "needs to be an integer or a string or none (got '[1]')"),
        ("seed:", "'config' needs NAME: VALUE lines (got 'seed:')"),
        ("- 1", "tvdiff: 'config' needs NAME: VALUE lines (got '- 1"),
        ("wings: 2", "Option 'wings' is not accepted"),
    ],
)
def test_a_config_says_what_it_needs(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(text + "\n")
    words = ["fit", f"--run={tmp_path / 'run'}", "--data=synthetic"]
    assert main([*words, f"--config={config}"]) == 2
    assert said in capsys.readouterr().err
    assert main([*words, f"--config={tmp_path / 'gone.yaml'}"]) == 2
    gone = f"tvdiff: 'config' needs to be a file (got '{tmp_path / 'gone.yaml'}')\n"
    assert capsys.readouterr().err == gone

"""Completion of the command line, as a shell carries it out."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tvdiff_pyg.cli import main
from tvdiff_pyg.cli.commands import COMMANDS

# Sets what bash sets where a key is pressed, and prints what would be offered.
TRY = """
source {script}
COMP_WORDS=({words} "{last}")
COMP_CWORD=$(( ${{#COMP_WORDS[@]}} - 1 ))
_shtab_tvdiff tvdiff "{last}" "${{COMP_WORDS[COMP_CWORD - 1]}}"
echo "${{COMPREPLY[@]}}"
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory: pytest.TempPathFactory) -> Path:
    shtab = pytest.importorskip("shtab")
    assert shtab.SUPPORTED_SHELLS
    file = tmp_path_factory.mktemp("shell") / "tvdiff.sh"
    with pytest.MonkeyPatch.context() as patch, file.open("w") as out:
        patch.setattr(sys, "stdout", out)
        assert main(["completion", "bash"]) == 0
    return file


@pytest.mark.skipif(not shutil.which("bash"), reason="there is no bash here")
@pytest.mark.parametrize(
    ("words", "last", "expected"),
    [
        ("tvdiff", "", set(COMMANDS)),
        ("tvdiff", "rec", {"recommend"}),
        ("tvdiff recommend", "--filter", {"--filter-seen"}),
        ("tvdiff recommend run --device", "", {"auto", "cpu", "cuda"}),
        ("tvdiff fit --data x.csv --denoiser", "", {"anisotropic", "gcn", "mlp"}),
        ("tvdiff fit", "--hidden", {"--hidden-channels", "--hidden-dim"}),
        ("tvdiff completion", "", {"bash", "zsh", "tcsh"}),
    ],
)
def test_a_shell_completes(
    words: str, last: str, expected: set[str], script: Path
) -> None:
    code = TRY.format(script=script, words=words, last=last)
    done = subprocess.run(["bash", "-c", code], capture_output=True, text=True)
    assert done.stderr == "" and set(done.stdout.split()) == expected


@pytest.mark.parametrize("shell", ["zsh", "tcsh"])
def test_other_shells_get_a_script(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("shtab")
    assert main(["completion", shell]) == 0
    assert "tvdiff" in capsys.readouterr().out


def test_what_is_missing_is_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "shtab", None)
    assert main(["completion", "bash"]) == 2
    assert "pip install 'tvdiff_pyg[completion]'" in capsys.readouterr().err
    assert main(["completion", "fish"]) == 2

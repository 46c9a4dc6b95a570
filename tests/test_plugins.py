"""Parts from outside of the package, each in one file, through the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.forgetting import forgotten
from tvdiff_pyg.cli import main

pytestmark = pytest.mark.usefixtures("forgetful_registries")

PLUGINS = Path(__file__).parents[1] / "examples" / "plugins"
FAST = ["--max-epochs", "1", "--hidden-channels", "8", "--num-timesteps", "2"]
CASES = {
    "pure_svd.py": ["--model", "pure-svd", "--rank", "6"],
    "gated_denoiser.py": ["--denoiser", "gated", "--open-gates", "0.5", *FAST],
    "margin_entropy.py": ["--entropy-type", "margin", "--margin", "0.5", *FAST],
}


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("log") / "log.csv"
    rows = [
        f"u{user},i{item}"
        for user in range(40)
        for item in rng.choice(25, size=8, replace=False)
    ]
    path.write_text("\n".join(rows) + "\n")
    return path


@pytest.mark.parametrize("file", CASES)
def test_a_part_in_one_file_is_fitted_evaluated_asked_and_planned(
    file: str, log: Path, tmp_path: Path
) -> None:
    plugin, run = ["--plugin", str(PLUGINS / file)], str(tmp_path / "run")
    settings = CASES[file]
    size = ["--users", "1000", "--items", "500", "--interactions", "9000"]
    quiet = ["--progress", "false", "--device", "cpu"]
    commands = [
        [*plugin, "fit", "--data", str(log), "--run", run, *settings, *quiet],
        ["evaluate", run, *plugin, "--json"],
        ["recommend", run, *plugin, "--user", "u3", "-k", "2", "--json"],
        ["recommend", run, "--items", "i1,i2", "-k", "2"],
        ["plan", *plugin, *size, *settings, "--json"],
        ["models", *plugin],
    ]
    assert [main(args) for args in commands] == [0] * len(commands)
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert 0 < metrics["test"]["recall@20"] <= 1


def test_a_run_says_that_its_plugin_is_missing(
    log: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, plugin = str(tmp_path / "run"), PLUGINS / "pure_svd.py"
    fit = ["fit", "--plugin", str(plugin), "--model", "pure-svd", "--data", str(log)]
    with forgotten():
        assert main([*fit, "--run", run]) == 0
    assert main(["evaluate", run]) == 2
    said = capsys.readouterr().err
    assert "'model' needs to be one of" in said and "pure-svd" in said

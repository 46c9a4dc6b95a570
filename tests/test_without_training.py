"""What needs no Lightning works where the extra `train` is not installed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.data import SyntheticBipartite

WITHOUT = """
import sys
sys.modules.update({"pytorch_lightning": None, "torchmetrics": None})
"""
NEEDED = r"{} needs pytorch_lightning (pip install 'tvdiff_pyg[train]')"
USES = """
import importlib
from tvdiff_pyg import Recommender, analysis, evaluate
from tvdiff_pyg.cli import main
from tvdiff_pyg.cli.commands import COMMANDS
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.nn import AnisotropicDenoiser

run, page = sys.argv[1:]
graph = SyntheticBipartite(30, 20, 120)[0]
factors = AnisotropicDenoiser(30, 20, 4)(graph.train_index, timestep=0)
recommender = Recommender.load(run)
task = EvaluationTask.from_graph(recommender.graph, "test")
out = {
    "factors": [list(one.shape) for one in factors],
    "distance": float(analysis.mean_average_distance(*factors, graph)),
    "items": recommender.recommend([0, 1], k=3, explain=True).items,
    "new": recommender.recommend([[3, 4]], k=3).items,
    "metrics": evaluate(recommender.scorer, task),
    "status": [
        main(["explore", run, "--out", page]),
        main(["evaluate", run]),
        main(["recommend", run, "--users", "all", "--out", f"{page}.csv"]),
        main(["evaluate", run, "--devices", "2"]),
    ],
}
for command in COMMANDS:
    importlib.import_module(f"tvdiff_pyg.cli.{command}").build_parser()
"""
REFUSALS = """
from contextlib import redirect_stderr
from io import StringIO
said = {}
for module, name in (
    ("tvdiff_pyg", "fit"),
    ("tvdiff_pyg.training", "fit_final"),
    ("tvdiff_pyg.training", "RecommenderModule"),
    ("tvdiff_pyg.training", "InteractionDataModule"),
    ("tvdiff_pyg.training", "DiagnosisWarning"),
):
    try:
        exec(f"from {module} import {name}")
    except ImportError as error:
        said[name] = str(error)
for words in ("fit --data a.csv --run b", "final a --run b"):
    with redirect_stderr(StringIO()) as heard:
        assert main(words.split()) == 2
    said[f"tvdiff {words.split()[0]}"] = heard.getvalue()
"""
TOLD = """
import json
print(json.dumps({"out": out, "said": said}))
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)
    options = FitOptions(progress=False, device="cpu", log="none", diagnose=False)
    graph = SyntheticBipartite(30, 20, 120)[0]
    fit(graph, settings, run=folder, options=options)
    return folder


@pytest.fixture(scope="module")
def told(run: Path) -> Any:
    """Return what a process without Lightning has found and been refused."""
    page = run.parent / "page.html"
    code = WITHOUT + USES + REFUSALS + TOLD
    command = [sys.executable, "-c", code, run, page]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert page.stat().st_size > 0
    return json.loads(done.stdout.splitlines()[-1])


def test_layer_data_analysis_and_recommending_need_no_lightning(
    run: Path, told: Any
) -> None:
    found = told["out"]
    assert found["factors"] == [[30, 4], [20, 4]]
    assert found["distance"] > 0
    assert [len(one) for one in found["items"] + found["new"]] == [3, 3, 3]
    metrics = json.loads((run / "metrics.json").read_text())
    assert found["metrics"] == pytest.approx(metrics["test"])
    assert found["status"] == [0, 0, 0, 2]


def test_training_says_what_to_install(told: Any) -> None:
    said = dict(told["said"])
    for command in ("fit", "final"):
        assert said.pop(f"tvdiff {command}") == f"tvdiff: {NEEDED.format('training')}\n"
    assert len(said) == 5
    assert said == {name: NEEDED.format(repr(name)) for name in said}

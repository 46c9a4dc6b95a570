"""A package that a model needs and that is missing is named before data are read."""

from pathlib import Path

import pytest

from tests.test_full_disk import contents
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, fit_final

PACKAGE = "no-such-package"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, ease = tmp_path_factory.mktemp("runs") / "run", Settings(model="ease")
    graph = SyntheticBipartite(30, 20, 90)[0]
    fit(graph, ease, run=folder, options=FitOptions(progress=False))
    return folder


@pytest.mark.parametrize(
    "words",
    [
        "fit --model ease --data rows.csv --run new",
        "tune --models item-knn ease --data rows.csv --out new",
        "study losses --values bce --data rows.csv --out new --jobs 0",
        "final RUN --run new",
    ],
)
def test_it_is_named_first(
    words: str,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for package in ("optuna", "jinja2", "matplotlib", "scipy"):
        pytest.importorskip(package, reason="needs what the commands need themselves")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ModelConfig, "packages", (PACKAGE,))
    monkeypatch.setattr(RunFolder, "interactions", None)
    # Whoever reads it says that no item is there.
    Path("rows.csv").write_text("1\n")
    before = contents(tmp_path)
    assert main(words.replace("RUN", str(run)).split()) == 2
    said = f"tvdiff: this needs the package {PACKAGE}, which is not installed"
    assert said in capsys.readouterr().err
    assert contents(tmp_path) == before


def test_functions_name_it_before_they_read_a_graph(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ModelConfig, "packages", (PACKAGE,))
    with pytest.raises(ImportError, match=rf"\(pip install {PACKAGE}\)"):
        fit("no graph", Settings(model="ease"), run=tmp_path / "new")  # type: ignore
    with pytest.raises(ImportError, match=PACKAGE):
        fit_final(run, run=tmp_path / "new")
    assert not list(tmp_path.iterdir())

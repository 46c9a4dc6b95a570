"""Loggers and arguments that a caller gives to the trainer, and profiles."""

import csv
from pathlib import Path
from typing import Any

import pytest
from pytorch_lightning.loggers import CSVLogger

from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.training import FitOptions, Settings, fit

GRAPH = SyntheticBipartite(60, 40, 600)[0]
SETTINGS = Settings(hidden_channels=4, num_timesteps=2, max_epochs=2, batch_size=64)
QUIET = FitOptions(progress=False, diagnose=False, device="cpu")


def rows(folder: Path) -> list[dict[str, str]]:
    """Read the only curves below a folder."""
    [file] = folder.rglob("metrics.csv")
    with file.open() as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("log", ["csv", "none"])
def test_further_loggers_hear_what_ours_does(log: Any, tmp_path: Path) -> None:
    mine = [CSVLogger(str(tmp_path / name)) for name in ("one", "two")]
    options = FitOptions(progress=False, diagnose=False, log=log)
    run = tmp_path / "run"
    fit(GRAPH, SETTINGS, run=run, options=options, logger=mine)
    assert (run / "logs").exists() == (log == "csv")
    for name in ("one", "two"):
        assert {"validation/ndcg@20", "epoch"} <= set(rows(tmp_path / name)[0])


def test_arguments_reach_the_trainer(tmp_path: Path) -> None:
    def steps(name: str, **given: Any) -> int:
        run = tmp_path / name
        fit(GRAPH, SETTINGS, run=run, options=QUIET, trainer_kwargs=given)
        return max(int(row["step"]) for row in rows(run)) + 1

    assert steps("whole") > 2
    assert steps("part", limit_train_batches=1, gradient_clip_val=0.5) == 2


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"trainer_kwargs": {"max_epochs": 3}},
            "without 'max_epochs', which the set",
        ),
        (
            {"trainer_kwargs": {"strategy": "ddp"}},
            "without 'strategy', which the run",
        ),
        (
            {"trainer_kwargs": {"max_wings": 3}},
            r"arguments of Lightning.*'max_wings",
        ),
        (
            {"callbacks": [print]},
            r"'callbacks' needs to be of .* kind \(got <b",
        ),
        ({"logger": "csv"}, r"'logger' needs to be of Lightning's kind \(got 'c"),
        ({"logger": 3}, r"'logger' needs to be of Lightning's kind \(got 3\)"),
    ],
)
def test_errors(given: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=message):
        fit(GRAPH, SETTINGS, run=tmp_path / "run", options=QUIET, **given)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "given", [{"logger": CSVLogger("x")}, {"trainer_kwargs": {"max_time": "1"}}]
)
def test_models_without_epochs_have_no_use_for_them(
    given: dict[str, Any], tmp_path: Path
) -> None:
    message = "has no use with model 'popularity', which has no epochs"
    with pytest.raises(ValueError, match=message):
        fit(GRAPH, Settings(model="popularity"), run=tmp_path / "run", **given)


def test_a_profile_is_kept_with_the_run_and_goes_with_it(tmp_path: Path) -> None:
    run, options = tmp_path / "run", FitOptions(progress=False, profile=True)
    fit(GRAPH, SETTINGS, run=run, options=options)
    profile = run / "logs" / "fit-profile.txt"
    assert "run_training_batch" in profile.read_text()
    fit(GRAPH, SETTINGS, run=run, options=QUIET, overwrite=True)
    assert not profile.exists()
    message = r"'profile' has no use with a model that has no epochs \(got 'ease'\)"
    with pytest.raises(ValueError, match=message):
        fit(GRAPH, Settings(model="ease"), run=tmp_path / "ease", options=options)


@pytest.mark.parametrize("log", ["wandb", "mlflow", "tensorboard"])
def test_models_without_epochs_have_no_curves(log: Any, tmp_path: Path) -> None:
    options = FitOptions(progress=False, log=log)
    message = rf"'log' needs to be 'csv' or 'none' .*\(got '{log}' with 'ease'\)"
    with pytest.raises(ValueError, match=message):
        fit(GRAPH, Settings(model="ease"), run=tmp_path / "run", options=options)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("log", "package", "left"),
    [
        ("wandb", "wandb", "wandb/offline-run-*/*.wandb"),
        ("mlflow", "mlflow", "mlruns/*/*/metrics/validation/ndcg20"),
    ],
)
def test_runs_of_other_loggers_stand_side_by_side(
    log: Any, package: str, left: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip(package, reason="needs the extra 'loggers'")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WANDB_MODE", "offline")
    for name in ("MLFLOW_TRACKING_URI", "WANDB_DIR"):
        monkeypatch.delenv(name, raising=False)
    options = FitOptions(progress=False, diagnose=False, log=log)
    for count in (1, 2):
        told = fit(GRAPH, SETTINGS, run=tmp_path / f"run{count}", options=options)
        assert told["finished"] and len(list(tmp_path.glob(left))) == count
    assert not (tmp_path / "run1" / "logs").exists()


@pytest.mark.slow
def test_an_account_is_asked_for_until_the_environment_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb", reason="needs the extra 'loggers'").teardown()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    for name in ("WANDB_API_KEY", "WANDB_DIR", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    options = FitOptions(progress=False, diagnose=False, log="wandb")
    message = r"^'log' needs an account, .* to be 'wandb' \(got No API key configured\."
    with pytest.raises(ValueError, match=message):
        fit(GRAPH, SETTINGS, run=tmp_path / "run", options=options)
    assert not (tmp_path / "run").exists()
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert fit(GRAPH, SETTINGS, run=tmp_path / "run", options=options)["finished"]


@pytest.mark.parametrize("log", ["wandb", "mlflow"])
def test_what_is_missing_is_said(
    log: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tvdiff_pyg.training import loggers

    def absent(folder: Path) -> Any:
        raise ModuleNotFoundError(log)

    monkeypatch.setitem(loggers.BUILT, log, absent)
    with pytest.raises(ImportError, match=r"pip install 'tvdiff_pyg\[loggers\]'"):
        options = FitOptions(progress=False, log=log)
        fit(GRAPH, SETTINGS, run=tmp_path / "run", options=options)
    assert not (tmp_path / "run").exists()

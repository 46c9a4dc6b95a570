"""Run folders: moved, damaged, and of others."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from tests.test_files import RunsCode
from tests.training.runs import plain
from tvdiff_pyg.data import BipartiteGraph, IdMap, SyntheticBipartite
from tvdiff_pyg.folders import locked
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import FitOptions, RecommenderModule, RunFolder, Settings, fit

FILES = [
    "config.yaml",
    "metrics.json",
    "graph.pt",
    "checkpoints/best.ckpt",
    "checkpoints/last.ckpt",
]
Damage = Callable[[Path, Path], object]


def flip(file: Path, _: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def truncate(file: Path, _: Path) -> None:
    file.write_bytes(file.read_bytes()[:-9])


def as_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def contents(folder: Path) -> dict[Path, bytes]:
    return {file: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def rebuilt(graph: BipartiteGraph, **changes: object) -> BipartiteGraph:
    parts = {
        "validation_index": graph.validation_index,
        "test_index": graph.test_index,
    }
    size = (graph.num_users, graph.num_items)
    return BipartiteGraph.from_edge_index(
        graph.train_index, *size, **{**parts, **changes}
    )


@pytest.fixture(scope="module")
def graph() -> BipartiteGraph:
    return rebuilt(SyntheticBipartite(120, 80, 1500, num_communities=4, seed=1)[0])


@pytest.fixture(scope="module")
def runs(
    tmp_path_factory: pytest.TempPathFactory, graph: BipartiteGraph
) -> dict[str, Path]:
    """Two runs that differ in all their files."""
    home = tmp_path_factory.mktemp("runs")
    settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=2)
    options = FitOptions(device="cpu", progress=False, log="none")
    fit(graph, settings, run=home / "run", options=options)
    other = SyntheticBipartite(50, 40, 500)[0]
    fit(other, settings, run=home / "other", options=replace(options, seed=1))
    return {"run": home / "run", "other": home / "other"}


@pytest.fixture
def run(runs: dict[str, Path], tmp_path: Path) -> Path:
    return shutil.copytree(runs["run"], tmp_path / "run")


@pytest.mark.parametrize(
    "damage",
    [
        flip,
        truncate,
        lambda file, _: file.write_bytes(b""),
        lambda file, _: file.write_bytes(b"\x80\x04."),
        lambda file, other: shutil.copy(other, file),
        lambda file, _: torch.save({"a": RunsCode(file.parent / "ran")}, file),
    ],
)
@pytest.mark.parametrize("name", FILES)
def test_a_damaged_or_foreign_file_is_named(
    name: str,
    damage: Damage,
    run: Path,
    runs: dict[str, Path],
    graph: BipartiteGraph,
    options: FitOptions,
) -> None:
    damage(run / name, runs["other"] / name)
    before = contents(run)
    with pytest.raises(ValueError, match=f"'run' needs its files as .*{run / name}"):
        Recommender.load(run, "cpu")
    with pytest.raises(ValueError, match=f"'run' needs its files as .*{run / name}"):
        again = replace(options, resume=True)
        fit(graph, quick(max_epochs=4), run=run, options=again)
    assert contents(run) == before  # No code ran, either.


def test_swapped_checkpoints_are_named(run: Path) -> None:
    folder = RunFolder(run)
    aside = run / "aside"
    folder.best_checkpoint.rename(aside)
    folder.last_checkpoint.rename(folder.best_checkpoint)
    aside.rename(folder.last_checkpoint)
    with pytest.raises(ValueError, match=r"'run' needs its files .*last\.ckpt"):
        Recommender.load(run, "cpu")


@pytest.mark.parametrize("content", [b"", b"[]", b'{"graph.pt": 3}', b"\xff", None])
def test_a_damaged_manifest_is_named(content: bytes | None, run: Path) -> None:
    file = RunFolder(run).manifest.file
    file.unlink() if content is None else file.write_bytes(content)
    with pytest.raises(ValueError, match=r"'run' needs .*manifest\.json"):
        Recommender.load(run, "cpu")


@pytest.mark.parametrize("name", ["best_checkpoint", "last_checkpoint"])
def test_tables_that_were_no_modules_are_refused(
    name: str, run: Path, graph: BipartiteGraph, options: FitOptions
) -> None:
    folder = RunFolder(run)
    file = getattr(folder, name)
    saved = folder.read_tensors(file)
    state = saved["state_dict"].items()
    old = {key.replace("embedding.weight", "embedding"): one for key, one in state}
    folder.write_tensors(file, {**saved, "state_dict": old})
    with pytest.raises(ValueError, match=r"^'run' needs .*: fit it again[^\n]*$"):
        if name == "best_checkpoint":
            folder.model()
        else:
            again = replace(options, resume=True)
            fit(graph, quick(max_epochs=4), run=run, options=again)


def test_weights_that_are_not_finite_are_refused(run: Path) -> None:
    folder = RunFolder(run)
    saved = folder.read_tensors(folder.best_checkpoint)
    saved["state_dict"]["model.denoiser.item_embedding.weight"][0, 0] = torch.nan
    folder.write_tensors(folder.best_checkpoint, saved)
    with pytest.raises(ValueError, match=r"finite weights .*item_embedding"):
        folder.model()


def test_a_run_that_was_moved_keeps_its_best_epoch(
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first = fit(graph, settings, run=tmp_path / "run", options=options)
    best = RunFolder(tmp_path / "run").best_checkpoint.read_bytes()
    shutil.move(tmp_path / "run", tmp_path / "moved")
    # From here on every epoch is worse than the best.
    log = RecommenderModule.log

    def worse(self: RecommenderModule, name: str, value: float, **how: bool) -> None:
        log(self, name, 0.0 * value if name == "validation/ndcg@20" else value, **how)

    monkeypatch.setattr(RecommenderModule, "log", worse)
    again = replace(options, resume=True)
    more = settings.but(max_epochs=5)
    resumed = fit(graph, more, run=tmp_path / "moved", options=again)
    assert resumed["epochs"] == 5 and resumed["best_epoch"] == first["best_epoch"]
    moved = RunFolder(tmp_path / "moved").best_checkpoint
    assert moved.read_bytes() == best
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("name", [file.split("/")[-1] for file in FILES])
def test_killed_while_a_file_is_replaced_the_run_is_whole(
    name: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(run)
    file = next(run.rglob(name))
    for written in (b"first", b"second"):

        def killed(partial: str) -> None:
            if name in partial:
                raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr("tvdiff_pyg.files._flush", killed)
            with (
                pytest.raises(KeyboardInterrupt),
                folder.manifest.replacing(file) as partial,
            ):
                Path(partial).write_bytes(written)
        folder.check(file)
    with folder.manifest.replacing(file) as partial:
        Path(partial).write_bytes(b"third")
    folder.check(file)
    assert len(folder.manifest.listed()[name]) == 1


def quick(**changes: object) -> Settings:
    return Settings(
        **{"hidden_channels": 4, "num_timesteps": 2, "max_epochs": 2} | changes
    )


@pytest.mark.parametrize("model", ["tvdiff", "bpr-mf"])
def test_a_training_that_diverges_is_stopped(
    model: str, graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    settings = Settings(model=model, hidden_channels=4, learning_rate=1e30)
    with pytest.raises(ValueError, match=r"'learning_rate' .*epoch \d.*\(got 1e\+30\)"):
        fit(graph, settings, run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    assert folder.holds_epoch() == Path(folder.path).exists()


def test_a_training_that_diverges_keeps_its_good_epochs(
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    step = RecommenderModule.training_step

    def diverging(self: RecommenderModule, *args: object) -> torch.Tensor:
        return step(self, *args) * (torch.nan if self.current_epoch == 1 else 1)

    monkeypatch.setattr(RecommenderModule, "training_step", diverging)
    with pytest.raises(ValueError, match=r"'learning_rate' needs .* in epoch 2"):
        fit(graph, quick(), run=tmp_path / "run", options=options)
    folder = RunFolder(tmp_path / "run")
    assert folder.read_tensors(folder.last_checkpoint)["epoch"] == 0
    assert Recommender.load(tmp_path / "run", "cpu").recommend([0], k=1).items[0]


@pytest.mark.parametrize(
    ("change", "name"),
    [
        *(
            ({"settings": {name: value}}, name)
            for name, value in {
                "learning_rate": 1e-2,
                "weight_decay": 0.1,
                "batch_size": 7,
                "batches": "users",
                "check_every": 2,
                "precision": "bf16-mixed",
                "engine": "sampled",
                "num_neighbors": 3,
                "num_pool": 9,
                "hidden_channels": 8,
                "temperature": 3.0,
                "model": "bpr-mf",
            }.items()
        ),
        ({"options": {"seed": 3}}, "seed"),
        ({"options": {"protocol": "paper"}}, "protocol"),
        ({"graph": {"test_index": torch.tensor([[0], [1]])}}, "graph"),
        ({"graph": {"validation_index": torch.tensor([[0], [1]])}}, "graph"),
        ({"graph": {"item_titles": ["x"] * 80}}, "graph"),
        ({"graph": {"user_ids": IdMap(list(range(1, 121)), "user")}}, "graph"),
    ],
)
def test_what_has_changed_is_refused_and_changes_nothing(
    change: dict[str, dict[str, object]], name: str, graph: BipartiteGraph, run: Path
) -> None:
    options = FitOptions(device="cpu", progress=False, log="none", resume=True)
    other = rebuilt(graph, **change.get("graph", {}))
    before = contents(run)
    with pytest.raises(ValueError, match=f"'{name}' needs"):
        fit(
            other,
            quick(max_epochs=4).but(**change.get("settings", {})),
            run=run,
            options=replace(options, **change.get("options", {})),
        )
    assert contents(run) == before


def test_what_may_change_takes_effect(graph: BipartiteGraph, run: Path) -> None:
    options = FitOptions(device="cpu", progress=False, diagnose=False, resume=True)
    metrics = fit(graph, quick(max_epochs=3, patience=77), run=run, options=options)
    config = RunFolder(run).config()
    assert (metrics["epochs"], config["max_epochs"]) == (3, 3)
    assert config["patience"] == 77 and config["log"] == "csv"
    assert config["diagnose"] is False and (run / "logs").is_dir()
    assert "resume" not in config and "overwrite" not in config
    last = RunFolder(run).read_tensors(RunFolder(run).last_checkpoint)
    (stop,) = (v for k, v in last["callbacks"].items() if "EarlyStopping" in k)
    assert stop["patience"] == 77


def test_a_run_overwrites_a_run_and_nothing_else(
    graph: BipartiteGraph, options: FitOptions, run: Path
) -> None:
    (run / "graph.pt.0123456789ab.partial").write_bytes(b"torn")
    before = contents(run)
    foreign = run / "logs" / "notes.txt"
    foreign.parent.mkdir(exist_ok=True)
    foreign.write_text("mine")
    with pytest.raises(ValueError, match=f"'overwrite' needs a folder .*{foreign}"):
        fit(graph, quick(), run=run, options=options, overwrite=True)
    foreign.unlink()
    assert contents(run) == before
    metrics = fit(graph, quick(max_epochs=1), run=run, options=options, overwrite=True)
    assert metrics["epochs"] == 1 and RunFolder(run).config()["max_epochs"] == 1
    assert not list(run.rglob("*.partial"))


@pytest.mark.parametrize("how", ["resume", "overwrite"])
@pytest.mark.parametrize(
    "left", [[], ["manifest.json"], ["config.yaml", "graph.pt", "manifest.json"]]
)
def test_killed_before_its_first_epoch_had_ended_a_run_begins_anew(
    left: list[str], how: str, graph: BipartiteGraph, options: FitOptions, run: Path
) -> None:
    folder = RunFolder(run)
    listed = {n: v for n, v in folder.manifest.listed().items() if n in left}
    folder.manifest.file.write_text(json.dumps(listed))
    for file in folder.files():
        if file.name not in left:
            file.unlink()
    again = replace(options, **{how: True})
    assert fit(graph, quick(max_epochs=1), run=run, options=again)["epochs"] == 1
    assert Recommender.load(run, "cpu").recommend([0], k=1).items[0]


@pytest.mark.parametrize("harm", [Path.unlink, as_folder])
@pytest.mark.parametrize("name", ["best.ckpt", "last.ckpt"])
def test_a_lost_checkpoint_is_named_and_nothing_changed(
    name: str,
    harm: Callable[[Path], object],
    graph: BipartiteGraph,
    options: FitOptions,
    run: Path,
) -> None:
    harm(run / "checkpoints" / name)
    before = contents(run)
    again = replace(options, resume=True)
    with pytest.raises(ValueError, match=rf"'run' needs its files .*lacks {name}"):
        fit(graph, quick(max_epochs=4), run=run, options=again)
    if harm is as_folder:
        with pytest.raises(ValueError, match=rf"'overwrite' needs .*{name}"):
            fit(graph, quick(), run=run, options=options, overwrite=True)
        (run / "checkpoints" / name).rmdir()
    assert contents(run) == before
    assert fit(graph, quick(), run=run, options=options, overwrite=True)["finished"]


@pytest.mark.parametrize("kind", ["moment", "error"])
def test_a_checkpoint_that_never_came_to_be_is_not_missed(
    kind: str,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run, whole = tmp_path / "run", tmp_path / "whole"

    def fails(partial: str) -> None:
        if "last.ckpt" in partial:
            if kind == "moment":  # killed: nothing is cleared away
                monkeypatch.setattr("tvdiff_pyg.files.os.unlink", lambda path: None)
            raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tvdiff_pyg.files._flush", fails)
        with pytest.raises(OSError, match="No space left"):
            fit(graph, quick(), run=run, options=options)
    monkeypatch.undo()
    folder = RunFolder(run)
    assert folder.best_checkpoint.is_file() and not folder.last_checkpoint.exists()
    fit(graph, quick(), run=run, options=replace(options, resume=True))
    fit(graph, quick(), run=whole, options=options)
    weights = [RunFolder(one).model().state_dict() for one in (run, whole)]
    assert plain(weights[0]) == plain(weights[1])
    assert not list(run.rglob("*.partial"))


def test_a_finished_fit_in_closed_form_is_no_run_to_resume(
    graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    ease, again = Settings(model="ease"), replace(options, resume=True)
    fit(graph, ease, run=tmp_path, options=options)
    before = contents(tmp_path)
    for settings in (ease, ease.but(l2=3.0), quick()):
        with pytest.raises(ValueError, match="'resume' needs a run that is unfinished"):
            fit(graph, settings, run=tmp_path, options=again)
    assert contents(tmp_path) == before


def test_a_finished_run_without_its_metrics_can_be_finished_again(
    graph: BipartiteGraph, options: FitOptions, run: Path
) -> None:
    folder = RunFolder(run)
    before, best = folder.metrics(), folder.best_checkpoint.read_bytes()
    folder.metrics_file.unlink()
    Recommender.load(run, "cpu")
    again = replace(options, resume=True, log="none")
    metrics = fit(graph, quick(), run=run, options=again)
    assert metrics["test"] == before["test"] and metrics["epochs"] == 2
    assert folder.best_checkpoint.read_bytes() == best


@pytest.mark.parametrize(
    "path", ["", "file", "file/run", "a\0b", "x" * 300, "file/../file"]
)
def test_what_can_be_no_run_folder_is_refused(
    path: str,
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("mine")
    for how in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(ValueError, match=r"'(run|resume)' needs") as error:
            fit(graph, quick(), run=path, options=replace(options, **how))
        assert "\n" not in str(error.value)
    assert contents(tmp_path) == {tmp_path / "file": b"mine"}


def test_a_folder_in_use_is_refused_at_once(
    graph: BipartiteGraph, options: FitOptions, run: Path
) -> None:
    before = contents(run)
    for how in ({}, {"resume": True}, {"overwrite": True}):
        with (
            locked(run, "run"),
            pytest.raises(ValueError, match="'run' needs to be a folder that nothing"),
        ):
            fit(graph, quick(), run=run, options=replace(options, **how))
    assert contents(run) == before


def test_files_of_another_program_are_left_alone(
    graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    (tmp_path / "graph.pt").write_text("mine")
    for how in ({}, {"resume": True}, {"overwrite": True}):
        with pytest.raises(ValueError, match="'run' needs to"):
            fit(graph, quick(), run=tmp_path, options=replace(options, **how))
    assert (tmp_path / "graph.pt").read_text() == "mine"


def test_what_fails_before_an_epoch_leaves_what_was_there(
    graph: BipartiteGraph,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    curves = tmp_path / "here" / "logs" / "version_0" / "metrics.csv"
    curves.parent.mkdir(parents=True)
    curves.write_text("mine")

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tvdiff_pyg.training.run_folder.write_plain", full)
    with pytest.raises(
        OSError, match=r"No space left on device.*last\.ckpt|best\.ckpt"
    ):
        fit(graph, quick(), run=tmp_path / "run", options=options)
    assert sorted(tmp_path.iterdir()) == [tmp_path / "here"]
    with pytest.raises(OSError, match="No space left on device"):
        fit(graph, quick(), run=tmp_path / "here", options=options)
    assert contents(tmp_path / "here")[curves] == b"mine"
    assert not RunFolder(tmp_path / "here").files()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"hyper_parameters": {"num_users": 3}}, "'run' needs a model .*'settings'"),
        ({"hyper_parameters": None}, "'run' needs a model of this version"),
        ({"state_dict": {}}, "'run' needs a model .*Missing key"),
        ({"state_dict": [3]}, "'run' needs a model of this version"),
    ],
)
def test_a_model_of_another_version_is_refused(
    change: dict[str, object], message: str, run: Path
) -> None:
    folder = RunFolder(run)
    saved = folder.read_tensors(folder.best_checkpoint)
    folder.write_tensors(folder.best_checkpoint, saved | change)
    with pytest.raises(ValueError, match=message) as error:
        folder.model()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["epoch", "callbacks", "optimizer_states", "loops", "random_state"]
)
def test_a_checkpoint_that_lacks_a_part_is_refused(
    name: str, graph: BipartiteGraph, options: FitOptions, run: Path
) -> None:
    folder = RunFolder(run)
    saved = folder.read_tensors(folder.last_checkpoint)
    for other in ({k: v for k, v in saved.items() if k != name}, saved | {name: "x"}):
        folder.write_tensors(folder.last_checkpoint, other)
        before = contents(run)
        with pytest.raises(
            ValueError, match=r"'run' needs a checkpoint with epoch, .*"
        ):
            again = replace(options, resume=True)
            fit(graph, quick(max_epochs=4), run=run, options=again)
        assert contents(run) == before


@pytest.mark.parametrize(
    "text", ["", "[1]", "a: [", "a: !!python/object/apply:os.mkdir [ran]", "[" * 2000]
)
def test_texts_of_another_kind_are_named_and_run_no_code(
    text: str, run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(run)
    folder = RunFolder(run)
    for file in (folder.config_file, folder.metrics_file):
        with folder.manifest.replacing(file) as partial:
            Path(partial).write_text(text)
    for read in (folder.config, folder.metrics):
        with pytest.raises(
            ValueError, match=r"'run' needs names and values in .*\.(y|j)"
        ):
            read()
    assert not (run / "ran").exists()


def test_a_full_disk_is_named_by_what_users_count(
    tmp_path: Path, little_space: None
) -> None:
    folder = RunFolder(tmp_path)
    random = np.random.default_rng(0).random(1 << 15)
    message = r"'run' cannot be written to \(got .*metrics_per_user\.parquet: "
    with pytest.raises(OSError, match=message):
        folder.write_per_user(pl.DataFrame({"user": random}))
    assert {one.name for one in tmp_path.iterdir()} <= {"manifest.json"}

"""States and weights of other sizes than they need to be: their file is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.builders import each_model
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit

#: Models whose states tell the size, and those that rank by the graph alone.
MODELS = "bpr-mf", "ease", "ials", "popularity", "user-knn"
TABLE = "model.denoiser.item_embedding.weight"
Change = Callable[[dict[str, Any]], None]


def tampered(run: Path, name: str, change: Change) -> RunFolder:
    """Write one of the checkpoints anew, as if it had been written like that."""
    folder = RunFolder(run)
    file = folder.best_checkpoint.with_name(name)
    state = folder.read_tensors(file)
    change(state)
    folder.write_tensors(file, state)
    return folder


@pytest.mark.parametrize("model", each_model(MODELS))
def test_a_model_of_another_graph_is_named(
    model: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options, folders = FitOptions(device="cpu", progress=False), []
    for num_items in (30, 29):
        graph = SyntheticBipartite(40, num_items, 290)[0]
        folders.append(RunFolder(tmp_path / str(num_items)))
        settings = Settings(model=model)
        if settings.by_gradients:
            settings = settings.but(max_epochs=1)
        fit(graph, settings, run=folders[-1].path, options=options)
    one, other = folders
    one.write_tensors(one.best_checkpoint, other.read_tensors(other.best_checkpoint))
    said = "best.ckpt: it is of 40 users and 29 items, and the run's graph of 40 and 30"
    with pytest.raises(ValueError, match=f"'run' needs a model .*{said}"):
        Recommender.load(one.path)
    assert main(["evaluate", str(one.path)]) == 2
    assert said in capsys.readouterr().err


def test_weights_of_another_size_are_named(copied: Path) -> None:
    def cut(state: dict[str, Any]) -> None:
        state["state_dict"][TABLE] = state["state_dict"][TABLE][:-1]

    folder = tampered(copied, "best.ckpt", cut)
    with pytest.raises(ValueError, match=r"'run' .*best\.ckpt: .* size mismatch"):
        folder.model()


@pytest.mark.parametrize("sparse_grad", [False, True])
def test_moments_of_another_size_are_named_and_nothing_is_read_beyond(
    sparse_grad: bool, graph: BipartiteGraph, settings: Settings, tmp_path: Path
) -> None:
    def cut(state: dict[str, Any]) -> None:
        for moments in state["optimizer_states"][0]["state"].values():
            if isinstance(moments["exp_avg"], torch.Tensor):
                moments["exp_avg"] = moments["exp_avg"][:-1].clone()

    settings = settings.but(sparse_grad=sparse_grad, max_epochs=1)
    options = FitOptions(device="cpu", progress=False)
    fit(graph, settings, run=tmp_path / "run", options=options)
    folder = tampered(tmp_path / "run", "last.ckpt", cut)
    before = folder.last_checkpoint.read_bytes()
    again = FitOptions(device="cpu", progress=False, resume=True)
    said = r"last\.ckpt: 'exp_avg' of weights of shape \[\d+.*\] is of shape \[\d+"
    with pytest.raises(ValueError, match=f"'run' needs a checkpoint .*{said}"):
        fit(graph, settings.but(max_epochs=2), run=folder.path, options=again)
    assert folder.last_checkpoint.read_bytes() == before

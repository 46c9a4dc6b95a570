"""Training from the spectrum of the graph."""

from pathlib import Path

import pytest

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit


def test_a_spectral_start_is_ahead_after_an_epoch(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    once = settings.but(max_epochs=1, learning_rate=1e-4)
    spectral = once.but(initialization="spectral")
    random = fit(graph, once, run=tmp_path / "random", options=options)
    start = fit(graph, spectral, run=tmp_path / "spectral", options=options)
    assert start["validation"]["ndcg@20"] > 1.5 * random["validation"]["ndcg@20"]
    assert RunFolder(tmp_path / "spectral").config()["initialization"] == "spectral"


@pytest.mark.parametrize("model", ["bpr-mf", "lightgcn", "diffrec"])
def test_a_spectral_start_needs_a_denoiser_on_the_graph(model: str) -> None:
    message = rf"'initialization' is not read with model '{model}', but by model 'tvd"
    with pytest.raises(ValueError, match=message):
        Settings(model=model, initialization="spectral")
    with pytest.raises(ValueError, match=r"unless the denoiser reads the graph"):
        Settings(denoiser="mlp", initialization="spectral")
    with pytest.raises(
        ValueError, match=r"'initialization' needs to be one of .*'svd'"
    ):
        Settings(initialization="svd")


def test_a_spectral_start_needs_edge_weights() -> None:
    with pytest.raises(ValueError, match=r"unless the denoiser reads the graph \(got"):
        Settings(initialization="spectral", normalization="none")

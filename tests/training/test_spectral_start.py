"""A spectral start that ranks worse than popularity, and is left for a random one."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.data import BipartiteGraph, SyntheticBipartite, from_arrays
from tvdiff_pyg.models import Blend, LocalEASE, TVDiff
from tvdiff_pyg.training import RunFolder, fit_final
from tvdiff_pyg.training.run import Run
from tvdiff_pyg.training.spectral_start import starts_in_noise

SPECTRAL = Settings(
    hidden_channels=16,
    num_timesteps=3,
    initialization="spectral",
    max_epochs=3,
    batch_size=64,
)
OPTIONS = FitOptions(progress=False, device="cpu", diagnose=False, log="none")


@pytest.fixture(scope="module")
def by_chance() -> BipartiteGraph:
    """A graph of which nothing can be learned but which items are liked."""
    torch.manual_seed(0)
    liked = torch.rand(120, 80) < torch.logspace(-0.3, -2.5, 80)
    liked[:, :2] |= ~liked.any(dim=1, keepdim=True)
    return from_arrays(*liked.nonzero().t(), seed=0)


@pytest.fixture(scope="module")
def in_groups() -> BipartiteGraph:
    return SyntheticBipartite(120, 80, 1000, num_communities=4)[0]


def built(graph: BipartiteGraph, settings: Settings) -> TVDiff:
    torch.manual_seed(0)
    model = settings.model.build(graph.num_users, graph.num_items)
    assert isinstance(model, TVDiff)
    return model


def test_a_spectrum_of_chance_is_told_from_one_of_groups(
    by_chance: BipartiteGraph, in_groups: BipartiteGraph
) -> None:
    assert starts_in_noise(built(by_chance, SPECTRAL), by_chance)
    assert not starts_in_noise(built(in_groups, SPECTRAL), in_groups)
    # The reverse process says nothing of the spectrum, whatever its noise.
    noisy = SPECTRAL.but(schedule="cosine", num_timesteps=50)
    assert not starts_in_noise(built(in_groups, noisy), in_groups)


def test_training_pairs_alone_are_read(in_groups: BipartiteGraph) -> None:
    model, none = built(in_groups, SPECTRAL), in_groups.train_index[:, :0]
    before = {name: one.clone() for name, one in model.state_dict().items()}
    alone = in_groups.with_parts(in_groups.train_index, none, none)
    assert not starts_in_noise(model, alone)
    after = model.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_a_linear_model_beside_it_has_no_say(by_chance: BipartiteGraph) -> None:
    model = built(by_chance, SPECTRAL)
    linear = LocalEASE(10).fit(model.adjacency_of(by_chance))
    assert starts_in_noise(Blend(model, linear), by_chance)


def test_a_random_start_is_one(by_chance: BipartiteGraph) -> None:
    model = built(by_chance, SPECTRAL.but(initialization="xavier"))
    assert not starts_in_noise(model, by_chance)


def test_too_few_pairs_say_nothing() -> None:
    graph = from_arrays([0, 1, 1], [0, 0, 1], validation_ratio=0.0, test_ratio=0.0)
    assert not starts_in_noise(built(graph, SPECTRAL.but(hidden_channels=1)), graph)


def test_the_run_is_that_of_a_random_start(
    by_chance: BipartiteGraph, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tvdiff_pyg")
    told = {
        name: fit(
            by_chance,
            SPECTRAL.but(initialization=name),
            run=tmp_path / name,
            options=OPTIONS,
        )
        for name in ("xavier", "spectral")
    }
    said = [one for one in caplog.messages if "worse than popularity" in one]
    assert len(said) == 1 and said[0].endswith("weights begin at random")
    assert told["spectral"]["test"] == told["xavier"]["test"]
    folder, other = RunFolder(tmp_path / "spectral"), RunFolder(tmp_path / "xavier")
    assert folder.config()["initialization"] == "xavier"
    same = zip(folder.model().parameters(), other.model().parameters(), strict=True)
    assert all(torch.equal(mine, theirs) for mine, theirs in same)
    # It goes on as it began, whatever it was begun with, and so does a final fit.
    further = SPECTRAL.but(max_epochs=4)
    resumed = replace(OPTIONS, resume=True)
    assert fit(by_chance, further, run=folder.path, options=resumed)["epochs"] == 4
    assert folder.config()["initialization"] == "xavier"
    fit_final(folder.path, run=tmp_path / "final", options=OPTIONS)
    assert RunFolder(tmp_path / "final").config()["initialization"] == "xavier"


def test_a_look_leaves_the_run_as_it_is(
    in_groups: BipartiteGraph, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fit(in_groups, SPECTRAL, run=tmp_path / "looked", options=OPTIONS)
    monkeypatch.setattr(Run, "_starts_in_noise", lambda self: False)
    fit(in_groups, SPECTRAL, run=tmp_path / "unseen", options=OPTIONS)
    looked, unseen = (
        RunFolder(tmp_path / name).model().parameters() for name in ("looked", "unseen")
    )
    assert all(map(torch.equal, looked, unseen))


def test_a_spectrum_of_groups_is_begun_at(
    in_groups: BipartiteGraph, tmp_path: Path
) -> None:
    fit(in_groups, SPECTRAL, run=tmp_path / "run", options=OPTIONS)
    config = RunFolder(tmp_path / "run").config()
    assert config["initialization"] == "spectral"
    fit_final(tmp_path / "run", run=tmp_path / "final", options=OPTIONS)
    assert RunFolder(tmp_path / "final").config()["initialization"] == "spectral"

"""Settings, presets and their limits."""

import json
from pathlib import Path

import pytest

from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.training import PRESETS, FitOptions, Settings
from tvdiff_pyg.training.settings import TRAINING_FIELDS

REFERENCE = (
    Path(__file__).parents[3] / "shared" / "reference" / "published_results.json"
)


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_builds_a_model(preset: str) -> None:
    kwargs = Settings.preset(preset, hidden_channels=4).model_kwargs()
    assert not TRAINING_FIELDS & set(kwargs)
    assert TVDiff(3, 5, **kwargs).denoiser.hidden_channels == 4


@pytest.mark.parametrize("name", ["lastfm", "amazon-beauty", "gowalla"])
def test_presets_are_the_published_settings(name: str) -> None:
    if not REFERENCE.is_file():
        pytest.skip("the file of published settings is not here")
    published = json.loads(REFERENCE.read_text())["best_settings"][name]
    preset = Settings.preset(name)
    names = {"entropy": "entropy_type", "gamma": "accept_ratio"}
    for key, value in published.items():
        assert getattr(preset, names.get(key, key)) == value, key


def test_interactions_are_batched_for_bpr_only() -> None:
    assert Settings(entropy_type="bpr").over_interactions
    assert not Settings(entropy_type="bpr", batches="users").over_interactions
    assert not Settings(entropy_type="bce").over_interactions
    with pytest.raises(ValueError, match="'batches' needs to be 'users'"):
        Settings(entropy_type="nll", batches="interactions")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("max_epochs", 0),
        ("patience", 0),
        ("check_every", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("weight_decay", -1.0),
        ("num_pool", 0),
        ("num_neighbors", 0),
        ("engine", "fast"),
    ],
)
def test_limits(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=rf"'{name}' needs to be .*\(got {value!r}\)"):
        Settings(**{name: value})


def test_row_sparse_gradients_have_their_conditions() -> None:
    with pytest.raises(ValueError, match=r"'sparse_grad' needs the sampled engine"):
        Settings(sparse_grad=True, engine="exact")
    with pytest.raises(ValueError, match=r"'weight_decay' needs to be 0 with"):
        Settings(sparse_grad=True, weight_decay=0.1)


def test_unknown_names() -> None:
    with pytest.raises(ValueError, match=r"'preset' needs to be one of .*got 'huge'"):
        Settings.preset("huge")
    with pytest.raises(ValueError, match="'widht' is not a setting"):
        Settings.preset("small", widht=3)
    with pytest.raises(ValueError, match=r"'protocol' needs to be .*got 'mine'"):
        FitOptions(protocol="mine")

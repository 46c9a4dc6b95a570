"""Settings, presets and their limits."""

import json
from pathlib import Path

import numpy as np
import pytest
import yaml

from tvdiff_pyg.models import MODELS, Blend, TVDiff
from tvdiff_pyg.training import FitOptions, Settings, all_settings, preset_names
from tvdiff_pyg.tune import candidates_of

REFERENCE = (
    Path(__file__).parents[3] / "shared" / "reference" / "published_results.json"
)


@pytest.mark.parametrize("preset", preset_names())
def test_every_preset_builds_a_model(preset: str) -> None:
    model = Settings.preset(preset, hidden_channels=4).model.build(3, 5)
    model = model.model if isinstance(model, Blend) else model
    assert isinstance(model, TVDiff) and model.denoiser.hidden_channels == 4


@pytest.mark.parametrize("name", ["lastfm", "amazon-beauty", "gowalla"])
def test_presets_are_the_published_settings(name: str) -> None:
    if not REFERENCE.is_file():
        pytest.skip("the file of published settings is not here")
    published = json.loads(REFERENCE.read_text())["best_settings"][name]
    names = {"entropy": "entropy_type", "gamma": "accept_ratio"}
    wanted = {names.get(key, key): value for key, value in published.items()}
    # Hard negatives are switched off as published, so their ratio is not read.
    wanted.pop("accept_ratio", None)
    preset = Settings.preset(name).flat()
    assert {key: preset[key] for key in wanted} == wanted


@pytest.mark.parametrize("model", MODELS.names())
def test_flat_settings_rebuild_settings(model: str) -> None:
    if MODELS[model].config is None:
        return
    settings = Settings(model=model)
    assert Settings(**settings.flat()) == settings
    rebuilt = settings.rebuilding(3, 5)["settings"]
    assert Settings(**rebuilt).model == settings.model


def test_interactions_are_batched_for_bpr_only() -> None:
    def over_interactions(**given: str) -> bool:
        settings = Settings(**given)
        return settings.training.over_interactions(settings.model)

    assert over_interactions(entropy_type="bpr")
    assert not over_interactions(entropy_type="bpr", batches="users")
    assert not over_interactions(entropy_type="bce")
    with pytest.raises(ValueError, match="'batches' needs to be 'auto' or 'users'"):
        Settings(entropy_type="nll", batches="interactions")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("min_steps", 0),
        ("max_epochs", 0),
        ("max_epochs", 1.5),
        ("patience", 0),
        ("check_every", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", "fast"),
        ("weight_decay", -1.0),
        ("num_pool", 0),
        ("num_neighbors", 0),
        ("engine", "fast"),
        ("precision", "nonsense"),
        ("score_with_dropout", 1),
    ],
)
def test_limits(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=rf"'{name}' needs to be .*\(got {value!r}\)"):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"activation": "relu"}, r"'activation' is not read .* by denoiser 'gcn' "),
        ({"accept_ratio": 0.1}, r"'accept_ratio' .* negative sampler 'hard' \(got 0.1"),
        ({"model": "bpr-mf", "temperature": 1.0}, r"'temperature' is not read with mo"),
        ({"model": "bpr-mf", "engine": "sampled"}, r"'engine' needs to be .*'exact'"),
        ({"model": "ease", "max_epochs": 3}, r"'max_epochs' is not read with model"),
        ({"schedule": "cosine", "noise_min": 0.1}, r"'noise_min' is not read .*linear"),
        ({"choose_linear_share": True}, r"is not read unless 'linear_share' is above"),
        ({"other_linear_neighbors": 9}, r"is not read unless 'linear_share' is above"),
        (
            {"linear_share": 0.3, "other_linear_neighbors": 9},
            r"'other_linear_neighbors' is not read unless 'choose_linear_share' is set",
        ),
    ],
    ids=str,
)
def test_what_nothing_reads_is_refused(given: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(**given)


def test_changes_keep_what_is_still_read() -> None:
    base = Settings(
        temperature=5.0, hidden_channels=8, accept_ratio=0.1, negatives="hard"
    )
    other = base.but(model="lightgcn", num_layers=3)
    assert other == Settings(model="lightgcn", hidden_channels=8, num_layers=3)
    assert base.but(negatives="uniform") == Settings(temperature=5.0, hidden_channels=8)
    with pytest.raises(ValueError, match="'temperature' is not read"):
        base.but(model="lightgcn", temperature=1.0)


def test_a_linear_model_goes_where_none_can_stand() -> None:
    """``--preset recommended --model ease``: the preset asks for it, not the user."""
    for model in ("ease", "item-knn"):
        assert Settings.preset("recommended", model=model) == Settings(model=model)
    assert Settings.preset("recommended", model="multi-vae")["linear_share"] == 0.3
    with pytest.raises(ValueError, match=r"'linear_share' needs .* dense factors"):
        Settings.preset("recommended", model="ease", linear_share=0.3)
    with pytest.raises(ValueError, match=r"'linear_share' needs .* dense factors"):
        Settings.preset("recommended", score_with_dropout=True)
    ease, _ = candidates_of(["ease", "tvdiff"], "recommended")
    assert ease.settings == Settings(model="ease")


def test_one_default_for_one_knob() -> None:
    """Names that several parts read mean one thing; where defaults differ, so do the
    parts that own them."""
    owners: dict[str, set[str]] = {}
    for name, _, _, config in all_settings():
        if name in (
            "num_timesteps",
            "noise_min",
            "noise_max",
            "noise_scale",
            "dropout",
        ):
            default = str(getattr(config, name, None))
            owners.setdefault(name, set()).add(default)
    assert {name: len(defaults) for name, defaults in owners.items()} == dict.fromkeys(
        owners, 1
    )


def test_row_sparse_gradients_have_their_conditions() -> None:
    with pytest.raises(ValueError, match=r"'engine' needs to be 'auto' or 'sampled'"):
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


def test_numpy_values_are_kept_as_plain_ones() -> None:
    settings = Settings(
        model=np.str_("tvdiff"),
        entropy_type=np.str_("nll"),
        learning_rate=np.float64(0.01),
        temperature=np.float64(2),
    )
    options = FitOptions(
        device=np.str_("cpu"), monitor=np.str_("ndcg@10"), memory_gb=np.float64(4)
    )
    told = {**settings.flat(), **options.flat()}
    assert yaml.safe_load(yaml.safe_dump(told)) == told

"""What PyG's mixin for model hubs saves and reads: settings, sizes and weights."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from huggingface_hub import ModelCard, ModelCardData
from torch_geometric.nn.model_hub import (
    CONFIG_NAME,
    MODEL_HUB_ORGANIZATION,
    MODEL_WEIGHTS_NAME,
    TAGS,
    PyGModelHubMixin,
)

from tvdiff_pyg.config import from_flat, to_flat
from tvdiff_pyg.export.hub_options import Push
from tvdiff_pyg.models import MODELS, Model
from tvdiff_pyg.models.blend import Blend, BlendConfig
from tvdiff_pyg.nn import DENOISERS, Denoiser
from tvdiff_pyg.plain import load_plain, save_plain

TWO = "model", "linear"
SHARES = "share", "popularity_share"
WORDS: dict[type, str] = {list: "a list", dict: "names and values", str: "a word"}
CARD = """---
{{ card_data }}
---

# {{ model_name }}

Written by `tvdiff_pyg.export.save_pretrained`, for `from_pretrained` to read.
"""
REGISTRIES: dict[str, Any] = {"model": MODELS, "denoiser": DENOISERS}


class HubModel(torch.nn.Module, PyGModelHubMixin):
    """A model or a denoiser in a module that PyG's mixin can save and read.

    Args:
        model_name: What the model's card calls it.
        dataset_name: What it calls the data.
        model_kwargs: What rebuilds it, as :func:`rebuilding` returns it.
    """

    # Of the mixin, which has no types.
    model_name: str
    dataset_name: str
    save_pretrained: Callable[[Path], object]
    push_to_hub: Callable[..., object]

    def __init__(
        self, model_name: str, dataset_name: str, model_kwargs: dict[str, Any]
    ) -> None:
        super().__init__()
        PyGModelHubMixin.__init__(self, model_name, dataset_name, model_kwargs)
        # The mixin keeps numbers and words only.
        self.model_config = model_kwargs
        config, size = _config(model_kwargs), _told(model_kwargs, "size", list)
        if len(size) != 2:
            raise ValueError(f"{CONFIG_NAME} needs two numbers in 'size' (got {size})")
        if model_kwargs["part"] == "model":
            self.model: Model | Denoiser = config.build(*size)
        else:
            denoiser = DENOISERS.of(config).part
            self.model = denoiser.from_config(config, *size)

    def _save_pretrained(self, save_directory: str | Path) -> None:
        """Write the weights, whole or not at all."""
        save_plain(self.state_dict(), Path(save_directory, MODEL_WEIGHTS_NAME))

    def construct_model_card(self, model_name: str, dataset_name: str) -> ModelCard:
        """Return a card that is of nobody's language and licence, unlike PyG's own."""
        told = ModelCardData(
            library_name=MODEL_HUB_ORGANIZATION,
            tags=TAGS,
            datasets=dataset_name or None,
            model_name=model_name,
        )
        return ModelCard.from_template(told, template_str=CARD)

    def generate_model_card(self, *_: Any, **__: Any) -> ModelCard:
        """Return the same card for a folder as for a hub."""
        return self.construct_model_card(self.model_name, self.dataset_name)

    def push(self, how: Push) -> None:
        """Send settings, weights and card to a hub, at once.

        Args:
            how: Where to, and as whom.
        """
        self.push_to_hub(config=self.model_config, **asdict(how))

    @classmethod
    def read(cls, config: dict[str, Any], file: Path) -> "HubModel":
        """Read weights as plain tensors: PyG's own would run code that a file holds.

        Args:
            config: What rebuilds the model.
            file: Its weights.
        """
        state = load_plain(file, "name", "the weights of 'save_pretrained'")
        read = cls("", "", config)
        _check_shapes(state, _told(config, "shapes", dict))
        read.load_state_dict(state)
        return read.eval()


def read_config(file: Path) -> dict[str, Any]:
    """Read what rebuilds a model.

    Args:
        file: A ``config.json``.

    Raises:
        OSError: If it cannot be read.
        ValueError: If it has no names and values.
    """
    try:
        told = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        raise ValueError(f"{CONFIG_NAME} needs to be JSON") from None
    if not isinstance(told, dict):
        raise ValueError(f"{CONFIG_NAME} needs names and values (got {told!r})")
    return told


def rebuilding(model: Model | Denoiser) -> dict[str, Any]:
    """Return what builds a model of the same settings and sizes.

    Args:
        model: A registered model or denoiser.

    Example:
        >>> from tvdiff_pyg.nn import MLPDenoiser
        >>> told = rebuilding(MLPDenoiser(2, 3, hidden_channels=8))
        >>> told["part"], told["name"], told["size"]
        ('denoiser', 'mlp', [2, 3])
        >>> told["settings"]["hidden_channels"]
        8
    """
    part = "model" if isinstance(model, Model) else "denoiser"
    shapes = shapes_of(model.state_dict())
    return {**_settings(part, model.config), "size": _size(model), "shapes": shapes}


def shapes_of(state: Mapping[str, Any], of: str = "") -> dict[str, list[int]]:
    """Return how large each tensor of a state is, by its name.

    Args:
        state: Tensors by name, as of ``state_dict()``; what a module keeps beside its
            tensors may be a mapping of the same kind.
        of: What the names begin with. (default: nothing)

    Example:
        >>> shapes_of({"weight": torch.ones(2, 3), "more": {"bias": torch.ones(3)}})
        {'weight': [2, 3], 'more.bias': [3]}
    """
    found: dict[str, list[int]] = {}
    for name, value in state.items():
        if isinstance(value, Mapping):
            found |= shapes_of(value, f"{of}{name}.")
        elif isinstance(value, torch.Tensor):
            found[of + name] = [*value.shape]
    return found


def _check_shapes(state: Any, told: Mapping[str, list[int]]) -> None:
    """Raise unless weights are as large as those that were saved."""
    if not isinstance(state, dict) or not all(isinstance(one, str) for one in state):
        raise ValueError(f"{MODEL_WEIGHTS_NAME} needs weights by their names")
    wanted, found = {f"model.{name}": told[name] for name in told}, shapes_of(state)
    for name in wanted | found:
        if wanted.get(name) != found.get(name):
            raise ValueError(
                f"{MODEL_WEIGHTS_NAME} needs the weights that were saved with "
                f"{CONFIG_NAME}, of which {name!r} is of shape {wanted.get(name)} and "
                f"not {found.get(name)}"
            )


def _size(model: Any) -> list[int]:
    sized = model.model if isinstance(model, Blend) else model
    # What a closed form computed has the size of what it was fitted to.
    return [getattr(sized, name, 1) for name in ("num_users", "num_items")]


def _settings(part: str, config: Any) -> dict[str, Any]:
    if isinstance(config, BlendConfig):
        two = {name: _settings(part, getattr(config, name)) for name in TWO}
        shares = {name: getattr(config, name) for name in SHARES}
        return {"part": part, **shares, **two}
    name = REGISTRIES[part].of(config).name
    return {"part": part, "name": name, "settings": to_flat(config)}


def _config(told: dict[str, Any]) -> Any:
    """Read what :func:`_settings` returned."""
    if "share" in told:
        model, linear = (_config(_told(told, name, dict)) for name in TWO)
        # Those of earlier versions knew no popularity.
        shares = {name: told[name] for name in SHARES if name in told}
        return BlendConfig(model, linear, **shares)
    part = _told(told, "part", str)
    if part not in REGISTRIES:
        raise ValueError(f"'part' needs to be one of {[*REGISTRIES]} (got {part!r})")
    kind = REGISTRIES[part].find(told.get("name"), "name").config
    return from_flat(kind, _told(told, "settings", dict))


def _told(told: dict[str, Any], name: str, kind: type) -> Any:
    """Return what stands under a name of ``config.json``, or raise."""
    value = told.get(name)
    if not isinstance(value, kind):
        raise ValueError(
            f"{CONFIG_NAME} needs {WORDS[kind]} as {name!r} (got {value!r})"
        )
    return value

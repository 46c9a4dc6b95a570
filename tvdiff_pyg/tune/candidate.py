"""What is tuned: a model's settings, of which some stay as they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tvdiff_pyg.models import MODELS
from tvdiff_pyg.search_space import Space
from tvdiff_pyg.training import Settings, read_preset

_UNREAD = object()


@dataclass(frozen=True)
class Candidate:
    """A model to be tuned.

    Args:
        name: What it is called; most often, the name of the model.
        settings: Its settings as they are given, which are the first that are tried.
        fixed: Names of settings that stay as they are. (default: none)

    Raises:
        ImportError: If what computes the model is not installed.

    Example:
        >>> one = Candidate("item-knn", Settings(model="item-knn"), {"similarity"})
        >>> one.first
        {'num_neighbors': 100, 'shrink': 0.1}
    """

    name: str
    settings: Settings
    fixed: frozenset[str] | set[str] = field(default_factory=frozenset)

    def __post_init__(self) -> None:
        """Check that it can be fitted."""
        self.settings.model.check_packages()

    @property
    def space(self) -> Space:
        """What the model says is searched, widened to hold the settings given."""
        return {
            name: values.holding(self.settings[name])
            for name, values in self.settings.search_space.items()
            # A part that another setting has chosen may not read it.
            if name not in self.fixed and self.settings.get(name, _UNREAD) != _UNREAD
        }

    @property
    def first(self) -> dict[str, Any]:
        """The settings that are tried first, as they are given or next to that."""
        return {
            name: values.nearest(self.settings[name])
            for name, values in self.space.items()
        }


def candidates_of(
    models: Sequence[str],
    preset: str | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> list[Candidate]:
    """Return models as they are to be tuned.

    Args:
        models: Registered models, at least one, each once.
        preset: The preset that they begin with, of which each takes what it reads.
            (default: ``None``)
        overrides: Settings that stay as they are, of which each takes what it reads.
            (default: none)

    Raises:
        ValueError: If a model or a setting is unknown, or a setting is read by none of
            the models.
        ImportError: If what computes one of them is not installed.

    Example:
        >>> ease, knn = candidates_of(["ease", "item-knn"], overrides={"l2": 9.0})
        >>> dict(ease.space), list(knn.space)
        ({}, ['num_neighbors', 'shrink', 'similarity'])
    """
    for model in models:
        MODELS.find(model, "models")
    if not models or len(set(models)) < len(models):
        raise ValueError(
            f"'models' needs at least one model, each once (got {list(models)})"
        )
    given = dict(overrides or {})
    base = {} if preset is None else read_preset(preset)
    read = {model: _read(base | given, model) for model in models}
    for name, value in given.items():
        if all(settings.get(name, _UNREAD) is _UNREAD for settings in read.values()):
            raise ValueError(f"'{name}' is not read by any model (got {value!r})")
    return [
        Candidate(model, settings, frozenset(given)) for model, settings in read.items()
    ]


def _read(values: Mapping[str, Any], model: str) -> Settings:
    """Return the settings of a model, with what it reads of some."""
    return Settings.over({**values, "model": model})

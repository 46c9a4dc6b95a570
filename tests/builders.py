"""Models from flat settings, for tests that are not about settings."""

from collections.abc import Iterable
from typing import Any

import pytest

from tvdiff_pyg.config import from_flat
from tvdiff_pyg.models import MODELS, Model, TVDiff


def build(model: str, num_users: int, num_items: int, **settings: Any) -> Any:
    """Build a registered model; settings that it does not read are passed over."""
    kind = MODELS[model].config
    assert kind is not None
    built: Model = from_flat(kind, settings).build(num_users, num_items)
    return built


def tvdiff(num_users: int, num_items: int, **settings: Any) -> TVDiff:
    """Build TV-Diff likewise."""
    model = build("tvdiff", num_users, num_items, **settings)
    assert isinstance(model, TVDiff)
    return model


def packages_of(name: str) -> tuple[str, ...]:
    """Return what a model needs that the package does not."""
    kind = MODELS[name].config if name in MODELS.names() else None
    return () if kind is None else kind().packages


def each_model(names: Iterable[str]) -> list[Any]:
    """Return names as parameters: tests of other packages' models are slow ones.

    Those packages are installed for slow tests only.
    """
    slow = pytest.mark.slow
    return [
        pytest.param(name, marks=slow if packages_of(name) else ()) for name in names
    ]

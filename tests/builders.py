"""Models from flat settings, for tests that are not about settings."""

from typing import Any

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

"""The nonlinearity of a layer, as PyG's layers take it and as a setting says it."""

from collections.abc import Callable
from typing import Literal

from torch import Tensor
from torch.nn import ReLU, Tanh
from torch_geometric.nn.resolver import activation_resolver

Activation = Literal["tanh", "relu", "none"]
Act = Callable[[Tensor], Tensor]

_SETTINGS: dict[type, Activation] = {Tanh: "tanh", ReLU: "relu", type(None): "none"}


def resolve_act(act: str | Act | None) -> Act | None:
    """Return what PyG understands by ``act``.

    Args:
        act: The name of an activation of PyTorch, a function, or ``None`` (also as
            ``"none"``).

    Raises:
        ValueError: If it is none of these.
    """
    try:
        found = None if act == "none" else activation_resolver(act)
    except ValueError:
        found = act
    if found is None or callable(found):
        return found
    raise ValueError(
        f"'act' needs to be the name of an activation of PyTorch, a function or None "
        f"(got {act!r})"
    )


def as_setting(act: Act | None) -> Activation | None:
    """Return the setting that says ``act``; ``None`` if no setting does."""
    return _SETTINGS.get(type(act))

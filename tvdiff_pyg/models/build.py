"""Models by name, built in one place from plain arguments."""

from typing import Any, Literal, get_args

from tvdiff_pyg.models.baselines.bpr_mf import BPRMF
from tvdiff_pyg.models.baselines.lightgcn import LightGCN
from tvdiff_pyg.models.trainable import TrainableModel
from tvdiff_pyg.models.tvdiff import TVDiff

ModelName = Literal["tvdiff", "bpr-mf", "lightgcn", "diffrec"]

# DiffRec is TV-Diff without a graph and without an entropy.
DIFFREC: dict[str, Any] = {"denoiser": "mlp", "temperature": 0.0}


def build_model(
    num_users: int, num_items: int, model: ModelName = "tvdiff", **kwargs: Any
) -> TrainableModel:
    """Build a model.

    Args:
        num_users: Number of users, at least 1.
        num_items: Number of items, at least 1.
        model: ``"tvdiff"``, ``"bpr-mf"``, ``"lightgcn"``, or ``"diffrec"``: TV-Diff
            with the denoiser ``"mlp"`` and temperature 0, whatever ``kwargs`` say.
            (default: ``"tvdiff"``)
        **kwargs: Further arguments of :class:`TVDiff`, :class:`BPRMF` or
            :class:`LightGCN`.

    Returns:
        The model, untrained.

    Raises:
        ValueError: If there is no such model, or an argument is outside its range.

    Example:
        >>> build_model(2, 3, "lightgcn", hidden_channels=8, num_layers=2)
        LightGCN(2, 3, hidden_channels=8, num_layers=2)
    """
    check_model_name(model)
    if model == "bpr-mf":
        return BPRMF(num_users, num_items, **kwargs)
    if model == "lightgcn":
        return LightGCN(num_users, num_items, **kwargs)
    if model == "diffrec":
        kwargs |= DIFFREC
    return TVDiff(num_users, num_items, **kwargs)


def check_model_name(model: str) -> None:
    """Raise unless there is a model of that name."""
    if model not in get_args(ModelName):
        raise ValueError(
            f"'model' needs to be one of {list(get_args(ModelName))} (got {model!r})"
        )

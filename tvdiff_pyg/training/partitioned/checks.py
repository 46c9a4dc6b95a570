"""What can be trained in parts."""

from typing import Any

from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.nn.anisotropic import AnisotropicConfig
from tvdiff_pyg.training.settings import Settings


def check_partitioned(settings: Settings) -> None:
    """Raise unless all that a training reads of users can be parted.

    Args:
        settings: What is trained.

    Raises:
        ValueError: If a setting asks for what reads the users of other processes.

    Example:
        >>> check_partitioned(Settings())
        >>> check_partitioned(Settings(denoiser="gcn"))
        Traceback (most recent call last):
            ...
        ValueError: 'denoiser' needs to be 'anisotropic' with the strategy ...
    """
    model = settings.model
    if not isinstance(model, TVDiffConfig):
        share = settings.get("linear_share")
        name, value = ("linear_share", share) if share else ("model", settings["model"])
        raise _refusal(name, "0" if share else "'tvdiff'", value)
    if not isinstance(model.denoiser, AnisotropicConfig):
        raise _refusal("denoiser", "'anisotropic'", settings["denoiser"])
    for name, needed, holds in (
        ("normalization", "to read the graph", model.denoiser.normalization != "none"),
        ("features", "'none'", not model.denoiser.feature_use.reads),
        ("initialization", "'xavier'", model.initialization == "xavier"),
        ("score_with_dropout", "false", not model.score_with_dropout),
    ):
        if not holds:
            raise _refusal(name, needed, settings[name])


def _refusal(name: str, needed: str, value: Any) -> ValueError:
    what = needed if needed.startswith("to ") else f"to be {needed}"
    return ValueError(
        f"'{name}' needs {what} with the strategy 'partitioned' (got {value!r})"
    )

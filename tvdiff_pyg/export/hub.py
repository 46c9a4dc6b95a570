"""Models in folders and on hubs, by the mixin that PyG has for them."""

import json
import re
from pathlib import Path
from typing import Any

import torch

from tvdiff_pyg.files import check_path
from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.models import Model
from tvdiff_pyg.nn import Denoiser

# As hubs call it.
CONFIG_NAME = "config.json"
HUB_NAME = r"([\w-][\w.-]*/)?[\w-][\w.-]*"
PACKAGES = ("huggingface_hub", "jinja2")


def save_pretrained(
    model: Model | Denoiser, folder: str | Path, dataset: str = "", **options: Any
) -> None:
    """Save a model or a denoiser by PyG's ``PyGModelHubMixin``.

    The folder gets ``config.json``, the settings and sizes, and ``model.pth``, the
    weights. The interactions are not among them: ids and histories stay with the run.

    Args:
        model: A registered model or denoiser that reads no features, or a blend.
        folder: Where to; made if absent.
        dataset: What the card of the model calls the data. (default: ``""``)
        **options: More of ``PyGModelHubMixin.save_pretrained``, such as
            ``push_to_hub`` and ``repo_id``.

    Raises:
        ImportError: If huggingface_hub or jinja2 is not installed.
        ValueError: If it is something else, reads features, or is registered nowhere.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.nn import MLPDenoiser
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_pretrained(MLPDenoiser(2, 3, hidden_channels=8), folder)
        ...     from_pretrained(folder)
        MLPDenoiser(2, 3, hidden_channels=8)
    """
    check_installed(PACKAGES, "a model hub", "hub")
    check_path("folder", folder)
    if not isinstance(model, Model | Denoiser):
        raise ValueError(
            "'model' needs to be a model or a denoiser of this library "
            f"(got {type(model).__name__})"
        )
    from tvdiff_pyg.export.hub_model import HubModel, rebuilding

    held = HubModel(type(model).__name__, dataset, rebuilding(model))
    if _shapes(held.model) != _shapes(model):
        raise ValueError(
            "'model' needs to read no features, which its settings do not hold "
            f"(got {model!r})"
        )
    held.model = model
    save: Any = held.save_pretrained
    save(folder, **options)


def from_pretrained(name: str | Path, **options: Any) -> Any:
    """Read what :func:`save_pretrained` saved.

    What can be a folder only is looked for here alone, and so is what would be in a
    folder that there is: no network is asked.

    Args:
        name: A folder, or the name of a model on the hub.
        **options: More of ``PyGModelHubMixin.from_pretrained``, such as ``revision``
            and ``token``.

    Returns:
        The model or the denoiser, in ``eval`` mode, on the CPU.

    Raises:
        ImportError: If huggingface_hub or jinja2 is not installed.
        FileNotFoundError: If there is no such folder, nor such a model on the hub.
        ValueError: If it was saved by something else, or is damaged.
    """
    check_installed(PACKAGES, "a model hub", "hub")
    from tvdiff_pyg.export.hub_model import HubModel

    check_path("name", name)
    folder = Path(name)
    if not folder.exists() and (isinstance(name, Path) or _is_place(name)):
        raise FileNotFoundError(
            f"'name' needs a folder of 'save_pretrained', or the name of a model on "
            f"the hub (got {str(name)!r}, and there is no such folder)"
        )
    if folder.exists() and not (folder / CONFIG_NAME).is_file():
        raise ValueError(
            f"'name' needs a folder of 'save_pretrained', with {CONFIG_NAME} "
            f"(got {str(name)!r})"
        )
    if folder.exists():
        _check_config(folder / CONFIG_NAME)
    try:
        return HubModel.from_pretrained(str(name), **options).model
    except OSError as error:
        raise FileNotFoundError(
            f"'name' needs a folder of 'save_pretrained', or the name of a model on "
            f"the hub that can be reached (got {str(name)!r}: {_short(error)})"
        ) from error
    except (AttributeError, KeyError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(
            f"'name' needs what 'save_pretrained' of this version saved (got "
            f"{str(name)!r}: {_short(error)})"
        ) from error


def _check_config(file: Path) -> None:
    """Raise unless a file has names and values, before the mixin asks it for them."""
    try:
        told = json.loads(file.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ValueError(f"'name' needs names and values in {CONFIG_NAME} (got {file})")


def _is_place(name: str) -> bool:
    """Whether a name can only be that of a folder, or would be in one that there is."""
    if re.fullmatch(HUB_NAME, name) is None:
        return True
    return "/" in name and Path(name).parent.is_dir()


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:300]


def _shapes(model: torch.nn.Module) -> dict[str, Any]:
    """Return how large each weight is; what a closed form computed is no tensor."""
    state = model.state_dict()
    return {name: getattr(value, "shape", None) for name, value in state.items()}

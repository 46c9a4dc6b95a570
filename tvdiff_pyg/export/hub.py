"""Models in folders and on hubs, by the mixin that PyG has for them."""

import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import torch

from tvdiff_pyg.export.hub_options import Download, Push, check_hub_name
from tvdiff_pyg.field_types import check_fits
from tvdiff_pyg.files import check_path
from tvdiff_pyg.folders import check_folder, replacing_together
from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.models import Model
from tvdiff_pyg.nn import Denoiser
from tvdiff_pyg.printable import printable
from tvdiff_pyg.ranges import check_bool

# As hubs call them.
CONFIG_NAME = "config.json"
WEIGHTS_NAME = "model.pth"
CARD_NAME = "README.md"
HUB_NAME = r"([\w-][\w.-]*/)?[\w-][\w.-]*"
PACKAGES = ("huggingface_hub", "jinja2")


def save_pretrained(
    model: Model | Denoiser,
    folder: str | Path,
    dataset: str = "",
    push_to_hub: bool = False,
    **options: Any,
) -> None:
    """Save a model or a denoiser by PyG's ``PyGModelHubMixin``.

    The folder gets ``config.json``, the settings and sizes, ``model.pth``, the weights,
    and a card, ``README.md``, unless there is one. The interactions are not among them:
    ids and histories stay with the run.

    Args:
        model: A registered model or denoiser that reads no features, or a blend.
        folder: Where to; made if absent.
        dataset: What the card of the model calls the data. (default: ``""``)
        push_to_hub: Whether the same is sent to a hub. (default: ``False``)
        **options: How it is sent: ``repo_id``, its name there, which is needed, and
            ``commit_message``, ``private``, ``token``, ``branch`` and ``create_pr``.

    Raises:
        ImportError: If huggingface_hub or jinja2 is not installed.
        OSError: If it cannot be written, of which nothing is left then, or not sent.
        ValueError: If it is something else, reads features, or is registered nowhere,
            or if another argument is not what it needs to be.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.nn import MLPDenoiser
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     save_pretrained(MLPDenoiser(2, 3, hidden_channels=8), folder)
        ...     from_pretrained(folder)
        MLPDenoiser(2, 3, hidden_channels=8)
    """
    check_installed(PACKAGES, "a model hub", "hub")
    check_folder("folder", folder)
    _check_line("dataset", dataset)
    check_bool("push_to_hub", push_to_hub)
    push = Push.of(**options) if push_to_hub else None
    if push is None and options:
        name, value = next(iter(options.items()))
        raise ValueError(f"'{name}' has no use without 'push_to_hub' (got {value!r})")
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
    with replacing_together(folder) as whole:
        held.save_pretrained(whole)
        if Path(folder, CARD_NAME).exists():
            (whole / CARD_NAME).unlink()  # Somebody may have written more into it.
    if push is not None:
        held.push(push)


def from_pretrained(name: str | Path, **options: Any) -> Any:
    """Read what :func:`save_pretrained` saved.

    What can be a folder only is looked for here alone, and so is what would be in a
    folder that there is: no network is asked.

    Args:
        name: A folder, or the name of a model on the hub.
        **options: How it is read from a hub: ``revision``, ``token``, ``cache_dir``,
            ``force_download`` and ``local_files_only``.

    Returns:
        The model or the denoiser, in ``eval`` mode, on the CPU.

    Raises:
        ImportError: If huggingface_hub or jinja2 is not installed.
        FileNotFoundError: If there is no such folder, nor such a model on the hub.
        ValueError: If it was saved by something else, or is damaged, or if another
            argument is not what it needs to be.
    """
    check_installed(PACKAGES, "a model hub", "hub")
    from tvdiff_pyg.export.hub_model import HubModel, read_config

    check_path("name", name)
    download = Download.of(**options)
    folder = Path(name)
    if os.path.exists(folder):
        find = partial(Path, folder)
        if not find(CONFIG_NAME).is_file():
            raise ValueError(
                f"'name' needs a folder of 'save_pretrained', with {CONFIG_NAME} "
                f"(got {str(name)!r})"
            )
    else:
        _check_on_hub(name)
        find = partial(download.file, str(name))
    try:
        config = read_config(find(CONFIG_NAME))
        return HubModel.read(config, find(WEIGHTS_NAME)).model
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


def _check_line(name: str, text: Any) -> None:
    check_fits(name, text, str)
    if printable(text) != text:
        raise ValueError(f"'{name}' needs to be a line of text (got {text!r})")


def _check_on_hub(name: str | Path) -> None:
    """Raise unless a hub is to be asked for a name that is no folder here."""
    if isinstance(name, Path) or _is_place(name):
        raise FileNotFoundError(
            f"'name' needs a folder of 'save_pretrained', or the name of a model on "
            f"the hub (got {str(name)!r}, and there is no such folder)"
        )
    check_hub_name("name", name)


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

"""What is written for each format, and the dispatch between them."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from tvdiff_pyg import __version__
from tvdiff_pyg.export.files import write_array, write_json, write_rows
from tvdiff_pyg.export.onnx_graph import write_onnx
from tvdiff_pyg.export.parts import parts_of
from tvdiff_pyg.export.user_tower import UserTower
from tvdiff_pyg.field_types import check_fits
from tvdiff_pyg.files import replacing
from tvdiff_pyg.folders import check_folder, replacing_together
from tvdiff_pyg.models import TVDiffScorer
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.recommend.factors import known_factors

#: What a run can be exported to.
Format = Literal["safetensors", "onnx", "faiss"]


def export(
    recommender: Recommender, folder: str | os.PathLike[str], to: Format
) -> list[Path]:
    """Write what serves recommendations without this library.

    Every format writes ``items.json``, the original ids of the items in the order of
    their factors (``ids``), with their ``titles`` if there are any. Beside it stand:

    - ``"safetensors"``: ``factors.safetensors``, with ``item_factor``, ``user_factor``
      and, of a blend, ``linear.rowptr``, ``linear.col`` and ``linear.value``, and of
      one with popularity ``item_bias``; and ``users.json``, the users' ids.
    - ``"onnx"``: ``user_tower.onnx``, the user tower with the reverse process, from
      ``history``, item indices padded by -1, to ``factor``; ``item_factor.npy``; and of
      a blend ``linear.npz``, a sparse matrix of SciPy, and ``item_bias.npy``.
    - ``"faiss"``: ``items.faiss``, an index that compares all items.

    A score is the inner product of both factors, plus, of a blend, the sum of the rows
    of ``linear`` that stand for the history's items and, where there is one,
    ``item_bias``.

    Args:
        recommender: The trained model with its interactions.
        folder: The folder, made if absent; files in it are replaced, and those of a
            blend removed where there is none.
        to: The format.

    Returns:
        The files, all of them whole, or none has changed.

    Raises:
        OSError: If they cannot be written.
        ImportError: If a package that the format takes is not installed.
        ValueError: If the model's scores are of another form.

    Example:
        >>> import pytest, tempfile; _ = pytest.importorskip("faiss")
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> from tvdiff_pyg.models import TVDiffConfig
        >>> graph = SyntheticBipartite(9, 8, 18)[0]
        >>> recommender = Recommender(TVDiffConfig().build(9, 8), graph)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [file.name for file in export(recommender, folder, "faiss")]
        ['items.faiss', 'items.json']
    """
    check_fits("to", to, Format)
    check_folder("folder", folder)
    if not isinstance(recommender, Recommender):
        raise ValueError(
            f"'recommender' needs to be a Recommender (got "
            f"{type(recommender).__name__})"
        )
    items = recommender.items
    titles = {} if items.titles is None else {"titles": list(items.titles)}
    about = {"ids": items.ids.ids(), **titles}
    # Factors beside the ids of other items would serve those.
    with replacing_together(folder) as partial:
        written = WRITERS[to](recommender, partial)
        written.append(write_json(partial / "items.json", about))
    files = [Path(folder, file.name) for file in written]
    for name in BLENDED.get(to, ()):
        if (file := Path(folder, name)) not in files:
            file.unlink(missing_ok=True)
    return files


def _safetensors(recommender: Recommender, home: Path) -> list[Path]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import save_file
    except ImportError as error:
        raise ImportError(
            "'safetensors' needs to be installed to write its files: "
            "pip install 'tvdiff_pyg[export]'"
        ) from error
    factors, linear, item_bias = parts_of(recommender.scorer, _name(recommender))
    file = home / "factors.safetensors"
    tensors = {
        "item_factor": factors.item_factor,
        "user_factor": known_factors(factors),
    }
    if linear is not None:
        rows = {"rowptr": linear.rowptr, "col": linear.col, "value": linear.values()}
        tensors |= {f"linear.{name}": one for name, one in rows.items()}
    if item_bias is not None:
        tensors["item_bias"] = item_bias
    tensors = {name: one.detach().cpu().contiguous() for name, one in tensors.items()}
    about = {"model": _name(recommender), "tvdiff_pyg": __version__}
    try:
        with replacing(file) as partial:
            save_file(tensors, partial, about)
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), os.fspath(file)) from error
    users = write_json(home / "users.json", {"ids": recommender.graph.user_ids.ids()})
    return [file, users]


def _onnx(recommender: Recommender, home: Path) -> list[Path]:
    factors, linear, item_bias = parts_of(recommender.scorer, _name(recommender))
    if not isinstance(factors, TVDiffScorer):
        raise ValueError(
            f"'onnx' needs a model that denoises histories, such as TVDiff "
            f"(got {_name(recommender)})"
        )
    tower = UserTower(factors)
    tower.check()
    written = [
        write_onnx(home / "user_tower.onnx", tower),
        write_array(home / "item_factor.npy", factors.item_factor),
    ]
    if linear is not None:
        written.append(write_rows(home / "linear.npz", linear))
    if item_bias is not None:
        written.append(write_array(home / "item_bias.npy", item_bias))
    return written


def _faiss(recommender: Recommender, home: Path) -> list[Path]:
    index = recommender.index()
    file = home / "items.faiss"
    index.save(file)
    return [file]


def _name(recommender: Recommender) -> str:
    return type(recommender.model).__name__


# What stands beside the factors of a blend alone, and would be added to others'.
BLENDED = {"onnx": ("linear.npz", "item_bias.npy")}
WRITERS: dict[str, Callable[[Recommender, Path], list[Path]]] = {
    "safetensors": _safetensors,
    "onnx": _onnx,
    "faiss": _faiss,
}

"""The files of an export, each whole or not at all."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from torch import Tensor

from tvdiff_pyg.files import replacing, write_text
from tvdiff_pyg.sparse import CSR


def write_json(path: Path, content: Mapping[str, Any]) -> Path:
    """Write names and values.

    Args:
        path: The file.
        content: What it is to hold.
    """
    write_text(path, json.dumps(content, ensure_ascii=False) + "\n")
    return path


def write_array(path: Path, array: Tensor) -> Path:
    """Write an array as NumPy reads it.

    Args:
        path: The file.
        array: The array.
    """
    with replacing(path) as partial, open(partial, "wb") as file:
        np.save(file, array.detach().cpu().numpy())
    return path


def write_rows(path: Path, rows: CSR) -> Path:
    """Write a sparse matrix as ``scipy.sparse.load_npz`` reads it.

    Args:
        path: The file.
        rows: The matrix.
    """
    parts = {"indices": rows.col, "indptr": rows.rowptr, "data": rows.values()}
    arrays: dict[str, Any] = {
        name: one.detach().cpu().numpy() for name, one in parts.items()
    }
    shape = np.array([rows.num_rows, rows.num_cols])
    with replacing(path) as partial, open(partial, "wb") as file:
        np.savez(file, format=np.array(b"csr"), shape=shape, **arrays)
    return path

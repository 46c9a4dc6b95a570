"""A user tower as an ONNX graph."""

from pathlib import Path

import torch
from torch.export import Dim

from tvdiff_pyg.export.user_tower import UserTower
from tvdiff_pyg.files import replacing
from tvdiff_pyg.quiet import onnx_written_quietly

# Sizes above 1, which an export takes for any.
EXAMPLE = torch.tensor([[0, 0, -1], [0, -1, -1]])


def write_onnx(path: Path, tower: UserTower) -> Path:
    """Write a graph from ``history``, of any number and length, to ``factor``.

    Args:
        path: The file.
        tower: The tower.

    Raises:
        ImportError: If the packages that write ONNX are not installed.
    """
    try:
        import onnxscript  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "'onnxscript' needs to be installed to write ONNX: "
            "pip install 'tvdiff_pyg[export]'"
        ) from error
    with onnx_written_quietly():
        program = torch.onnx.export(
            tower.cpu().eval(),
            (EXAMPLE,),
            dynamo=True,
            verbose=False,
            input_names=["history"],
            output_names=["factor"],
            dynamic_shapes=({0: Dim("batch_size"), 1: Dim("length")},),
        )
    assert program is not None
    with replacing(path) as partial:
        program.save(partial, external_data=False)
    return path

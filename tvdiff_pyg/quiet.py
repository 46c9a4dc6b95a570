"""What newer releases of torch warn of, though whoever reads it cannot change it."""

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


def ignore_torchscript() -> None:
    """Leave out, from now on, that ``torch.jit.script`` is deprecated.

    PyG calls it while it is imported, and who uses this package cannot change that.
    """
    warnings.filterwarnings(
        "ignore", "`torch.jit.script` is", FutureWarning, r"torch\.jit\._script"
    )


@contextmanager
def pyg_imported_quietly() -> Iterator[None]:
    """Leave it out for a while; what else is warned of is said."""
    with warnings.catch_warnings():
        ignore_torchscript()
        yield


@contextmanager
def tensors_read_quietly() -> Iterator[None]:
    """Leave out for a while that sparse tensors are checked as they are read."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Validating sparse tensor invariants")
        yield


@contextmanager
def onnx_written_quietly() -> Iterator[None]:
    """Leave out for a while what ONNX's exporter calls deprecated, or goes without."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        logger.setLevel(logging.ERROR)
        try:
            yield
        finally:
            logger.setLevel(level)

"""The mode that a module scores in, whatever mode it is in."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def scoring_mode(module: torch.nn.Module) -> Iterator[None]:
    """Compute without gradients and in ``eval`` mode, and go back to the module's own.

    Args:
        module: The module.

    Example:
        >>> layer = torch.nn.Dropout(0.5)
        >>> with scoring_mode(layer):
        ...     layer(torch.ones(3)).tolist()
        [1.0, 1.0, 1.0]
        >>> layer.training
        True
    """
    training = module.training
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(training)

"""What FSDP2 has sharded or freed: one sentence, where a kernel would read past it."""

from torch import Tensor

from tvdiff_pyg.sparse.checks import traced


def check_gathered(weight: Tensor) -> None:
    """Raise a ``ValueError`` unless a parameter is whole, as it is in ``forward``."""
    if hasattr(weight, "full_tensor"):
        raise ValueError(
            "parameters need to be gathered: outside 'forward', FSDP2 does so for "
            "methods that 'register_fsdp_forward_method' names (got a sharded one)"
        )


def check_held(name: str, x: Tensor) -> None:
    """Raise a ``ValueError`` if the memory of a gathered parameter was freed again.

    Args:
        name: Name of the argument, for the error.
        x: Whose memory needs to be there.
    """
    if traced() or x.is_meta or x.numel() == 0:
        return
    if x.untyped_storage().nbytes() == 0:
        raise ValueError(
            f"'{name}' needs its memory: shard what several methods read with "
            "'reshard_after_forward=False' (got a tensor that FSDP2 has freed)"
        )

"""Models: TV-Diff, composed from the layers, the diffusion, the loss, the samplers."""

from tvdiff_pyg.models.tvdiff import ItemSide, TVDiff

__all__ = ["ItemSide", "TVDiff"]

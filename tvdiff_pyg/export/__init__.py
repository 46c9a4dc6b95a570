"""Trained models as files that other programs serve."""

from tvdiff_pyg.export.formats import Format, export
from tvdiff_pyg.export.hub import from_pretrained, save_pretrained

__all__ = ["Format", "export", "from_pretrained", "save_pretrained"]

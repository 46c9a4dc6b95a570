"""Runs side by side on one page that needs no other file and no network."""

from tvdiff_pyg.explore.write import explore

__all__ = ["explore"]

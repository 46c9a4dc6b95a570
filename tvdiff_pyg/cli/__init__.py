"""The ``tvdiff`` command; each of its subcommands has a file here."""

from tvdiff_pyg.cli.main import main, parse

__all__ = ["main", "parse"]

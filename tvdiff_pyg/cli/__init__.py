"""The ``tvdiff`` command; each of its subcommands has a file here."""

from tvdiff_pyg.cli.main import build_parser, main

__all__ = ["build_parser", "main"]

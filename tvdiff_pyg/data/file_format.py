"""What a file of interactions can hold."""

from typing import Literal

FileFormat = Literal["auto", "table", "adjacency", "atomic", "json", "parquet"]
"""A table of text, an adjacency list (a user and all its items in each line), an atomic
file of RecBole, objects of JSON, or Parquet; ``"auto"`` by what is in it."""

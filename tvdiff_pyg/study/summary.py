"""Records as tables: one row a cell, and means with their spread over the seeds."""

from collections.abc import Sequence

import polars as pl

from tvdiff_pyg.data.data_options import dataset_arguments
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.study.columns import COLUMNS, Column

KEY = ("data", "variant", "seed")
TEXTS = ("findings",)
SIZES = ("users", "items", "interactions")
# What the table holds beside what studies show.
FURTHER = (
    Column("validation_recall", "", "", path=("metrics", "validation", "recall@20")),
    Column("score_seconds", "", "", path=("seconds", "score")),
    Column("interactions", "", "", path=("graph", "train")),
)


def cell_table(records: Sequence[Record]) -> pl.DataFrame:
    """Flatten records.

    Args:
        records: Records of one study.

    Returns:
        A row a record: data, variant, seed, then numbers.

    Example:
        >>> metrics = {"test": {"recall@20": 0.5, "ndcg@20": 0.25}}
        >>> record = {"data": "mine", "variant": "1", "seed": 0, "metrics": metrics}
        >>> cell_table([record])["recall"].to_list()
        [0.5]
    """
    return pl.DataFrame([_flat(record) for record in records], infer_schema_length=None)


def seed_means(cells: pl.DataFrame) -> pl.DataFrame:
    """Average over the seeds of each variant on each graph, in order of appearance.

    Args:
        cells: A table of :func:`cell_table`.

    Returns:
        A row for each data and variant: ``seeds``, and for each number its mean by its
        own name and its sample standard deviation by ``NAME_spread`` (null of a single
        seed).
    """
    numbers = [name for name in cells.columns if name not in (*KEY, *TEXTS)]
    return cells.group_by("data", "variant", maintain_order=True).agg(
        pl.len().alias("seeds"),
        *(pl.col(name).mean() for name in numbers),
        *(pl.col(name).std().alias(f"{name}_spread") for name in numbers),
    )


def of_variant(cells: pl.DataFrame, data: str, variant: str, name: str) -> list[float]:
    """Return a number of each seed, in the order of the seeds.

    Args:
        cells: A table of :func:`cell_table`.
        data: The data.
        variant: The variant.
        name: The number.
    """
    rows = cells.filter(data=data, variant=variant).sort("seed")
    return rows[name].to_list() if name in rows.columns else []


def graph_label(data: str) -> str:
    """Shorten the name of a synthetic graph; others stay.

    Args:
        data: The data, as :class:`~tvdiff_pyg.data.DataOptions` names it.

    Example:
        >>> graph_label("synthetic:num_users=90,num_items=80,num_interactions=1000")
        'synthetic 90 x 80, 1,000'
    """
    if not data.startswith("synthetic:"):
        return data
    arguments = dataset_arguments(data)
    users, items, count = (arguments.pop(f"num_{name}") for name in SIZES)
    further = "".join(f", {name} {value}" for name, value in arguments.items())
    return f"synthetic {users:,} x {items:,}, {count:,}{further}"


def _flat(record: Record) -> Record:
    flat: Record = {name: record[name] for name in KEY}
    flat["data"] = graph_label(record["data"])
    for column in (*COLUMNS.values(), *FURTHER):
        if column.path:
            flat[column.name] = column.read(record)
    flat["findings"] = " ".join(record.get("findings", []))
    return {**flat, **record.get("measures", {})}

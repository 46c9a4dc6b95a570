"""Records as tables: one row a cell, and means with their spread over the seeds."""

from collections.abc import Sequence

import polars as pl

from tvdiff_pyg.data.data_options import dataset_arguments
from tvdiff_pyg.field_types import fits
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.printable import printable
from tvdiff_pyg.study.columns import COLUMNS, Column
from tvdiff_pyg.study.convergence import has_converged

#: What the name of a number ends with that another cannot be told from none below.
LIMIT = "_limit"
KEY = ("data", "variant", "seed")
# What is no number.
OTHERS = ("findings", "converged")
# What is told of a graph that is made, by how it is made.
_NAMED = {
    "synthetic": ("num_users", "num_items", "num_interactions"),
    "fractal": ("name", "factor_users", "factor_items"),
}
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
        A row a record, of data, variant, seed, then numbers, what training found, and
        whether it had converged. Numbers below what can be detected are at that limit.

    Raises:
        ValueError: If a record holds something else where a number belongs.

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
        A row for each data and variant: ``seeds``, ``unconverged`` of them, and for
        each number its mean by its own name and its sample standard deviation by
        ``NAME_spread`` (null of a single seed).
    """
    numbers = [name for name in cells.columns if name not in (*KEY, *OTHERS)]
    return cells.group_by("data", "variant", maintain_order=True).agg(
        pl.len().alias("seeds"),
        (~pl.col("converged")).sum().alias("unconverged"),
        *(pl.col(name).mean() for name in numbers),
        *(pl.col(name).std().alias(f"{name}_spread") for name in numbers),
    )


def graph_label(data: str) -> str:
    """Shorten the name of a synthetic or a grown graph; others stay.

    Args:
        data: The data, as :class:`~tvdiff_pyg.data.DataOptions` names it.

    Example:
        >>> graph_label("synthetic:num_users=90,num_items=80,num_interactions=1000")
        'synthetic 90 x 80, 1,000'
        >>> graph_label("fractal:name=lastfm,factor_users=2,factor_items=3")
        'lastfm, grown 2 x 3'
    """
    kind = data.partition(":")[0]
    named = _NAMED.get(kind, ())
    arguments = dataset_arguments(data) if named else {}
    if not named or not set(named) <= set(arguments):
        return printable(data)
    first, second, third = (arguments.pop(name) for name in named)
    further = "".join(f", {name} {value}" for name, value in arguments.items())
    if kind == "synthetic":
        return f"synthetic {first:,} x {second:,}, {third:,}{further}"
    return f"{printable(str(first))}, grown {second} x {third}{further}"


def _flat(record: Record) -> Record:
    flat: Record = {name: record[name] for name in KEY}
    flat["data"] = graph_label(record["data"])
    for column in (*COLUMNS.values(), *FURTHER):
        if column.path:
            flat[column.name] = column.read(record)
    flat |= record.get("measures", {})
    for name, value in flat.items():
        if name not in KEY and not fits(value, float | None):
            raise ValueError(
                f"'{name}' needs to be a number in the record of {record['data']}, "
                f"{record['variant']}, seed {record['seed']} (got {value!r})"
            )
    for name in [one.removesuffix(LIMIT) for one in flat if one.endswith(LIMIT)]:
        if None not in (flat.get(name), flat[name + LIMIT]):
            flat[name] = max(flat[name], flat[name + LIMIT])
    findings = " ".join(record.get("findings", []))
    return {**flat, "findings": findings, "converged": has_converged(record)}

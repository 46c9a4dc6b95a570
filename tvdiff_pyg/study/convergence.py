"""Which cells had not converged: no verdict rests on them."""

from collections.abc import Collection, Iterable

import polars as pl

from tvdiff_pyg.field_types import fits
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.training.training_config import TrainingConfig

#: What a report says above the list of them.
NOT_CONVERGED = (
    "Trainings that their number of epochs ended before their patience did. No verdict "
    "rests on them, but for costs that are the same in every epoch."
)


def has_converged(record: Record) -> bool:
    """Whether a training ended for want of progress rather than of epochs.

    It did where as many checks as its patience came after the best one; otherwise its
    number of epochs ended it, while validation rose or shortly after.

    Args:
        record: The record of a cell; one that was fitted in closed form has converged.

    Raises:
        ValueError: If its settings are not those of a training.

    Example:
        >>> record = {"settings": {"patience": 3, "check_every": 5}, "epochs": 40}
        >>> has_converged({**record, "best_epoch": 25})
        True
        >>> has_converged({**record, "best_epoch": 35})
        False
    """
    best, epochs = record.get("best_epoch"), record.get("epochs")
    if best is None or epochs is None:
        return True
    found = {name: _setting(record, name) for name in ("check_every", "patience")}
    every = min(found["check_every"], _setting(record, "max_epochs"))
    return bool(epochs // every - best // every >= found["patience"])


def not_converged(cells: Collection[tuple[str, int]]) -> str:
    """Name cells of one graph in a sentence behind a space, if there are any.

    Args:
        cells: Their variants and seeds.

    Example:
        >>> not_converged([("2", 0), ("4", 1), ("2", 1), ("2", 0)])
        ' Not converged: 2 (seeds 0, 1), 4 (seed 1).'
        >>> not_converged([])
        ''
    """
    return f" Not converged: {name_cells(cells)}." if cells else ""


def name_cells(cells: Iterable[tuple[str, int]]) -> str:
    """Name cells of one graph.

    Args:
        cells: Their variants and seeds.

    Example:
        >>> name_cells([("2", 0), ("4", 1), ("2", 1), ("2", 0)])
        '2 (seeds 0, 1), 4 (seed 1)'
    """
    seeds: dict[str, set[int]] = {}
    for variant, seed in cells:
        seeds.setdefault(variant, set()).add(seed)
    return ", ".join(
        f"{variant} (seed{'s' if len(found) > 1 else ''} "
        f"{', '.join(map(str, sorted(found)))})"
        for variant, found in seeds.items()
    )


def unconverged_cells(cells: pl.DataFrame) -> dict[str, str]:
    """Name the cells that had not converged, graph by graph.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
    """
    rows = cells.filter(~pl.col("converged"))
    return {
        data: name_cells(rows.filter(data=data).select("variant", "seed").iter_rows())
        for data in rows["data"].unique(maintain_order=True)
    }


def _setting(record: Record, name: str) -> int:
    """Return a setting of training; one that is missing had its default."""
    value = record.get("settings", {}).get(name, getattr(TrainingConfig, name))
    if not fits(value, int) or value < 1:
        raise ValueError(f"'{name}' needs to be at least 1 (got {value!r})")
    return int(value)

"""What the cells of a study measured on one graph, for its claims to be judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.ranges import check_number
from tvdiff_pyg.significance import Comparison, compare, user_values
from tvdiff_pyg.study.columns import COLUMNS
from tvdiff_pyg.study.difference import Difference
from tvdiff_pyg.study.kept_users import KeptUsers
from tvdiff_pyg.study.summary import LIMIT, cell_table

Cells = tuple[tuple[str, int], ...]

#: The share of a number that makes no difference, unless another is given.
MARGIN = 0.01


@dataclass(frozen=True)
class Results:
    """What the cells of a study measured on one graph.

    Args:
        data: The graph.
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`, of this graph.
        margin: The share of a number that makes no difference. (default: ``0.01``)
        users: What each test user counts, by variant and seed, where that was kept:
            frames as of ``metrics_per_user.parquet``. (default: none)

    Example:
        >>> cells = pl.DataFrame(
        ...     {
        ...         "variant": ["1", "1", "2", "2"],
        ...         "seed": [0, 1, 0, 1],
        ...         "ndcg": [0.2, 0.21, 0.1, 0.11],
        ...         "converged": True,
        ...     }
        ... )
        >>> Results("mine", cells).difference("ndcg", "1", "2").outcome
        'holds'
    """

    data: str
    cells: pl.DataFrame
    margin: float = MARGIN
    users: Mapping[tuple[str, int], pl.DataFrame] = field(default_factory=dict)

    @cached_property
    def variants(self) -> list[str]:
        """The variants that there are, in order of appearance."""
        return self.cells["variant"].unique(maintain_order=True).to_list()

    def by_seed(self, variant: str, name: str) -> dict[int, float]:
        """Return a number of a variant with each seed that it is defined with.

        Args:
            variant: The variant.
            name: The number, one of the columns.
        """
        rows = self.cells.filter(variant=variant).sort("seed")
        if name not in rows.columns:
            return {}
        pairs = rows.select("seed", name).iter_rows()
        return {seed: value for seed, value in pairs if value is not None}

    def unconverged(self, variants: Sequence[str]) -> Cells:
        """Return the cells of some variants that had not converged.

        Args:
            variants: The variants.
        """
        rows = self.cells.filter(
            ~pl.col("converged") & pl.col("variant").is_in(list(variants))
        )
        return tuple(rows.select("variant", "seed").iter_rows())

    def difference(
        self, name: str, one: str, other: str, less: bool = False
    ) -> Difference | None:
        """Compare one variant's number with another's, over the seeds of both.

        The interval is that of the mean over seeds or, where the number is a metric
        that was kept of each user with each of them, over users and seeds.

        Args:
            name: The number, one of the columns.
            one: The variant.
            other: The variant to compare with.
            less: Whether the claim is that it is less. (default: ``False``)

        Returns:
            The difference; ``None`` where no seed has both.
        """
        first, second = self.by_seed(one, name), self.by_seed(other, name)
        seeds = [seed for seed in first if seed in second]
        if not seeds:
            return None
        ours, theirs = ([found[seed] for seed in seeds] for found in (first, second))
        column = COLUMNS[name]
        users = self._over_users(column.path, one, other, seeds)
        if users is None:
            gap = Difference.of_seeds(ours, theirs, self.margin)
        else:
            gap = Difference.of_users(users, float(np.mean(theirs)), self.margin)
        rests_on = () if column.any_epoch else self.unconverged((one, other))
        unconverged = tuple(cell for cell in rests_on if cell[1] in seeds)
        return replace(gap, less=less, unconverged=unconverged)

    def _over_users(
        self, path: Sequence[str], one: str, other: str, seeds: Sequence[int]
    ) -> Comparison | None:
        """Compare what users count, if it was kept of all of these cells."""
        if path[:2] != ("metrics", "test"):
            return None
        metric, runs = path[2], {}
        for variant in (one, other):
            kept = (self.users.get((variant, seed)) for seed in seeds)
            runs[variant] = [
                frame for frame in kept if frame is not None and metric in frame
            ]
            if len(runs[variant]) < len(seeds):
                return None
        values = user_values(runs, metric)
        common = np.isfinite(values[one] - values[other]).any(axis=0)
        return compare(values[one], values[other]) if common.sum() > 1 else None

    def best(self, among: Sequence[str] | None = None) -> str | None:
        """Return the variant of the highest validation NDCG@20, averaged over the seeds
        that all variants have; of those that had converged, if there are any.

        Args:
            among: The variants to choose from; all if omitted. (default: ``None``)
        """
        among = self.variants if among is None else among
        settled = [name for name in among if not self.unconverged([name])]
        rows = self.cells.filter(pl.col("variant").is_in(list(settled or among)))
        # Seeds differ by more than variants do: a mean over other seeds says nothing.
        count = pl.col("variant").n_unique()
        rows = rows.filter(count.over("seed") == rows["variant"].n_unique())
        means = rows.group_by("variant", maintain_order=True).agg(
            pl.col("validation_ndcg").mean()
        )
        means = means.drop_nulls().sort("validation_ndcg", descending=True)
        return None if means.is_empty() else str(means["variant"][0])

    def quote(self, variant: str, name: str) -> str:
        """Print a variant's mean and spread of a number.

        Args:
            variant: The variant.
            name: The number, one of the columns.
        """
        values = list(self.by_seed(variant, name).values())
        limits = list(self.by_seed(variant, name + LIMIT).values())
        return COLUMNS[name].format(
            float(np.mean(values)) if values else None,
            float(np.std(values, ddof=1)) if len(values) > 1 else None,
            float(np.mean(limits)) if limits else None,
        )

    def quote_each(self, variants: Sequence[str], name: str) -> str:
        """Print a number of several variants.

        Args:
            variants: The variants.
            name: The number, one of the columns.
        """
        return ", ".join(
            f"{variant} {self.quote(variant, name)}" for variant in variants
        )


def results_of(
    records: Sequence[Record], margin: float = MARGIN, users: KeptUsers | None = None
) -> list[Results]:
    """Part the records of a study by graph.

    Args:
        records: The records.
        margin: The share of a number that makes no difference. (default: ``0.01``)
        users: Finds what each test user counts in a cell. (default: nothing is kept)

    Raises:
        ValueError: If the margin is out of range, or what was kept cannot be read.
    """
    check_number("margin", margin, 0)
    cells = cell_table(records)
    kept: dict[str, dict[tuple[str, int], pl.DataFrame]] = {}
    for record, data in zip(records, cells["data"], strict=True):
        frame = None if users is None else users.read(record)
        if frame is not None:
            kept.setdefault(data, {})[record["variant"], record["seed"]] = frame
    return [
        Results(data, cells.filter(data=data), margin, kept.get(data, {}))
        for data in cells["data"].unique(maintain_order=True)
    ]

"""Verdicts: what the numbers of a study say of a claim, seed by seed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

from tvdiff_pyg.study.columns import COLUMNS
from tvdiff_pyg.study.summary import of_variant

Outcome = Literal["holds", "fails", "undecided"]


@dataclass(frozen=True)
class Verdict:
    """A claim, and what became of it on one graph.

    Args:
        claim: The claim.
        data: The graph.
        outcome: Whether it holds there.
        sentence: The numbers behind it.
    """

    claim: str
    data: str
    outcome: Outcome
    sentence: str


Claim = Callable[[pl.DataFrame, str], Verdict | None]


def decide(differences: Sequence[float]) -> Outcome:
    """Decide by the seeds: a claim holds if it does in each, and fails likewise.

    Args:
        differences: For each seed, what is positive where the claim holds.

    Example:
        >>> decide([0.1, 0.2]), decide([-0.1, -0.2]), decide([0.1, -0.2])
        ('holds', 'fails', 'undecided')
    """
    if differences and all(difference > 0 for difference in differences):
        return "holds"
    if differences and all(difference < 0 for difference in differences):
        return "fails"
    return "undecided"


def decide_all(outcomes: Sequence[Outcome]) -> Outcome:
    """Join what was decided of several comparisons: one exception leaves it open.

    Args:
        outcomes: The outcomes.

    Example:
        >>> decide_all(["holds", "holds"]), decide_all(["holds", "fails"])
        ('holds', 'undecided')
    """
    distinct = set(outcomes)
    return distinct.pop() if len(distinct) == 1 else "undecided"


def differences(
    cells: pl.DataFrame, data: str, name: str, larger: str, smaller: str
) -> list[float]:
    """Subtract one variant's number from another's, seed by seed.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
        data: The graph.
        name: The number.
        larger: The variant that is subtracted from.
        smaller: The variant that is subtracted.

    Returns:
        A difference for each seed that both have, and where both are defined.
    """
    pair = [
        dict(
            zip(
                of_variant(cells, data, variant, "seed"),
                of_variant(cells, data, variant, name),
                strict=False,
            )
        )
        for variant in (larger, smaller)
    ]
    return [
        value - other
        for seed, value in pair[0].items()
        if value is not None and (other := pair[1].get(seed)) is not None
    ]


def quote(cells: pl.DataFrame, data: str, variant: str, name: str) -> str:
    """Print a variant's mean and spread of a number.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
        data: The graph.
        variant: The variant.
        name: The number, one of the columns.
    """
    values = pl.Series(of_variant(cells, data, variant, name), dtype=pl.Float64)
    return COLUMNS[name].format(_as_float(values.mean()), _as_float(values.std()))


def variants_in(cells: pl.DataFrame, data: str) -> list[str]:
    """Return the variants that there are on a graph, in order of appearance.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
        data: The graph.
    """
    return cells.filter(data=data)["variant"].unique(maintain_order=True).to_list()


def quote_each(
    cells: pl.DataFrame, data: str, variants: Sequence[str], name: str
) -> str:
    """Print a number of several variants.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
        data: The graph.
        variants: The variants.
        name: The number, one of the columns.
    """
    return ", ".join(
        f"{variant} {quote(cells, data, variant, name)}" for variant in variants
    )


def best_variant(
    cells: pl.DataFrame, data: str, among: Sequence[str] | None = None
) -> str | None:
    """Return the variant of the highest validation NDCG@20, averaged over the seeds
    that all variants have.

    Args:
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.
        data: The graph.
        among: The variants to choose from; all if omitted. (default: ``None``)
    """
    rows = cells.filter(data=data)
    if among is not None:
        rows = rows.filter(pl.col("variant").is_in(list(among)))
    # Seeds differ by more than variants do: a mean over other seeds says nothing.
    count = pl.col("variant").n_unique()
    rows = rows.filter(count.over("seed") == rows["variant"].n_unique())
    means = rows.group_by("variant", maintain_order=True).agg(
        pl.col("validation_ndcg").mean()
    )
    means = means.drop_nulls().sort("validation_ndcg", descending=True)
    return None if means.is_empty() else str(means["variant"][0])


def seeds_of(count: int) -> str:
    """Say over how many seeds something was seen.

    Args:
        count: The number of seeds.

    Example:
        >>> seeds_of(1), seeds_of(3)
        ('one seed only', 'each of 3 seeds compared')
    """
    return "one seed only" if count == 1 else f"each of {count} seeds compared"


def _as_float(value: object) -> float | None:
    return value if isinstance(value, float) else None

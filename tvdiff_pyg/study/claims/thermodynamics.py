"""Entropy and energy of models, beside the published table."""

import itertools
from collections.abc import Mapping, Sequence

import polars as pl

from tvdiff_pyg.study.claims.published import DELTA_ENERGY, DELTA_ENTROPY, MODELS
from tvdiff_pyg.study.summary import of_variant
from tvdiff_pyg.study.verdict import Outcome, Verdict

# Our reading of how the published table normalises the rows of each model.
PUBLISHED_ROWS = ("softmax", "softmax", "clipped", "clipped")
READINGS = {
    "rows normalised as published": PUBLISHED_ROWS,
    "all rows by softmax": ("softmax",) * len(MODELS),
    "all rows clipped": ("clipped",) * len(MODELS),
}


def entropy_order(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare signs and order of the changes of entropy with the published ones.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    return _compare(
        "Models change entropy in the published signs and order",
        cells,
        data,
        DELTA_ENTROPY,
        "delta_entropy_{}",
    )


def energy_order(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare signs and order of the changes of energy with the published ones.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    return _compare(
        "Models change energy in the published signs and order",
        cells,
        data,
        DELTA_ENERGY,
        "delta_energy_occupied_{}",
    )


def rank_agreement(left: Sequence[float], right: Sequence[float]) -> float:
    """Compute Kendall's tau of two rankings without ties.

    Args:
        left: Values of one.
        right: Values of the other, aligned.

    Returns:
        1 for the same order, -1 for the reverse.

    Example:
        >>> rank_agreement([1.0, 2.0, 3.0], [10.0, 30.0, 20.0])
        0.33...
    """
    pairs = list(itertools.combinations(range(len(left)), 2))
    agree = [
        1 if (left[i] < left[j]) == (right[i] < right[j]) else -1 for i, j in pairs
    ]
    return sum(agree) / len(pairs)


CLAIMS = (entropy_order, energy_order)


def _compare(
    claim: str,
    cells: pl.DataFrame,
    data: str,
    published: Mapping[str, tuple[float, ...]],
    name: str,
) -> Verdict | None:
    wanted = published.get(data)
    if wanted is None:
        return None
    sentences, outcomes = [], []
    for reading, rows in READINGS.items():
        found = [
            _mean(of_variant(cells, data, model, name.format(row)))
            for model, row in zip(MODELS, rows, strict=True)
        ]
        if any(value is None for value in found):
            return None
        values = [value for value in found if value is not None]
        signs = sum((a > 0) == (b > 0) for a, b in zip(values, wanted, strict=True))
        tau = rank_agreement(values, wanted)
        outcomes.append(signs == len(MODELS) and tau == 1.0)
        sentences.append(
            f"With {reading}: {_named(values)}; {signs} of {len(MODELS)} signs agree, "
            f"Kendall's tau of the order {tau:+.2f}."
        )
    # The first reading is the published one: it decides.
    outcome: Outcome = "holds" if outcomes[0] else "fails"
    sentences.append(f"Published: {_named(wanted)}.")
    return Verdict(claim, data, outcome, " ".join(sentences))


def _named(values: Sequence[float]) -> str:
    pairs = zip(MODELS, values, strict=True)
    return ", ".join(f"{model} {value:,.0f}" for model, value in pairs)


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None

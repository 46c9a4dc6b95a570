"""Entropy and energy of models, beside the published table."""

from collections.abc import Mapping, Sequence

import polars as pl
import torch

from tvdiff_pyg.study.columns import (
    CLIPPED_ROWS,
    RANKING,
    SOFTMAX_ROWS,
    Column,
    register_columns,
)
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.published import DELTA_ENERGY, DELTA_ENTROPY, MODELS
from tvdiff_pyg.study.summary import of_variant
from tvdiff_pyg.study.verdict import Outcome, Verdict

# Our reading of how the published table normalises the rows of each model.
PUBLISHED_ROWS = ("softmax", "softmax", "clipped", "clipped")
READINGS = {
    "rows normalised as published": PUBLISHED_ROWS,
    "all rows by softmax": ("softmax",) * len(MODELS),
    "all rows clipped": ("clipped",) * len(MODELS),
}
# What changes: its sign, what else its label says, and what it counts.
CHANGES = {
    "entropy": ("ΔS", "", "bits above the data, summed over users"),
    "energy_observed": ("ΔU", "", "mass on interactions against the data, summed"),
    "energy_occupied": (
        "ΔU",
        " occupied,",
        "items that hold an interaction's share, against the data",
    ),
}
ROWS = {"softmax": SOFTMAX_ROWS, "clipped": CLIPPED_ROWS}
DELTAS = tuple(
    Column(
        f"delta_{change}_{rows}",
        f"{sign}{further} {rows}",
        f"{about}; {normalised}",
        ",.0f",
    )
    for change, (sign, further, about) in CHANGES.items()
    for rows, normalised in ROWS.items()
)
DELTA_NAMES = tuple(column.name for column in DELTAS)

register_columns(*DELTAS)


@register_study("entropy")
def entropy() -> Study:
    """Entropy and energy of what models reconstruct."""
    return Study(
        axis="model",
        variants={
            "bpr-mf": {"model": "bpr-mf"},
            "lightgcn": {"model": "lightgcn", "num_layers": 2},
            "diffrec": {"model": "diffrec"},
            "tvdiff": {},
        },
        columns=(
            "recall",
            "ndcg",
            *DELTA_NAMES,
            "effective_rank_scores",
            "score_roughness_items",
        ),
        figures={"ranking": RANKING, "thermodynamics": DELTA_NAMES},
        claims=(entropy_order, energy_order),
    )


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
    # torchmetrics takes longer to import than all else here.
    from torchmetrics.functional import kendall_rank_corrcoef

    tau = kendall_rank_corrcoef(
        torch.tensor(left, dtype=torch.float64),
        torch.tensor(right, dtype=torch.float64),
    )
    assert isinstance(tau, torch.Tensor)  # a p-value comes with it only if asked for
    return tau.item()


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

"""Entropy and energy of models, beside the published table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from tvdiff_pyg.study.columns import (
    CLIPPED_ROWS,
    RANKING,
    SOFTMAX_ROWS,
    Column,
    register_columns,
)
from tvdiff_pyg.study.convergence import not_converged
from tvdiff_pyg.study.definition import Study, register_study
from tvdiff_pyg.study.difference import Outcome
from tvdiff_pyg.study.published import DELTA_ENERGY, DELTA_ENTROPY, MODELS
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict

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
            "tvdiff": {"model": "tvdiff"},
        },
        columns=(
            "recall",
            "ndcg",
            *DELTA_NAMES,
            "effective_rank_scores",
            "score_roughness_items",
        ),
        figures={"ranking": RANKING, "thermodynamics": DELTA_NAMES},
        claims=CLAIMS,
    )


@dataclass(frozen=True)
class PublishedOrder:
    """The claim that models change a number in the published signs and order.

    Args:
        claim: The claim in words.
        published: The published changes by data set, a number for each model.
        name: The change, with ``{}`` for how rows are normalised.
    """

    claim: str
    published: Mapping[str, tuple[float, ...]]
    name: str

    def __call__(self, results: Results) -> Verdict | None:
        """Compare signs and order with the published ones, seed by seed.

        Args:
            results: The cells of the study on a graph.
        """
        wanted = self.published.get(results.data)
        if wanted is None:
            return None
        sentences, outcomes = [], []
        for reading, rows in READINGS.items():
            each = self._of_each_seed(results, rows)
            if not each:
                return None
            means = [sum(column) / len(each) for column in zip(*each, strict=True)]
            outcomes.append(_agreed([_agree(values, wanted) for values in each]))
            signs, tau = _signs(means, wanted), rank_agreement(means, wanted)
            sentences.append(
                f"With {reading}: {_named(means)}; {signs} of {len(MODELS)} signs "
                f"agree, Kendall's tau of the order {tau:+.2f}."
            )
        open_cells = results.unconverged(MODELS)
        # The first reading is the published one: it decides.
        return Verdict(
            self.claim,
            results.data,
            "undecided" if open_cells else outcomes[0],
            f"{' '.join(sentences)} Published: {_named(wanted)}."
            + not_converged(open_cells),
        )

    def _of_each_seed(
        self, results: Results, rows: Sequence[str]
    ) -> list[tuple[float, ...]]:
        """Return the change of each model, for each seed that all models have."""
        found = [
            results.by_seed(model, self.name.format(row))
            for model, row in zip(MODELS, rows, strict=True)
        ]
        common = [seed for seed in found[0] if all(seed in one for one in found)]
        return [tuple(one[seed] for one in found) for seed in common]


CLAIMS = (
    PublishedOrder(
        "Models change entropy in the published signs and order",
        DELTA_ENTROPY,
        "delta_entropy_{}",
    ),
    PublishedOrder(
        "Models change energy in the published signs and order",
        DELTA_ENERGY,
        "delta_energy_occupied_{}",
    ),
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


def _named(values: Sequence[float]) -> str:
    pairs = zip(MODELS, values, strict=True)
    return ", ".join(f"{model} {value:,.0f}" for model, value in pairs)


def _signs(values: Sequence[float], wanted: Sequence[float]) -> int:
    return sum((a > 0) == (b > 0) for a, b in zip(values, wanted, strict=True))


def _agree(values: Sequence[float], wanted: Sequence[float]) -> bool:
    return _signs(values, wanted) == len(wanted) and (
        rank_agreement(values, wanted) == 1.0
    )


def _agreed(seeds: Sequence[bool]) -> Outcome:
    """Join the seeds: an order has no interval, so all of several have to agree."""
    if len(seeds) < 2 or any(seeds) != all(seeds):
        return "undecided"
    return "holds" if seeds[0] else "fails"

"""The studies: what each varies, and how it is set up on a graph."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.study.claims import depth, optimum, parts, thermodynamics
from tvdiff_pyg.study.verdict import Claim
from tvdiff_pyg.training import PRESETS, Settings

Overrides = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A question, and the settings that answer it.

    Args:
        name: Its name on the command line.
        title: What it is about.
        axis: What its variants differ in.
        variants: Settings that each variant overrides, by its name, in order.
        columns: What its table shows, names of
            ``tvdiff_pyg.study.columns.COLUMNS``.
        figures: The panels of each figure, names of columns.
        claims: What is decided from its cells.
        make_variant: Builds further variants from a name, where any value will do.
            (default: ``None``)
    """

    name: str
    title: str
    axis: str
    variants: Mapping[str, Overrides]
    columns: tuple[str, ...]
    figures: Mapping[str, tuple[str, ...]]
    claims: tuple[Claim, ...]
    make_variant: Callable[[str], Overrides] | None = None

    def variant(self, name: str) -> Overrides:
        """Return the settings that a variant overrides.

        Args:
            name: One of ``variants``, or what ``make_variant`` takes.

        Raises:
            ValueError: If there is no such variant.
        """
        if name in self.variants:
            return self.variants[name]
        if self.make_variant is not None:
            try:
                return self.make_variant(name)
            except ValueError:
                pass
        raise ValueError(
            f"'values' needs to be of {self.axis}, such as {', '.join(self.variants)} "
            f"(got {name!r})"
        )


def _layers(value: str) -> Overrides:
    return {"denoiser": "gcn", "num_layers": int(value)}


def _temperature(value: str) -> Overrides:
    return {"temperature": float(value)}


_RANKING = ("recall", "ndcg", "validation_ndcg")
_SHAPE = (
    "entropy_softmax",
    "entropy_clipped",
    "dirichlet_energy",
    "mad",
    "score_roughness_users",
    "score_roughness_items",
    "effective_rank_scores",
    "response_4",
)
_COST = ("epoch_seconds", "batch_nodes", "batch_edges", "peak_memory_mb")
_CHANGES = tuple(
    f"delta_{quantity}_{rows}"
    for quantity in ("entropy", "energy_observed", "energy_occupied")
    for rows in ("softmax", "clipped")
)

OVERSMOOTHING = Study(
    "oversmoothing",
    "One anisotropic layer against several layers of propagation",
    "layers",
    {str(depth): _layers(str(depth)) for depth in (1, 2, 3, 4, 6, 8)},
    (*_RANKING, "best_epoch", "epochs", *_SHAPE, *_COST),
    {"ranking": _RANKING, "smoothing": _SHAPE, "cost": _COST},
    depth.CLAIMS,
    _layers,
)

ENTROPY = Study(
    "entropy",
    "Entropy and energy of what models reconstruct",
    "model",
    {
        "bpr-mf": {"model": "bpr-mf"},
        "lightgcn": {"model": "lightgcn", "num_layers": 2},
        "diffrec": {"model": "diffrec"},
        "tvdiff": {},
    },
    ("recall", "ndcg", *_CHANGES, "effective_rank_scores", "score_roughness_items"),
    {"ranking": _RANKING, "thermodynamics": _CHANGES},
    thermodynamics.CLAIMS,
)

TEMPERATURE = Study(
    "temperature",
    "The weight of entropy against energy",
    "temperature",
    {value: _temperature(value) for value in ("0.1", "0.5", "1", "2", "5", "10", "20")},
    (*_RANKING, "best_epoch", "epochs", *_SHAPE),
    {"ranking": _RANKING, "shape": _SHAPE},
    optimum.CLAIMS,
    _temperature,
)

# Vanilla diffusion knows neither entropy nor graph; each view adds a part.
VIEWS = Study(
    "views",
    "What each of the three views adds",
    "views",
    {
        "vanilla": {"denoiser": "mlp", "temperature": 0.0, "negatives": "uniform"},
        "I": {"denoiser": "mlp", "negatives": "uniform"},
        "I+II": {"denoiser": "anisotropic", "negatives": "uniform"},
        "I+II+III": {"denoiser": "anisotropic", "negatives": "hard"},
    },
    (*_RANKING, "best_epoch", "epochs", *_SHAPE, "epoch_seconds"),
    {"ranking": _RANKING, "shape": _SHAPE},
    parts.VIEW_CLAIMS,
)

# All over users, so that nothing but the loss differs.
LOSSES = Study(
    "losses",
    "The ranking entropies, and none",
    "entropy",
    {
        "none": {"temperature": 0.0, "batches": "users"},
        **{
            kind: {"entropy_type": kind, "batches": "users"}
            for kind in ("bce", "bpr", "nll")
        },
    },
    (*_RANKING, "best_epoch", "epochs", *_SHAPE, "epoch_seconds"),
    {"ranking": _RANKING, "shape": _SHAPE},
    parts.LOSS_CLAIMS,
)

STUDIES: dict[str, Study] = {
    study.name: study for study in (OVERSMOOTHING, ENTROPY, TEMPERATURE, VIEWS, LOSSES)
}


def base_settings(data: str, preset: str | None, overrides: Overrides) -> Settings:
    """Return what a study trains on a graph, before its variants.

    Args:
        data: The data; one with published settings brings these.
        preset: Name of a preset that takes their place; ``Settings()`` if there are
            neither.
        overrides: Settings that take precedence over both.

    Raises:
        ValueError: If the preset or a setting is unknown or out of range.

    Example:
        >>> base_settings("lastfm", None, {"hidden_channels": 64}).temperature
        5.0
    """
    name = preset if preset is not None else data
    if preset is None and data not in PRESETS:
        return replace(Settings(), **overrides)
    return Settings.preset(name, **overrides)


def arrange(study: Study, records: Iterable[Record]) -> list[Record]:
    """Put records into the order of a report: graph by graph, variant by variant.

    Args:
        study: The study.
        records: Records in the order in which their cells ended.
    """
    records = list(records)
    graphs = list(dict.fromkeys(record["data"] for record in records))
    known = list(study.variants)

    def place(record: Record) -> tuple[int, float, int]:
        name = record["variant"]
        # Variants that any value makes are numbers.
        rank = float(name) if study.make_variant is not None else known.index(name)
        return graphs.index(record["data"]), rank, record["seed"]

    return sorted(records, key=place)


def variants_of(study: Study, values: Sequence[str] | None) -> dict[str, Overrides]:
    """Return the chosen variants of a study, all if none are chosen.

    Args:
        study: The study.
        values: Names of variants.

    Raises:
        ValueError: If there is no such variant.
    """
    return {name: study.variant(name) for name in values or study.variants}

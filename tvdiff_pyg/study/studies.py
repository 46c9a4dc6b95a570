"""The studies: what each varies, and how it is set up on a graph."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tvdiff_pyg.training import PRESETS, Settings

Overrides = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A question, and the settings that answer it.

    Args:
        name: Its name on the command line.
        title: What it is about.
        axis: What its variants differ in.
        variants: Settings that each variant overrides, by its name, in order. Names
            that are numbers make an axis of figures.
        make_variant: Builds further variants from a name, where any value will do.
            (default: ``None``)
    """

    name: str
    title: str
    axis: str
    variants: Mapping[str, Overrides]
    make_variant: Callable[[str], Overrides] | None = None

    def variant(self, name: str) -> Overrides:
        """Return the settings that a variant overrides.

        Args:
            name: One of :attr:`variants`, or what :attr:`make_variant` takes.

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


# Vanilla diffusion knows neither entropy nor graph; each view adds a part.
_VIEWS: dict[str, Overrides] = {
    "vanilla": {"denoiser": "mlp", "temperature": 0.0, "negatives": "uniform"},
    "I": {"denoiser": "mlp", "negatives": "uniform"},
    "I+II": {"denoiser": "anisotropic", "negatives": "uniform"},
    "I+II+III": {"denoiser": "anisotropic", "negatives": "hard"},
}

STUDIES: dict[str, Study] = {
    study.name: study
    for study in (
        Study(
            "oversmoothing",
            "One anisotropic layer against several layers of propagation",
            "layers",
            {str(depth): _layers(str(depth)) for depth in (1, 2, 3, 4, 6, 8)},
            _layers,
        ),
        Study(
            "entropy",
            "Entropy and energy of what models reconstruct",
            "model",
            {
                "bpr-mf": {"model": "bpr-mf"},
                "lightgcn": {"model": "lightgcn", "num_layers": 2},
                "diffrec": {"model": "diffrec"},
                "tvdiff": {},
            },
        ),
        Study(
            "temperature",
            "The weight of entropy against energy",
            "temperature",
            {
                value: _temperature(value)
                for value in ("0.1", "0.5", "1", "2", "5", "10", "20")
            },
            _temperature,
        ),
        Study("views", "What each of the three views adds", "views", _VIEWS),
        Study(
            "losses",
            "The ranking entropies, and none",
            "entropy",
            # All over users, so that nothing but the loss differs.
            {
                "none": {"temperature": 0.0, "batches": "users"},
                **{
                    kind: {"entropy_type": kind, "batches": "users"}
                    for kind in ("bce", "bpr", "nll")
                },
            },
        ),
    )
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


def variants_of(study: Study, values: Sequence[str] | None) -> dict[str, Overrides]:
    """Return the chosen variants of a study, all if none are chosen.

    Args:
        study: The study.
        values: Names of variants.

    Raises:
        ValueError: If there is no such variant.
    """
    return {name: study.variant(name) for name in values or study.variants}

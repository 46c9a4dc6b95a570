"""The runs behind the tables: data, models, settings, protocol and seeds."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from benchmark import DATA
from tuned import chosen_settings, tuned_settings

from tvdiff_pyg.machine import Device
from tvdiff_pyg.study import Cell, find_study
from tvdiff_pyg.study.carry_out import base_settings
from tvdiff_pyg.training import Settings
from tvdiff_pyg.training.fit_options import Protocol

Overrides = dict[str, Any]
SEEDS = (0, 1, 2)
# Enough for the spread of a difference to be known to 4 %.
DRAWS = 400
# Models of other packages or of closed form: tuned from nothing, fitted on the CPU.
BASELINES = (
    "popularity",
    "item-knn",
    "ease",
    "local-ease",
    "ials",
    "scaled-ials",
    "implicit-bpr",
    "vaecf",
)
# In closed form, too; run by ten_data_sets.py alone.
PEERS = ("slim", "rp3beta", "user-knn", "gf-cf", "turbo-cf", "bspm")
FITTED = (*BASELINES, *PEERS)


class Context(NamedTuple):
    """Where the data is, and where to train."""

    root: str
    device: Device


@dataclass(frozen=True)
class Experiment:
    """One table: variants of the published settings of each data set.

    Args:
        name: Its name on the command line and in its file of records.
        variants: What each variant overrides, by its name. Where that is a model of
            ``ON_DATA``, or one that ``tune_baselines.py`` tuned on the data set, what
            holds there comes on top.
        shared: What all of them override that read it.
        seeds: The seeds of each data set; those that it leaves out are not run.
        baselines: Models of other packages or of closed form to put beside them, as
            ``tune_baselines.py`` tuned them there, by data set.
        protocol: How the epoch is chosen.
    """

    name: str
    variants: Mapping[str, Overrides]
    shared: Overrides
    seeds: Mapping[str, Sequence[int]]
    baselines: Mapping[str, Sequence[str]] = field(default_factory=dict)
    protocol: Protocol = "standard"

    def cells(
        self, data: str, seeds: Sequence[int] | None, context: Context
    ) -> Iterator[Cell]:
        """Yield the runs on one data set, seed by seed.

        Args:
            data: The data set.
            seeds: Seeds in the place of its own.
            context: Where the data is, and where to train.
        """
        for seed in self.seeds.get(data, ()) if seeds is None else seeds:
            for model in self.baselines.get(data, ()):
                settings = Settings(model=model, **chosen_settings(data, model))
                yield self._cell(
                    data, model, settings, seed, context._replace(device="cpu")
                )
            for name, overrides in self.variants.items():
                untuned = settings_of(data, name, self.shared, overrides)
                settings = untuned.but(**(tuned_settings(data, name) or {}))
                yield self._cell(data, name, settings, seed, context)

    def _cell(
        self, data: str, name: str, settings: Settings, seed: int, context: Context
    ) -> Cell:
        return Cell(
            self.name,
            data,
            name,
            settings,
            seed,
            self.protocol,
            root=context.root,
            device=context.device,
            draws=DRAWS,
        )


def settings_of(
    data: str, name: str, shared: Overrides, overrides: Overrides
) -> Settings:
    """Return the settings of a variant on a data set, untuned.

    Args:
        data: The data set, whose published settings are the base.
        name: The variant.
        shared: What comes over them; like them, dropped where a model does not read it.
        overrides: What the variant overrides.
    """
    base = base_settings(data, None, shared)
    return Settings.over(base, **(overrides | ON_DATA.get((data, name), {})))


# The width that the paper's text names, and what trains it in minutes.
NARROW: Overrides = {
    "hidden_channels": 64,
    "learning_rate": 3e-3,
    "max_epochs": 40,
    "check_every": 2,
    "patience": 3,
}
# Every model at one width, trained until validation stops it.
WIDE: Overrides = {"hidden_channels": 256, "patience": 5}
# The published width, likewise.
WIDEST: Overrides = {"num_noise_items": 1024, "check_every": 2, "patience": 5}
# BPR-MF and LightGCN have no published settings here: those of the studies.
EMBEDDING: Overrides = {
    "learning_rate": 3e-3,
    "weight_decay": 1e-6,
    "check_every": 2,
}
# In full: nothing of it is as a data set's published settings have it.
# On these data sets, an epoch has as many steps anyway.
RECOMMENDED: Overrides = Settings.preset("recommended", min_steps=1).flat()
LINEAR_NAMES = [name for name in RECOMMENDED if "linear" in name]
ALONE = "tvdiff, recommended, alone"
MODELS: Mapping[str, Overrides] = {
    "tvdiff, recommended": RECOMMENDED,
    ALONE: Settings.preset("recommended", linear_share=0.0, min_steps=1).flat(),
    "diffrec": {"model": "diffrec"},
    "bpr-mf": {"model": "bpr-mf", **EMBEDDING},
    "tvdiff": {},
    "lightgcn": {"model": "lightgcn", "num_layers": 2, **EMBEDDING},
}
# Likewise, by gradients.
CONTRASTIVE: Mapping[str, Overrides] = {"xsimgcl": {"model": "xsimgcl", **EMBEDDING}}
# A step of LightGCN propagates through the whole graph and one of BPR-MF updates all
# embeddings, however small the batch: where those are large, so are the batches. Their
# loss is a mean over interactions, the penalty is not: with ten times as many
# interactions, a tenth of it. LightGCN learns slowly there, and is checked less often.
GOWALLA: Overrides = {"batch_size": 16384, "weight_decay": 1e-7}
ON_DATA: Mapping[tuple[str, str], Overrides] = {
    ("amazon-beauty", "lightgcn"): {"batch_size": 8192},
    ("gowalla", "lightgcn"): GOWALLA | {"check_every": 10},
    ("gowalla", "bpr-mf"): GOWALLA,
    ("gowalla", "diffrec"): {"batches": "users"},
}


def untuned_settings(data: str, model: str) -> Settings:
    """Return what the tuning of a model begins with."""
    if model in FITTED:
        return Settings(model=model)
    return settings_of(data, model, WIDE, {**MODELS, **CONTRASTIVE}[model])


SMALL_DATA = {"lastfm": SEEDS, "amazon-beauty": SEEDS}
ALL_DATA = {**SMALL_DATA, "gowalla": (0,)}
# An epoch of VAECF takes more than a minute where there are many users and items.
QUICK_BASELINES = tuple(name for name in BASELINES if name != "vaecf")
ONE_SEED = {name: (0,) for name in DATA}
SMALL_DATA_ONE_SEED = {name: (0,) for name in SMALL_DATA}


def sweep(
    name: str,
    values: Sequence[Any],
    further: Overrides | None = None,
    seeds: Mapping[str, Sequence[int]] = ONE_SEED,
) -> Experiment:
    """Vary one setting, the others as published."""
    variants = {str(value): {name: value} for value in values}
    return Experiment(name, variants, NARROW | (further or {}), seeds)


def parts(
    study: str, seeds: Mapping[str, Sequence[int]], further: Overrides | None = None
) -> Experiment:
    """Run the variants of a study as a table."""
    shared = NARROW | (further or {})
    return Experiment(study, find_study(study).variants, shared, seeds)


EXPERIMENTS = {
    experiment.name: experiment
    for experiment in (
        Experiment(
            "main",
            MODELS,
            WIDE,
            ALL_DATA,
            baselines={
                "lastfm": tuple(BASELINES),
                "amazon-beauty": tuple(BASELINES),
                "gowalla": QUICK_BASELINES,
            },
        ),
        Experiment(
            "paper",
            {name: MODELS[name] for name in ("tvdiff, recommended", ALONE)},
            {},
            ONE_SEED,
            protocol="paper",
        ),
        # What the linear model does for others, to stand beside those of "main".
        Experiment(
            "blend",
            {name: MODELS[name] for name in ("diffrec", "bpr-mf", "lightgcn")}
            | {"scaled-ials": {"model": "scaled-ials"}},
            WIDE | {name: RECOMMENDED[name] for name in LINEAR_NAMES},
            SMALL_DATA_ONE_SEED,
        ),
        Experiment(
            "initialization",
            {name: {"initialization": name} for name in ("xavier", "spectral")},
            NARROW,
            ALL_DATA,
        ),
        parts("views", ALL_DATA),
        # As published but for the noise, from fewer items: of the same covariance.
        Experiment(
            "views_wide", find_study("views").variants, WIDEST, {"lastfm": SEEDS}
        ),
        # Over users, LastFM would be a single batch of the published size.
        parts("losses", SMALL_DATA, {"batch_size": 256}),
        Experiment(
            "normalization",
            {
                name: {"normalization": name}
                for name in ("none", "symmetric", "left", "linkprop")
            },
            NARROW,
            SMALL_DATA,
        ),
        sweep("num_timesteps", [2, 5, 10, 40, 50, 100]),
        # Whether one step and fifty differ at the preset's width as at 64 channels.
        Experiment(
            "num_timesteps_wide",
            {str(steps): MODELS[ALONE] | {"num_timesteps": steps} for steps in (1, 50)},
            WIDE,
            SMALL_DATA,
        ),
        sweep("noise_scale", [1e-5, 1e-4, 1e-3, 1e-2, 1e-1]),
        sweep("accept_ratio", [0.02, 0.05, 0.1, 0.2], {"negatives": "hard"}),
        sweep("gumbel_decay", [0.0, 1.0, 3.0, 10.0], {"negatives": "hard"}),
        sweep(
            "hidden_channels",
            [64, 128, 256, 512, 1000],
            {"learning_rate": 1e-3},
            SMALL_DATA_ONE_SEED,
        ),
    )
}

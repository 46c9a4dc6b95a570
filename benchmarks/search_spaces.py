"""What ``tune_baselines.py`` searches: the settings of each model, and their ranges."""

from typing import Any, NamedTuple

Space = dict[str, "Range | list[Any]"]


class Range(NamedTuple):
    """Numbers between two ends, whole ones between whole ends; a list is a choice."""

    low: float
    high: float
    log: bool = False


def log(low: float, high: float) -> Range:
    """Return a range of which the logarithm is searched evenly."""
    return Range(low, high, log=True)


WIDTHS = [64, 128, 256]
SPACES: dict[str, Space] = {
    "popularity": {},  # There is nothing to tune.
    "item-knn": {
        "num_neighbors": log(5, 1000),
        "shrink": log(0.1, 100.0),
        "similarity": ["cosine", "jaccard"],
    },
    "ease": {"l2": log(1.0, 3000.0)},
    "local-ease": {"num_neighbors": log(20, 300), "l2": log(1.0, 3000.0)},
    "ials": {
        "factors": WIDTHS,
        "regularization": log(1e-2, 100.0),
        "alpha": log(1.0, 100.0),
        "iterations": Range(5, 30),
    },
    "implicit-bpr": {
        "factors": WIDTHS,
        "learning_rate": log(3e-3, 0.3),
        "regularization": log(1e-4, 0.1),
        "iterations": log(50, 300),
    },
    "multi-vae": {
        "k": [64, 128],
        "beta": log(1e-2, 1.0),
        "learning_rate": log(3e-4, 3e-3),
        "n_epochs": log(10, 60),
    },
    # Models of the library's own trainer, all of the width of the tables.
    "bpr-mf": {
        "learning_rate": log(3e-4, 3e-2),
        "weight_decay": log(1e-8, 1e-3),
        "batch_size": [512, 2048],
    },
    "lightgcn": {
        "num_layers": Range(1, 3),
        "learning_rate": log(1e-3, 3e-2),
        "weight_decay": log(1e-8, 1e-4),
    },
    "diffrec": {
        "learning_rate": log(3e-4, 3e-3),
        "dropout": Range(0.1, 0.7),
        "noise_scale": log(1e-5, 1e-1),
        "batches": ["auto", "users"],
        "batch_size": [256, 2048],
    },
}
# Where batches are of more interactions (`experiments.ON_DATA`), steps are longer and
# the penalty is smaller. DiffRec, of cross-entropy there, has batches of users only.
LARGE: Space = {"learning_rate": log(1e-3, 3e-2), "weight_decay": log(1e-9, 1e-6)}
ON_DATA: dict[tuple[str, str], Space] = {
    ("gowalla", "bpr-mf"): LARGE,
    ("gowalla", "lightgcn"): LARGE | {"num_layers": Range(1, 3)},
    ("gowalla", "diffrec"): {
        name: values for name, values in SPACES["diffrec"].items() if name != "batches"
    },
}


def search_space(data: str, model: str) -> Space:
    """Return what is tuned of a model on a data set."""
    return ON_DATA.get((data, model), SPACES[model])

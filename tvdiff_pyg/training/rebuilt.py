"""A model, built again from what a checkpoint holds."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import Model
from tvdiff_pyg.training.settings import Settings

#: What Lightning calls the part of its module that is the model.
PREFIX = "model."
# What a model of another version, or of another size, meets where it is rebuilt.
_MISFITS = AttributeError, LookupError, RuntimeError, TypeError, ValueError


@contextmanager
def refused_by_name(checkpoint: Path) -> Iterator[None]:
    """Say of which checkpoint it is that a model cannot be built again from it.

    Args:
        checkpoint: Its path.

    Raises:
        ValueError: If it cannot.
    """
    try:
        yield
    except _MISFITS as why:
        raise ValueError(
            f"'run' needs a model of this version: fit it again "
            f"(got {checkpoint}: {' '.join(str(why).split())})"
        ) from why


def rebuilt(
    saved: Mapping[str, Any], graph: BipartiteGraph | Callable[[], BipartiteGraph]
) -> Model:
    """Build a model, and give it its weights.

    Args:
        saved: What a checkpoint holds: what rebuilds the model, from
            :meth:`Settings.rebuilding`, and the state of Lightning's module.
        graph: The graph, which needs to be of the model's size; or what returns it,
            asked if the model reads its features.

    Raises:
        ValueError: If settings are out of range, features are missing, or the graph is
            of another size.
        RuntimeError: If the state is of another model.
    """
    how = saved["hyper_parameters"]
    settings, size = Settings(**how["settings"]), (how["num_users"], how["num_items"])
    if isinstance(graph, BipartiteGraph):
        _check_size(size, graph)
    model = settings.model.build(*size)
    if model.config.unfeatured is None:
        model.read_features(graph if isinstance(graph, BipartiteGraph) else graph())
    model.load_state_dict(weights_of(saved["state_dict"]))
    return model


def _check_size(size: tuple[int, int], graph: BipartiteGraph) -> None:
    found = graph.num_users, graph.num_items
    if found != size:
        raise ValueError(
            f"it is of {size[0]} users and {size[1]} items, and the run's graph of "
            f"{found[0]} and {found[1]}"
        )


def weights_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return the model's part of the state of Lightning's module.

    Args:
        state: The state.
    """
    return {
        name.removeprefix(PREFIX): value
        for name, value in state.items()
        if name.startswith(PREFIX)
    }

"""A tuning from its models to what was chosen."""

from collections.abc import Sequence
from pathlib import Path

import torch

from tvdiff_pyg.data import BipartiteGraph, GraphLike, graph_to_fit
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.metrics.ranking_metrics import check_ks
from tvdiff_pyg.tune.candidate import Candidate, candidates_of
from tvdiff_pyg.tune.options import TuneOptions
from tvdiff_pyg.tune.tuned import Tuned

PACKAGES = ("jinja2", "optuna", "pytorch_lightning")


def tune(
    graph: GraphLike,
    models: Sequence[str | Candidate],
    out: str | Path,
    options: TuneOptions | None = None,
    data: str = "graph",
) -> list[Tuned]:
    """Search settings of models that rank the validation part best.

    Each model has the same budget, and a space of its own, which its config names as
    ``search_space``. The test part is taken away before anything is fitted.

    The folder gets ``journal.log``, of Optuna; ``trials.jsonl``, a record of each
    trial; ``NAME.yaml``, the best settings of each model as ``tvdiff fit --config``
    takes them; ``graph.pt``; and ``report.html``. A tuning that was interrupted, or is
    given a larger budget, goes on where it was.

    Args:
        graph: The interactions, with a validation part; one is drawn if they have none
            and are read by :func:`~tvdiff_pyg.data.as_graph`.
        models: Registered models, or candidates of other settings.
        out: The folder; made if absent.
        options: Budget, seed and the like. (default: ``TuneOptions()``)
        data: What records call the interactions. (default: ``"graph"``)

    Returns:
        What was chosen for each model, in their order.

    Raises:
        ValueError: If a name or an option is unknown or out of range, ``out`` holds
            the tuning of something else, or another process works there.
        ImportError: If optuna, jinja2, Lightning or what computes a model is not
            installed.
        RuntimeError: If no trial of a model came to its end.
        KeyboardInterrupt: If interrupted, with what is kept.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     [ease] = tune(graph, ["ease"], folder, TuneOptions(trials=3, jobs=0))
        >>> ease.trials, ease.settings["model"]
        (3, 'ease')
    """
    check_installed(PACKAGES, "tuning", "tune")
    # Both are imported here: help and options are there without them.
    from tvdiff_pyg.tune.tuning import carry_out

    options = options or TuneOptions()
    candidates = [_candidate(one) for one in models]
    validated = without_test(graph_to_fit(graph, options.seed))
    EvaluationTask.from_graph(validated, "validation")  # raises if it is empty
    check_ks(options.ks, validated.num_items)
    return carry_out(candidates, validated, Path(out), options, data)


def without_test(graph: BipartiteGraph) -> BipartiteGraph:
    """Return a copy of a graph that has no test part.

    Args:
        graph: The interactions, whose test part is not read.
    """
    nothing = torch.empty(2, 0, dtype=torch.long)
    return graph.with_parts(graph.train_index, graph.validation_index, nothing)


def _candidate(one: str | Candidate) -> Candidate:
    return candidates_of([one])[0] if isinstance(one, str) else one

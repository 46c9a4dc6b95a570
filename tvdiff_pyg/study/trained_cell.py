"""One cell of a study: a training, and all that is measured of it."""

import tempfile
import warnings
from dataclasses import dataclass, field
from pathlib import Path

from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.grid.cell import GridCell
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.study.measure import (
    Factors,
    Measures,
    batch_nodes_and_edges,
    measure,
)
from tvdiff_pyg.training import (
    DiagnosisWarning,
    FitOptions,
    RunFolder,
    Settings,
    fit,
)
from tvdiff_pyg.training.fit_options import Protocol

TOLD_BY_TRAINING = ("epochs", "best_epoch", "linear_share")


@dataclass(frozen=True)
class Cell(GridCell):
    """What is trained, on what, with which seed.

    Args:
        experiment: The study that the cell belongs to.
        data: The data, as :class:`~tvdiff_pyg.data.DataOptions` names it.
        variant: What the study calls these settings.
        settings: What is trained.
        seed: Seed of the split, of weights, batches, noise and negatives.
            (default: ``0``)
        protocol: How the epoch is chosen. (default: ``"standard"``)
        root: The folder of the data sets' files. (default: ``"data"``)
        device: Where to train. (default: ``"auto"``)
        num_workers: Processes that sample batches ahead. (default: ``0``)

    Example:
        >>> cell = Cell("losses", "lastfm", "bpr", Settings(), seed=2)
        >>> cell.key()["seed"]
        2
    """

    settings: Settings = field(default_factory=Settings)
    protocol: Protocol = "standard"
    num_workers: int = field(default=0, compare=False)

    def measure(self) -> Record:
        """Train, evaluate and measure; the run folder is left behind nowhere.

        Returns:
            Metrics, measures and costs.

        Raises:
            ValueError: If the data or the settings cannot be used.
        """
        graph = load_data(DataOptions(self.data, root=self.root), self.seed)
        options = FitOptions(
            protocol=self.protocol,
            seed=self.seed,
            device=self.device,
            log="none",
            progress=False,
            num_workers=self.num_workers,
        )
        with tempfile.TemporaryDirectory(prefix="tvdiff-study-") as folder:
            run = Path(folder) / "run"
            with warnings.catch_warnings():
                # What training finds is recorded; a progress bar is no place for it.
                warnings.simplefilter("ignore", DiagnosisWarning)
                told = fit(graph, self.settings, run=run, options=options)
            measures = _measure(RunFolder(run), self.settings)
        return {
            **record_of_training(told),
            "findings": [finding["name"] for finding in told["findings"]],
            "measures": measures,
        }


def record_of_training(told: Record) -> Record:
    """Say what ``metrics.json`` does by the names of a record.

    Args:
        told: What :func:`~tvdiff_pyg.training.fit` returns.
    """
    seconds = {"fit": told["fit_seconds"], "score": told["score_seconds"]}
    if told["epochs"]:
        seconds["epoch"] = round(told["step_seconds"] / told["epochs"], 4)
    return {
        # What says nothing is left out: in closed form, there is no best epoch.
        **{name: told[name] for name in TOLD_BY_TRAINING if told[name] is not None},
        "metrics": {part: told[part] for part in ("validation", "test") if told[part]},
        "graph": told["data"],
        "seconds": seconds,
        "memory_mb": {"peak": told["peak_memory_mb"]},
        "versions": told["versions"],
    }


def _measure(folder: RunFolder, settings: Settings) -> Measures:
    model, graph = folder.model(), folder.graph()
    pairs, adjacency = graph.train_index, model.adjacency_of(graph)
    scorer, found = model.scorer(adjacency).factors, {}
    if scorer is not None:
        found = measure(Factors.of(scorer))
    if not settings.by_gradients:
        return found
    over_interactions = settings.training.over_interactions(settings.model)
    index = pairs if over_interactions else pairs[0].unique()
    return found | batch_nodes_and_edges(adjacency, index, settings)

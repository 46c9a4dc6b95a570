"""One cell of a study: a training, and all that is measured of it."""

import tempfile
import warnings
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.grid.records import Record, hardware
from tvdiff_pyg.grid.runner import GridCell
from tvdiff_pyg.machine import Device
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


@dataclass(frozen=True)
class Cell(GridCell):
    """What is trained, on what, with which seed.

    Args:
        study: The study that the cell belongs to.
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

    settings: Settings
    device: Device = "auto"
    num_workers: int = 0

    def key(self) -> Record:
        """Return what tells this cell from others: the first part of its record."""
        return super().key() | {"settings": asdict(self.settings)}

    def is_recorded(self, record: Record) -> bool:
        """Whether a record is of this cell.

        Args:
            record: A record, perhaps of an earlier version with fewer settings, which
                then had their default values.
        """
        defaults = {field.name: field.default for field in fields(Settings)}
        settings = defaults | record["settings"]
        return super().is_recorded({**record, "settings": settings})

    def run(self) -> Record:
        """Train, evaluate and measure; the run folder is left behind nowhere.

        Returns:
            The cell's key, metrics, measures and costs, with what they were measured
            on.

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
                metrics = fit(graph, self.settings, run=run, options=options)
            measures = _measure(RunFolder(run), self.settings)
        kept = (
            "epochs",
            "best_epoch",
            "linear_share",
            "validation",
            "test",
            "fit_seconds",
            "device",
        )
        return {
            **self.key(),
            **{name: metrics[name] for name in kept},
            "findings": [finding["name"] for finding in metrics["findings"]],
            "epoch_seconds": round(metrics["step_seconds"] / metrics["epochs"], 4),
            "score_seconds": metrics["score_seconds"],
            "peak_memory_mb": metrics["peak_memory_mb"],
            "graph": metrics["data"],
            "measures": measures,
            "hardware": hardware(),
            "versions": metrics["versions"],
        }


def _measure(folder: RunFolder, settings: Settings) -> Measures:
    model, pairs = folder.trained_model(), folder.graph().train_index
    adjacency = model.adjacency(pairs)
    index = pairs if settings.over_interactions else pairs[0].unique()
    found = measure(Factors.of(model, adjacency))
    return found | batch_nodes_and_edges(adjacency, index, settings)

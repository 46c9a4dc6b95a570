"""One cell of a study: a training, and all that is measured of it."""

import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tvdiff_pyg.data import BipartiteGraph, load_data
from tvdiff_pyg.data.data_root import in_root
from tvdiff_pyg.evaluation import EvaluationTask, evaluate_users
from tvdiff_pyg.grid.cell import GridCell
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.training_record import record_of_training
from tvdiff_pyg.significance import shared_means
from tvdiff_pyg.study.kept_users import KeptUsers
from tvdiff_pyg.study.measure import (
    Factors,
    Measures,
    batch_nodes_and_edges,
    measure,
)
from tvdiff_pyg.training import FitOptions, RunFolder, Settings
from tvdiff_pyg.training.fit_options import Protocol
from tvdiff_pyg.training.user_frame import user_frame

#: The metric whose means over users drawn anew a record can keep.
DRAWN = "ndcg@20"
_DIGITS = 7


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
        users: Folder that keeps what each test user counts; nothing is kept if not
            given. (default: ``None``)
        draws: How often test users are drawn anew, for the record to keep the means
            of NDCG@20; it keeps none at 0. (default: ``0``)

    Example:
        >>> cell = Cell("losses", "lastfm", "bpr", Settings(), seed=2)
        >>> cell.key()["seed"]
        2
    """

    settings: Settings = field(default_factory=Settings)
    protocol: Protocol = "standard"
    num_workers: int = field(default=0, compare=False)
    users: str | None = field(default=None, compare=False)
    draws: int = field(default=0, compare=False)

    @property
    def options(self) -> FitOptions:
        """How it is trained."""
        return FitOptions(
            protocol=self.protocol,
            seed=self.seed,
            device=self.device,
            log="none",
            progress=False,
            num_workers=self.num_workers,
        )

    def measure(self) -> Record:
        """Train, evaluate and measure; the run folder is left behind nowhere.

        Returns:
            Metrics, measures and costs.

        Raises:
            ValueError: If the data or the settings cannot be used.
        """
        graph = load_data(in_root(self.data, self.root), self.seed)
        with tempfile.TemporaryDirectory(prefix="tvdiff-study-") as folder:
            run = Path(folder) / "run"
            told = self.train(graph, run)
            measures = _measure(RunFolder(run), self.settings)
            drawn = self._keep_users(RunFolder(run))
        return {
            **record_of_training(told),
            **drawn,
            "findings": [finding["name"] for finding in told["findings"]],
            "measures": measures,
        }

    def train(
        self, graph: BipartiteGraph, run: Path, callbacks: Sequence[Any] = ()
    ) -> Record:
        """Train into a run folder; see :func:`~tvdiff_pyg.training.fit`.

        Args:
            graph: The interactions.
            run: The folder.
            callbacks: Further callbacks of Lightning. (default: none)
        """
        # Lightning comes along, which a study that is trained does not need.
        from tvdiff_pyg.training import DiagnosisWarning, fit

        with warnings.catch_warnings():
            # What training finds is recorded; a progress bar is no place for it.
            warnings.simplefilter("ignore", DiagnosisWarning)
            return fit(
                graph, self.settings, run=run, options=self.options, callbacks=callbacks
            )

    def _keep_users(self, folder: RunFolder) -> Record:
        """Keep what each test user counts, and return its part of the record."""
        if self.users is None and not self.draws:
            return {}
        graph = folder.graph()
        model = folder.model(graph)
        scorer = model.scorer(model.adjacency_of(graph))
        found = evaluate_users(scorer, EvaluationTask.from_graph(graph, "test"))
        if self.users is not None:
            frame = user_frame(found, graph, "test")
            KeptUsers(Path(self.users)).write(self.key(), frame)
        if not self.draws:
            return {}
        means = shared_means(found["user"], found[DRAWN], self.draws)
        return {"draws": {DRAWN: means.round(_DIGITS).tolist()}}


def _measure(folder: RunFolder, settings: Settings) -> Measures:
    graph = folder.graph()
    model = folder.model(graph)
    pairs, adjacency = graph.train_index, model.adjacency_of(graph)
    scorer, found = model.scorer(adjacency).factors, {}
    if scorer is not None:
        found = measure(Factors.of(scorer))
    if not settings.by_gradients:
        return found
    over_interactions = settings.training.over_interactions(settings.model)
    index = pairs if over_interactions else pairs[0].unique()
    return found | batch_nodes_and_edges(adjacency, index, settings)

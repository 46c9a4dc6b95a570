"""Training from interactions to a run folder."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from tvdiff_pyg.data import BipartiteGraph, GraphSize
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.machine import peak_memory_mb, resolve_device, versions
from tvdiff_pyg.models import Blend, Model
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.choose_share import choose_share
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.memory_plan import choose_engine, usable_memory
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings
from tvdiff_pyg.training.train import Trained, train


def fit(
    graph: BipartiteGraph,
    settings: Settings | None = None,
    *,
    run: str | Path,
    options: FitOptions | None = None,
    data_config: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Fit a model, evaluate it (by the best epoch), and leave a run folder.

    The folder holds ``config.yaml``, ``metrics.json``, ``graph.pt``, the checkpoint of
    the best epoch or of the fit and, of a model that learns by gradients, that of the
    last epoch and the training curves. Interrupting keeps the best epoch so far.

    Args:
        graph: The interactions.
        settings: Model and training settings. (default: ``Settings()``)
        run: The run folder; made if absent.
        options: Protocol, seed, device and the like. (default: ``FitOptions()``)
        data_config: Where the data came from, to be kept in ``config.yaml``.
            (default: ``None``)

    Returns:
        The content of ``metrics.json``.

    Raises:
        ValueError: If an option is outside its range, the part that selects the epoch
            is empty, there is too little memory, or ``run`` holds a run that is not,
            or cannot, be resumed.
        KeyboardInterrupt: If interrupted, after everything has been written.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)
        >>> options = FitOptions(progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     metrics = fit(graph, settings, run=f"{folder}/run", options=options)
        >>> metrics["epochs"]
        1
    """
    settings, options = settings or Settings(), options or FitOptions()
    folder = RunFolder(run)
    if not options.resume and folder.config_file.exists():
        raise ValueError(f"'run' needs to be a new folder, or to resume (got {run})")
    pl.seed_everything(options.seed, workers=True, verbose=False)
    graph = options.training_graph(graph)
    memory = usable_memory(options.memory_gb, options.device)
    settings = choose_engine(GraphSize.of(graph), settings, memory)
    return _Run(graph, settings, options, folder, dict(data_config or {})).carry_out()


@dataclass(frozen=True, eq=False)
class _Run:
    """What a run works on, each built once."""

    graph: BipartiteGraph
    settings: Settings
    options: FitOptions
    folder: RunFolder
    data_config: dict[str, Any]

    @cached_property
    def model(self) -> Model:
        """The model, untrained."""
        return self.settings.model.build(self.graph.num_users, self.graph.num_items)

    @cached_property
    def adjacency(self) -> BipartiteAdjacency:
        """The training graph as the model reads it."""
        return self.model.adjacency_of(self.graph)

    @cached_property
    def tasks(self) -> dict[TaskName, EvaluationTask]:
        """What is ranked: the held-out parts that are not empty."""
        parts: dict[TaskName, Any] = {
            "validation": self.graph.validation_index,
            "test": self.graph.test_index,
        }
        return {
            name: EvaluationTask.from_graph(self.graph, name)
            for name, pairs in parts.items()
            if pairs.size(1) > 0
        }

    @property
    def selecting_task(self) -> EvaluationTask:
        """What chooses the epoch; raises if that part is empty."""
        part = self.options.selects_on
        return self.tasks.get(part) or EvaluationTask.from_graph(self.graph, part)

    def carry_out(self) -> dict[str, Any]:
        """Fit, evaluate, and write down what was measured since the run started."""
        started = time.perf_counter()
        fitted = self._by_gradients() if self.settings.by_gradients else self._closed()
        model, share = fitted.model, self.settings.get("linear_share", 0.0)
        if fitted.finished and self.settings.get("choose_linear_share", False):
            model, share = self._choose_share(model, fitted.best_epoch)
        seconds = time.perf_counter() - started + fitted.earlier_seconds
        metrics = {
            "protocol": self.options.protocol,
            "selected_on": self.options.selects_on,
            "finished": fitted.finished,
            "data": self.graph.counts(),
            "epochs": fitted.epochs,
            "best_epoch": fitted.best_epoch,
            "fit_seconds": round(seconds, 3),
            "step_seconds": round(fitted.step_seconds, 3),
            "findings": fitted.findings,
            "linear_share": share,
            **self._measure(model, fitted.finished),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "device": fitted.device,
            "versions": versions(),
        }
        self.folder.write_metrics(metrics)
        if not fitted.finished:
            raise KeyboardInterrupt(
                f"epoch {fitted.best_epoch} is kept in {self.folder.path}"
                if fitted.best_epoch
                else "no epoch ended"
            )
        return metrics

    def _by_gradients(self) -> Trained:
        # The part that selects has to be there before anything is computed.
        task = self.selecting_task
        if not self.options.resume:
            self.model.prepare(self.adjacency, self.options.seed)
        return train(
            self.model,
            self.graph,
            self.adjacency,
            task,
            self.settings,
            self.options,
            self.folder,
            before=self._write_down,
        )

    def _closed(self) -> Trained:
        if self.options.resume:
            raise ValueError(
                f"'resume' needs a model that learns by gradients "
                f"(got {self.settings['model']!r})"
            )
        device = resolve_device(self.options.device)
        model = self.model.to(device)
        model.prepare(self.adjacency.to(device), self.options.seed)
        model = model.cpu().eval()
        self._write_down()
        self.folder.write_model(model, self._rebuilding(self.settings))
        return Trained(model=model, device=str(device))

    def _write_down(self) -> None:
        """Write what is fitted, and to what."""
        config = {**self.data_config, **asdict(self.options), **self.settings.flat()}
        del config["resume"]  # says how to begin, not what to do
        self.folder.write_config(config)
        self.graph.save(self.folder.graph_file)

    def _rebuilding(self, settings: Settings) -> dict[str, Any]:
        return settings.rebuilding(self.graph.num_users, self.graph.num_items)

    def _choose_share(
        self, model: Model | None, epoch: int | None
    ) -> tuple[Model, float]:
        """Let the part that chose the epoch choose what the linear model counts."""
        assert isinstance(model, Blend)
        # A resumed run chooses anew.
        blend = model.with_share(self.settings["linear_share"])
        share = choose_share(blend, self.adjacency, self.selecting_task)
        chosen = blend.with_share(share)
        settings = self.settings.but(linear_share=share)
        further = {} if epoch is None else {"epoch": epoch - 1}
        self.folder.write_model(chosen, self._rebuilding(settings), **further)
        return chosen, share

    def _measure(self, model: Model | None, finished: bool) -> dict[str, Any]:
        """Evaluate the model; an interrupted run leaves the test untouched."""
        found: dict[str, Any] = {"validation": {}, "test": {}, "score_seconds": None}
        if model is None:
            return found
        started = time.perf_counter()
        scorer = model.scorer(self.adjacency)
        prepared = time.perf_counter() - started
        for name, task in self.tasks.items():
            if name == "test" and not finished:
                continue
            started = time.perf_counter()
            found[name] = evaluate(scorer, task)
            seconds = prepared + time.perf_counter() - started
            found["score_seconds"] = round(seconds, 3)
        return found

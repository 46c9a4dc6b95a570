"""A run, from what is built for it to what it leaves."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, ClassVar, get_args

import pytorch_lightning as pl
import torch
from pytorch_lightning.strategies import DDPStrategy

from tvdiff_pyg.data import BipartiteGraph, PreparedData
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.machine import peak_memory_mb, resolve_device, versions
from tvdiff_pyg.models import Blend, LocalEASE, Model
from tvdiff_pyg.models.foreign import check_scorer
from tvdiff_pyg.models.ties import say_if_tied
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training.additions import Additions
from tvdiff_pyg.training.choose_blend import candidates, choose_blend
from tvdiff_pyg.training.clearing import clear, clear_torn
from tvdiff_pyg.training.datamodule import InteractionDataModule
from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.module import RecommenderModule
from tvdiff_pyg.training.processes import Processes
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import Settings
from tvdiff_pyg.training.spectral_start import starts_in_noise
from tvdiff_pyg.training.train import Trained, train


@dataclass(frozen=True, eq=False)
class Run:
    """A fit in a folder of its own: what it works on, each built once.

    Args:
        graph: The interactions, of which the training part is trained on, or where
            each process reads its own.
        settings: Model and training settings, with the engine that was chosen.
        options: How the run is carried out.
        folder: Where it is kept.
        processes: The processes that carry it out, each on its own.
        source: Where the data came from. (default: not told)
        selected_by: The run whose epochs and metrics this one stands on, if there is
            one: what ``metrics.json`` is to say of it. (default: ``None``)
        additions: What the caller adds to Lightning's trainer. (default: nothing)
    """

    graph: BipartiteGraph | PreparedData
    settings: Settings
    options: FitOptions
    folder: RunFolder
    processes: Processes
    source: Mapping[str, Any] = field(default_factory=dict)
    selected_by: Mapping[str, Any] | None = None
    additions: Additions = field(default_factory=Additions)

    #: What serves its batches.
    data_module: ClassVar[type[InteractionDataModule]] = InteractionDataModule

    @property
    def held(self) -> BipartiteGraph:
        """What this process holds of the graph."""
        assert isinstance(self.graph, BipartiteGraph)
        return self.graph

    @property
    def strategy(self) -> Callable[..., DDPStrategy]:
        """What reduces gradients where there are several processes."""
        return DDPStrategy

    @cached_property
    def model(self) -> Model:
        """The model, untrained, with the features of the graph if it reads them."""
        graph = self.held
        model = self.settings.model.build(graph.num_users, graph.num_items)
        return model.read_features(graph)

    @cached_property
    def adjacency(self) -> BipartiteAdjacency:
        """The training graph as the model reads it."""
        return self.model.adjacency_of(self.held)

    @cached_property
    def tasks(self) -> dict[TaskName, EvaluationTask]:
        """What is ranked: the held-out parts that are not empty."""
        counts, parts = self.graph.counts(), get_args(TaskName)
        return {name: self.task(name) for name in parts if counts[name] > 0}

    def task(self, name: TaskName) -> EvaluationTask:
        """What is ranked of a held-out part that is not empty."""
        return EvaluationTask.from_graph(self.held, name)

    @property
    def selecting_task(self) -> EvaluationTask:
        """What chooses the epoch; raises if that part is empty."""
        part = self.options.selects_on
        if part is None:
            return EvaluationTask.of_nobody(self.held)
        return self.tasks.get(part) or EvaluationTask.from_graph(self.held, part)

    def carry_out(self) -> dict[str, Any]:
        """Fit, evaluate, and write down what was measured since the run started."""
        started = time.perf_counter()
        return self._begun()._carried_out(started)

    def _begun(self) -> "Run":
        """Prepare a model that learns by gradients, unless it has been trained before;
        one that begins at random where its graph has no spectrum to begin at.
        """
        if self.options.resume or not self.settings.by_gradients:
            return self
        # The part that selects has to be there before anything is computed.
        _ = self.selecting_task
        if self._starts_in_noise():
            # As it would have begun with these settings, to the last bit.
            pl.seed_everything(self.options.seed, workers=True, verbose=False)
            settings = self.settings.but(initialization="xavier")
            return replace(self, settings=settings)._begun()
        self.model.prepare(self.adjacency, self.options.seed)
        check_scorer(self.model, self.adjacency)  # before an epoch is trained
        return self

    def _starts_in_noise(self) -> bool:
        """Whether there is no spectrum; a final fit begins as the run it stands on."""
        if self.options.final or self.settings.get("initialization") != "spectral":
            return False
        model = self.model  # Its weights are drawn here, as without a look.
        with torch.random.fork_rng(devices=[]):
            return starts_in_noise(model, self.held, self.options.monitor)

    def _carried_out(self, started: float) -> dict[str, Any]:
        stands_on = versions(*self.settings.model.packages)
        fitted = self._by_gradients() if self.settings.by_gradients else self._closed()
        model = fitted.model
        if fitted.finished and self.settings.get("choose_linear_share", False):
            model = self._choose_blend(model, fitted.best_epoch)
        seconds = time.perf_counter() - started + fitted.earlier_seconds
        metrics = {
            "protocol": self.options.protocol,
            "selected_on": self.options.selects_on,
            "selected_by": self.selected_by,
            "finished": fitted.finished,
            "data": self.graph.counts(),
            "epochs": fitted.epochs,
            "best_epoch": fitted.best_epoch,
            "fit_seconds": round(seconds, 3),
            "step_seconds": round(fitted.step_seconds, 3),
            "findings": fitted.findings,
            **self._linear(model),
            **(self._measure(model) if fitted.finished else self._checked(fitted)),
            "peak_memory_mb": round(peak_memory_mb(), 1),
            "device": fitted.device,
            "processes": self.processes.world_size,
            "versions": stands_on,
        }
        if self.processes.is_first:
            self.folder.write_metrics(metrics)
        if not fitted.finished:
            raise KeyboardInterrupt(
                f"epoch {fitted.best_epoch} is kept in {self.folder.path}"
                if fitted.best_epoch
                else "no epoch ended"
            )
        if self.processes.is_first:
            clear_torn(self.folder)
        return metrics

    def best_model(self) -> Model:
        """The model of the best epoch; all processes ask for it."""
        return self.folder.model()

    def _by_gradients(self) -> Trained:
        task = self.selecting_task
        on, options = (self.adjacency, task, self.settings), self.options
        trained = train(
            RecommenderModule(self.model, *on, options.ks, options.monitor),
            self.data_module(
                self.held, *on, num_workers=options.num_workers, seed=options.seed
            ),
            options,
            self.folder,
            before=self._write_down,
            additions=self.additions,
            strategy=self.strategy,
        )
        if not trained.finished:
            return trained  # Other processes may have ended already.
        return replace(trained, model=self.best_model())

    def _closed(self) -> Trained:
        device = resolve_device(self.options.device)
        model = self.model.to(device)
        model.prepare(self.adjacency.to(device), self.options.seed)
        model = model.cpu().eval()
        check_scorer(model, self.adjacency)  # before anything is written
        self._write_down()
        self.folder.write_model(model, self._rebuilding(self.settings))
        return Trained(device=str(device), model=model)

    def _write_down(self) -> None:
        """Write what is fitted, and to what."""
        if not self.processes.is_first:
            return
        config = {**self.source, **self.options.flat(), **self.settings.flat()}
        # How to begin, not what to do.
        for name in ("resume", "overwrite"):
            del config[name]
        if self.options.resume:
            self.folder.write_config(config)
            if isinstance(self.graph, PreparedData) and self.folder.kept_data():
                self.folder.write_graph(self.graph)  # They may have been moved.
            # They tell of fewer epochs; kept where the disk is full.
            self.folder.metrics_file.unlink(missing_ok=True)
            self.folder.per_user_file.unlink(missing_ok=True)
            return
        if self.folder.files():
            clear(self.folder)
        self.folder.write_config(config)
        self.folder.write_graph(self.graph)

    def _rebuilding(self, settings: Settings) -> dict[str, Any]:
        return settings.rebuilding(self.graph.num_users, self.graph.num_items)

    def _choose_blend(self, model: Model | None, epoch: int | None) -> Blend:
        """Let the part that chose the epoch choose the linear model, and its share."""
        assert isinstance(model, Blend)
        task = self.own(self.selecting_task)
        blends = candidates(model, self.settings.linear, self.adjacency)
        chosen = choose_blend(blends, self.adjacency, task, self.options.monitor)
        further = {} if epoch is None else {"epoch": epoch - 1}
        if self.processes.is_first:
            settings = self.settings.but(**self._linear(chosen))
            self.folder.write_model(chosen, self._rebuilding(settings), **further)
        return chosen

    def _linear(self, model: Model | None) -> dict[str, Any]:
        """Tell the linear model's settings, as they were chosen."""
        if isinstance(model, Blend) and isinstance(model.linear, LocalEASE):
            linear = model.linear.config
            return {
                "linear_share": model.share,
                "linear_neighbors": linear.num_neighbors,
                "linear_l2": linear.l2,
                "popularity_share": model.popularity_share,
            }
        return {"linear_share": self.settings.get("linear_share", 0.0)}

    def _checked(self, fitted: Trained) -> dict[str, Any]:
        """Tell what was measured while training; the test stays untouched."""
        part = self.options.selects_on
        validation = fitted.checked if part == "validation" else {}
        return {"validation": validation, "test": {}, "score_seconds": None}

    def own(self, task: EvaluationTask) -> EvaluationTask:
        """Return this process's part of the users; metrics add all parts up."""
        return task.part(self.processes.rank, self.processes.world_size)

    def _measure(self, model: Model | None) -> dict[str, Any]:
        """Evaluate the model."""
        assert model is not None
        found: dict[str, Any] = {"validation": {}, "test": {}, "score_seconds": None}
        started = time.perf_counter()
        scorer = model.scorer(self.adjacency)
        prepared = time.perf_counter() - started
        say_if_tied(scorer, self.settings["model"])
        for name, task in self.tasks.items():
            started = time.perf_counter()
            found[name] = evaluate(scorer, self.own(task), self.options.ks)
            seconds = prepared + time.perf_counter() - started
            found["score_seconds"] = round(seconds, 3)
        return found

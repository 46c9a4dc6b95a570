"""What processes train that are one of several: run by its path, with ``work``."""

import os
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

import tvdiff_pyg.diffusion.gaussian as gaussian
from tvdiff_pyg.data import BipartiteGraph, PreparedData, SyntheticBipartite
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.recommend.processes import evaluate_run, recommend_run
from tvdiff_pyg.training import (
    FitOptions,
    InteractionDataModule,
    ProcessOptions,
    RecommenderModule,
    Settings,
    fit,
)
from tvdiff_pyg.training.collectives import sum_of_processes
from tvdiff_pyg.training.processes import Processes

# Nothing is drawn but weights and the order of rows, which do not depend on processes.
CERTAIN = {
    "entropy_type": "nll",
    "num_timesteps": 1,
    "dropout": 0.0,
    "schedule": "linear",
    "noise_scale": 1e-13,
    "hidden_channels": 8,
}
SHORT = {**CERTAIN, "batch_size": 50, "max_epochs": 3}

MANY, FEW = (121, 80, 1500, 4), (4, 40, 24, 1)


def graph(size: tuple[int, ...] = MANY) -> BipartiteGraph:
    return SyntheticBipartite(*size, seed=1)[0]


def train(
    run: str,
    change: dict[str, Any],
    few: bool = False,
    data: str | None = None,
    **options: Any,
) -> None:
    """Fit with the settings above and some changed, and keep this rank's weights."""
    settings = Settings.over(SHORT, **change)
    ended: dict[str, Any] = {}

    def keep(self: RecommenderModule) -> None:
        ended.update(self.model.state_dict())

    RecommenderModule.on_train_end = keep  # type: ignore[method-assign]
    quiet = FitOptions(device="cpu", progress=False, **options)
    read = PreparedData(data) if data else graph(FEW if few else MANY)
    told = fit(read, settings, run=run, options=quiet)
    torch.save({"told": told, "weights": ended}, f"{run}.{quiet.processes.rank}")


def rank(
    out: str, run: str, users: list[Any] | None, filter_seen: bool, **options: Any
) -> None:
    """Measure and recommend, and keep what each process is told."""
    shared = ProcessOptions(device="cpu", **options)
    asked: dict[str, Any] = {"metrics": ["ndcg", "coverage"], "options": shared}
    told = {
        name: evaluate_run(run, name, (5, 20), per_user=name == "test", **asked)
        for name in ("validation", "test")
    }
    given = users, 7, filter_seen
    rows = recommend_run(run, f"{out}.parquet", *given, options=shared)
    torch.save({"told": told, "rows": rows}, f"{out}.{shared.processes.rank}")


def own_trainer(out: str, change: dict[str, Any]) -> None:
    """Train by a plain trainer of Lightning, and keep what it has logged."""
    data = graph()
    pl.seed_everything(0)
    settings = Settings(**SHORT, engine="exact").but(**change)
    model = settings.model.build(data.num_users, data.num_items)
    adjacency = model.adjacency_of(data)
    task = EvaluationTask.from_graph(data, "validation")
    world_size = int(os.environ.get("WORLD_SIZE", 1))
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=world_size,
        strategy="auto" if world_size == 1 else "ddp",
        use_distributed_sampler=False,
        max_epochs=2,
        num_sanity_val_steps=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(
        RecommenderModule(model, adjacency, task, settings),
        InteractionDataModule(data, adjacency, task, settings),
    )
    logged = {name: float(value) for name, value in trainer.callback_metrics.items()}
    kept = {"logged": logged, "weights": model.state_dict(), "users": task.user.numel()}
    torch.save(kept, f"{out}.{trainer.global_rank}")


def meet(out: str, times: int) -> None:
    """Begin process groups one after the other, and add up in each."""
    for number in range(times):
        processes = Processes.found()
        with processes.joined("gloo"):
            own = torch.tensor(float(number + processes.rank))
            assert sum_of_processes(own) == 2 * number + 1
    Path(f"{out}.{processes.rank}").touch()


if __name__ == "__main__":
    torch.set_num_threads(1)
    gaussian.FIRST_BETA = 0.0
    name, environment, arguments, options = globals()["work"]
    os.environ.update(environment)
    Path(arguments[0]).parent.mkdir(exist_ok=True)
    works = {one.__name__: one for one in (train, own_trainer, rank, meet)}
    works[name](*arguments, **options)

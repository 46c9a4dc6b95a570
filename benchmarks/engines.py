"""The three ways to compute TV-Diff that the benchmarks compare, on one graph.

`dense` writes whole interaction vectors out, as the paper does; `exact` computes the
same on factors; `sampled` reads a random part of the neighbours and of the items.
Benchmarks build models here alone.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, repeat
from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg import Settings, TVDiff
from tvdiff_pyg.data import BipartiteGraph, load_data
from tvdiff_pyg.data.data_root import in_root
from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.grid import GridCell
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.models import Blend, TrainableModel
from tvdiff_pyg.models.reference import dense_scores, dense_training_loss
from tvdiff_pyg.ranking import rank_scores
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import BipartiteAdjacency

K = 20
SYNTHETIC = "synthetic:"


def load_graph(cell: GridCell, **further: Any) -> BipartiteGraph:
    """Load the graph of a cell."""
    return load_data(in_root(cell.data, cell.root, **further), cell.seed)


def build_model(settings: Settings, num_users: int, num_items: int) -> TrainableModel:
    """Build the model that is trained, without a linear one, with random weights."""
    model = settings.model.build(num_users, num_items)
    return model.model if isinstance(model, Blend) else model


@dataclass
class Case:
    """One model on one graph; what is called here is what is timed.

    Args:
        model: The model, on the device.
        adjacency: The training graph, on the device.
        task: What a full evaluation ranks.
        settings: Batch size, neighbours and pool.
        users: Users of a training step.
        block: Users of a dense reverse process.
    """

    model: TVDiff
    adjacency: BipartiteAdjacency
    task: EvaluationTask
    settings: Settings
    users: Tensor
    block: Tensor
    optimizer: torch.optim.Optimizer = field(init=False)

    def __post_init__(self) -> None:
        self.optimizer = torch.optim.Adam(self.model.parameters(), fused=True)

    def step(self, loss: Callable[[], FreeEnergy]) -> None:
        self.model.train()
        self.optimizer.zero_grad()
        loss().free_energy.backward()
        self.optimizer.step()

    def dense_step(self) -> None:
        rows = self.adjacency.user_rows
        observed = rows.select(self.users)
        timestep = self.model.diffusion.sample_timestep(self.users.numel())
        noise = torch.randn(self.users.numel(), rows.num_cols, device=self.users.device)
        negative = None
        if self.model.loss_fn.needs_negatives:
            negative = self.model.sampler(observed, observed.degree())
        self.step(
            lambda: dense_training_loss(
                self.model.denoiser,
                self.model.diffusion,
                self.model.loss_fn,
                self.adjacency,
                self.users,
                timestep,
                noise,
                observed,
                negative,
            )
        )

    def exact_step(self) -> None:
        self.step(lambda: self.model.training_loss(self.adjacency, self.users))

    def subset_step(self) -> None:
        """The exact step with its noise drawn from as many items as the pool has."""
        self.model.num_noise_items = self.settings["num_pool"]
        self.exact_step()
        self.model.num_noise_items = None

    def half_step(self) -> None:
        """The same in mixed precision: dense products in bfloat16."""
        with torch.autocast(self.users.device.type, dtype=torch.bfloat16):
            self.subset_step()

    def sampled_step(self) -> None:
        """One step with the next batch, sampled in this process."""
        batch = next(self._batches).to(self.users.device)
        self.step(lambda: self.model.sampled_loss(self.adjacency, batch))

    @cached_property
    def _batches(self) -> Iterator[Any]:
        return chain.from_iterable(repeat(self._loader()))

    def _loader(self, num_workers: int = 0) -> Any:
        settings = self.settings
        users = self.adjacency.user_rows.degree().nonzero().view(-1).cpu()
        return neighbor_loader(
            self.adjacency.to("cpu"),
            users,
            settings["num_neighbors"],
            settings["num_pool"],
            batch_size=settings["batch_size"],
            shuffle=True,
            num_workers=num_workers,
        )

    def exact_epoch(self) -> None:
        """One step for each batch of all users that have interactions."""
        users = self.adjacency.user_rows.degree().nonzero().view(-1)
        order = users[torch.randperm(users.numel(), device=users.device)]
        for batch in order.split(self.settings["batch_size"]):
            self.step(lambda: self.model.training_loss(self.adjacency, batch))  # noqa: B023

    def sampled_epoch(self) -> None:
        """The same, the next batch sampled by another process meanwhile."""
        for batch in self._loader(num_workers=1):
            moved = batch.to(self.users.device)
            self.step(lambda: self.model.sampled_loss(self.adjacency, moved))  # noqa: B023

    @torch.no_grad()
    def dense_reverse(self) -> Tensor:
        """Denoise the block; returns all its scores."""
        self.model.eval()
        denoiser, diffusion = self.model.denoiser, self.model.diffusion
        history = self.adjacency.user_rows.select(self.block)
        # The dense process has no use for the mixing matrix, and does not pay for it.
        items = denoiser.item_tower(self.adjacency.item_rows)
        return dense_scores(denoiser, diffusion, history, *items)

    @torch.no_grad()
    def exact_reverse(self) -> Tensor:
        """Denoise the block; returns its factors."""
        self.model.eval()
        return self.model.scorer(self.adjacency).known(self.block)

    @torch.no_grad()
    def dense_evaluation(self) -> dict[str, float]:
        """Rank and measure the block, as the full evaluation does for all users."""
        _, item = rank_scores(
            self.dense_reverse(), K, self.task.seen.select(self.block)
        )
        metrics = self.task.metrics()
        metrics.update(item, self.task.label.select(self.block))
        return metrics.compute()

    def exact_evaluation(self) -> dict[str, float]:
        """Rank all users of the task and measure."""
        return evaluate(self.model.scorer(self.adjacency), self.task)

    @torch.no_grad()
    def share_of_equal_ranks(self) -> float:
        """Return the share of top-20 places on which dense and exact agree."""
        seen = self.task.seen.select(self.block)
        _, dense = rank_scores(self.dense_reverse(), K, seen)
        factor, item_factor = self.model(self.adjacency, self.block)
        _, exact = rank_scores(factor @ item_factor.t(), K, seen)
        return (dense == exact).float().mean().item()


def load_case(cell: GridCell, block: int) -> Case:
    """Build a model with random weights on a data set's training part.

    Args:
        cell: Its data, settings and device.
        block: Users of a dense reverse process.
    """
    torch.manual_seed(0)
    settings, device = cell.settings, resolve_device(cell.device)
    graph = load_graph(cell, validation_ratio=0.0)
    model = build_model(settings, graph.num_users, graph.num_items)
    assert isinstance(model, TVDiff)
    task = EvaluationTask.from_graph(graph, "test")
    order = torch.randperm(graph.num_users)
    return Case(
        model.to(device),
        model.adjacency(graph.train_index).to(device),
        task.to(device),
        settings,
        order[: settings["batch_size"]].to(device),
        task.user[torch.randperm(task.user.numel())[:block]].to(device),
    )

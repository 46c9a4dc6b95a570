"""One training step, with all that it reads prepared: what is called here is timed."""

from collections.abc import Callable

import torch
from engines import build_model

from tvdiff_pyg import Settings
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models import TrainableModel
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.training import LazyAdam

Step = Callable[[], None]


def training_step(graph: BipartiteGraph, settings: Settings) -> Step:
    """Return one exact step, of interactions or users as the settings have it."""
    torch.manual_seed(0)
    model = build_model(settings, graph.num_users, graph.num_items)
    adjacency = model.adjacency(graph.train_index)
    size = settings["batch_size"]
    batch = torch.randperm(graph.num_users)[:size], None
    if settings.training.over_interactions(settings.model):
        drawn = torch.randint(graph.train_index.size(1), (size,))
        batch = tuple(graph.train_index[:, drawn])
    return _step(model, lambda: model.training_loss(adjacency, *batch))


def sampled_step(graph: BipartiteGraph, settings: Settings) -> Step:
    """Return one step of the sampled engine, with a batch sampled beforehand."""
    torch.manual_seed(0)
    model = build_model(settings, graph.num_users, graph.num_items)
    adjacency = model.adjacency(graph.train_index)
    loader = neighbor_loader(
        adjacency,
        torch.arange(graph.num_users),
        settings["num_neighbors"],
        settings["num_pool"],
        batch_size=settings["batch_size"],
        shuffle=True,
    )
    batch = next(iter(loader))
    return _step(
        model, lambda: model.sampled_loss(adjacency, batch), settings["sparse_grad"]
    )


def _step(
    model: TrainableModel, loss: Callable[[], FreeEnergy], lazy: bool = False
) -> Step:
    parameters = model.parameters()
    optimizer: torch.optim.Optimizer = (
        LazyAdam(parameters) if lazy else torch.optim.Adam(parameters, fused=True)
    )

    def step() -> None:
        optimizer.zero_grad()
        loss().free_energy.backward()
        optimizer.step()

    return step

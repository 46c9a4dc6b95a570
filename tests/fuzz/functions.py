"""Public functions and classes, one argument at a time out of its range."""

import random
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

import tvdiff_pyg.analysis as analysis
from tests.fuzz import graphs, settings
from tests.fuzz.case import Case
from tests.fuzz.values import (
    INF,
    NAN,
    NO_CHOICE,
    NO_IDS,
    NO_POSITIVE,
    NO_RATIO,
    NO_SIZE,
    WRONG,
    Wrong,
)
from tvdiff_pyg import evaluate, top_k
from tvdiff_pyg.data import (
    BipartiteGraph,
    SyntheticBipartite,
    from_arrays,
)
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.loss import HelmholtzFreeEnergyLoss
from tvdiff_pyg.models import TVDiffConfig
from tvdiff_pyg.negatives import ARGumbelSampler
from tvdiff_pyg.nn import AnisotropicDenoiser, GCNDenoiser, MLPDenoiser
from tvdiff_pyg.ranking import ItemIndex, rank_scores
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.sampled import (
    BipartiteSampler,
    neighbor_loader,
    sample_neighbors,
)
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, pair_scores, spmm


def cases(folder: Path, rng: random.Random) -> Iterator[Case]:
    """Yield the cases."""
    graph = SyntheticBipartite(40, 30, 300)[0]
    for call, given, wrong in settings.arguments():
        yield from _one_by_one(call, given, wrong)
    for call, given, wrong in (
        *_parts(graph),
        *graphs.arguments(folder),
        *_scores(graph),
    ):
        yield from _one_by_one(call, given, wrong)
    size = graph.num_users, graph.num_items
    adjacency = BipartiteAdjacency.from_edge_index(graph.train_index, size)
    yield from _ids(graph, adjacency)


def _one_by_one(
    call: Callable[..., Any], given: Mapping[str, Any], wrong: Wrong
) -> Iterator[Case]:
    name = getattr(call, "__qualname__", repr(call))
    yield Case("function", name, partial(call, **given), refused=False)
    for argument, values in wrong.items():
        for value in values:
            words = f"{name}({argument}={value!r:.40})"
            changed = partial(call, **{**given, argument: value})
            yield Case("function", words, changed, refused=True, names=f"'{argument}")


def _parts(
    graph: BipartiteGraph,
) -> Iterator[tuple[Callable[..., Any], dict[str, Any], Wrong]]:
    rows = CSR.from_edge_index(graph.train_index, (graph.num_users, graph.num_items))
    for denoiser in (AnisotropicDenoiser, GCNDenoiser, MLPDenoiser):
        wrong = {"num_users": NO_SIZE, "num_items": NO_SIZE, "hidden_channels": NO_SIZE}
        yield denoiser, {"num_users": 3, "num_items": 4}, {**wrong, "dropout": NO_RATIO}
    yield GaussianDiffusion, {}, {"num_timesteps": [*NO_SIZE, 10**7]}
    yield HelmholtzFreeEnergyLoss, {}, {"temperature": [*WRONG, -1, 1e300]}
    yield (
        ARGumbelSampler,
        {"num_timesteps": 5},
        {"accept_ratio": [*WRONG, 0, -1, 1.1], "num_timesteps": NO_SIZE},
    )
    adjacency = BipartiteAdjacency.from_edge_index(
        graph.train_index, (graph.num_users, graph.num_items)
    )
    yield (
        BipartiteSampler,
        {"graph": adjacency},
        {
            "num_neighbors": [one for one in NO_SIZE if one != -1],
            "num_layers": NO_SIZE,
        },
    )
    yield (
        neighbor_loader,
        {"adjacency": adjacency, "index": torch.tensor([0, 1])},
        {
            "index": [torch.tensor(one) for one in NO_IDS],
            "num_neighbors": [one for one in NO_SIZE if one != -1],
            "num_pool": NO_SIZE,
            "num_layers": NO_SIZE,
        },
    )
    yield (
        sample_neighbors,
        {"rows": rows, "index": torch.tensor([0, 1]), "num_neighbors": 2},
        {
            "num_neighbors": [one for one in NO_SIZE if one != -1],
            "index": [torch.tensor(one) for one in NO_IDS],
        },
    )
    yield (
        BipartiteAdjacency.from_edge_index,
        {"edge_index": graph.train_index, "size": (40, 30)},
        {
            "normalization": NO_CHOICE,
            "edge_index": [
                torch.tensor([[0], [30]]),
                torch.tensor([[-1], [0]]),
                torch.tensor([[40], [0]]),
                torch.tensor([[0.5], [0.0]]),
                torch.tensor([0, 1]),
                torch.zeros(3, 1, dtype=torch.long),
            ],
        },
    )


def _scores(
    graph: BipartiteGraph,
) -> Iterator[tuple[Callable[..., Any], dict[str, Any], Wrong]]:
    user, item = torch.randn(3, 4), torch.randn(5, 4)
    yield top_k, {"user_factor": user, "item_factor": item, "k": 2}, {"k": NO_SIZE}
    yield rank_scores, {"score": torch.randn(3, 5), "k": 2}, {"k": NO_SIZE}
    factors = {"user_factor": user, "item_factor": item}
    yield (
        analysis.row_entropy,
        factors,
        {
            "temperature": NO_POSITIVE,
            "base": [*WRONG, 1, 0],
            "normalization": NO_CHOICE,
            "floor": [NAN, -1, "x", INF],
        },
    )
    yield analysis.band_edges, {}, {"num_bands": [*NO_SIZE, 2]}
    yield (
        ItemIndex.build,
        {"item_factor": item},
        {"kind": NO_CHOICE, "item_factor": [item[0], item[:0], item * NAN]},
    )
    config = TVDiffConfig.of(hidden_channels=4, num_timesteps=2)
    model = config.build(graph.num_users, graph.num_items)
    recommender = Recommender(model, graph)
    yield (
        recommender.recommend,
        {"users_or_histories": [0], "k": 2},
        {
            "k": NO_SIZE,
            "users_or_histories": [
                [],
                [[]],
                [0, [1]],
                [NAN],
                [None],
                3,
                [1.5],
                "0",
                None,
            ],
        },
    )
    no_ids = [[], [NAN], [None], 3, [1.5], "0", None, [[]]]
    for similar, name in (
        (recommender.similar_items, "items"),
        (recommender.similar_users, "users"),
    ):
        yield similar, {name: [0], "k": 2}, {"k": NO_SIZE, name: no_ids}
    task = EvaluationTask.from_graph(graph, "test")
    yield (
        evaluate,
        {"scorer": recommender.scorer, "task": task},
        {
            "ks": [[], [0], [-1], [1.5], ["x"], [True], [NAN]],
            "batch_size": NO_SIZE,
            "metrics": [["x"], [3], [None]],
        },
    )
    yield (
        EvaluationTask.from_graph,
        {"graph": graph, "name": "test"},
        {"name": NO_CHOICE},
    )


def _ids(graph: BipartiteGraph, adjacency: BipartiteAdjacency) -> Iterator[Case]:
    """Yield ids that point at nothing, wherever ids are taken."""
    config = TVDiffConfig.of(hidden_channels=4, num_timesteps=2)
    model = config.build(graph.num_users, graph.num_items)
    scorer, user = model.scorer(adjacency), torch.tensor([0])
    rows = adjacency.user_rows
    for wrong in NO_IDS:
        index = torch.tensor(wrong)
        calls: dict[str, Callable[[], Any]] = {
            "training_loss(user)": partial(model.training_loss, adjacency, index),
            "training_loss(item)": partial(model.training_loss, adjacency, user, index),
            "forward(user)": partial(model, adjacency, index),
            "rank(user)": partial(scorer.rank, index, 2),
            "CSR.select": partial(rows.select, index),
            "CSR.from_edge_index": partial(
                CSR.from_edge_index, torch.stack([index, index]), (40, 40)
            ),
            "IdMap.ids": partial(graph.item_ids.ids, wrong),
        }
        for name, call in calls.items():
            yield Case("ids", f"{name} of {wrong}", call, refused=True)
    factor = torch.ones(40, 2), torch.ones(30, 2)
    narrow = factor[0][:3], factor[1][:3]
    shapes: dict[str, Callable[[], Any]] = {
        "pair_scores": partial(pair_scores, rows, *narrow),
        "spmm": partial(spmm, rows, narrow[1]),
        "seen": partial(scorer.rank, user, 2, rows),
        "histories": partial(scorer.rank_histories, adjacency.item_rows, 2),
        "from_arrays": partial(from_arrays, np.zeros((2, 2)), np.zeros(2)),
    }
    for name, call in shapes.items():
        yield Case("shapes", name, call, refused=True)

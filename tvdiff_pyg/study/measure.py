"""What a study measures of a trained model, and of what its training reads."""

import itertools
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from tvdiff_pyg.analysis import (
    Change,
    degree_anisotropy,
    detection_limit,
    dirichlet_energy,
    effective_rank,
    energy_change,
    entropy_change,
    frequency_response,
    interaction_signal,
    mean_average_distance,
    score_signal,
    score_smoothness,
)
from tvdiff_pyg.models import FactorScorer
from tvdiff_pyg.sampled import neighbor_loader
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.training import Settings

Measures = dict[str, float | None]

USERS_AT_ONCE = 4096
# Entropies and energies read scores: of all users, or of as many as this allows.
MAX_SCORES = 300_000_000
CHEBYSHEV_DEGREE = 64
# The response takes as many products with the graph: minutes, where it is larger.
MAX_RESPONSE_EDGES = 2_000_000
# What the published thermodynamics of TV-Diff clip scores at.
CLIP_FLOOR = 1e-6
BATCHES_COUNTED = 3


@dataclass(frozen=True, eq=False)
class Factors:
    """What a model knows of every user and every item.

    Args:
        user: User factors, of shape ``[num_users, channels]``.
        item: Item factors, of shape ``[num_items, channels]``.
        rows: Each user's training items, ``[num_users, num_items]``.
    """

    user: Tensor
    item: Tensor
    rows: CSR

    @staticmethod
    @torch.no_grad()
    def of(scorer: FactorScorer) -> "Factors":
        """Compute the factors of all users and items.

        Args:
            scorer: A model prepared on the training graph.
        """
        rows = scorer.rows
        users = torch.arange(rows.num_rows, device=rows.col.device)
        blocks = [scorer.known(block) for block in users.split(USERS_AT_ONCE)]
        return Factors(torch.cat(blocks), scorer.item_factor, rows.with_value(None))

    def sample(self, max_scores: int = MAX_SCORES) -> "Factors":
        """Keep some users with an item, at random but always the same ones.

        Args:
            max_scores: Most scores that all kept users have together.
                (default: ``300_000_000``)
        """
        users = (self.rows.degree() > 0).nonzero().view(-1)
        wanted = max(max_scores // max(self.item.size(0), 1), 1)
        if users.numel() > wanted:
            order = torch.randperm(
                users.numel(), generator=torch.Generator().manual_seed(0)
            )
            users = users[order[:wanted].sort().values.to(users.device)]
        return Factors(self.user[users], self.item, self.rows.select(users))


def measure(factors: Factors) -> Measures:
    """Apply the instruments of :mod:`tvdiff_pyg.analysis` to a model's factors.

    Args:
        factors: What the model knows.

    Returns:
        Numbers by name; ``None`` where one is not defined.

    Example:
        >>> rows = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 3))
        >>> found = measure(Factors(torch.ones(2, 1), torch.ones(3, 1), rows))
        >>> round(found["effective_rank_scores"], 4)
        1.0
    """
    found = {**_smoothness(factors), **_spectrum(factors), **_thermodynamics(factors)}
    return {name: _number(value) for name, value in found.items()}


def _smoothness(factors: Factors) -> dict[str, Tensor]:
    both = factors.user, factors.item, factors.rows
    score, degree = score_smoothness(*both), degree_anisotropy(*both)
    return {
        "dirichlet_energy": dirichlet_energy(*both, normalize=True),
        "mad": mean_average_distance(*both),
        "score_roughness_users": score.user,
        "score_roughness_items": score.item,
        "degree_correlation_users": degree.user.spearman,
        "degree_correlation_items": degree.item.spearman,
    }


def _spectrum(factors: Factors) -> dict[str, Tensor]:
    """Ranks, and how scores answer interactions of low, middle and high frequency."""
    ranks = {
        "effective_rank_users": effective_rank(factors.user),
        "effective_rank_items": effective_rank(factors.item),
        "effective_rank_scores": effective_rank(factors.user, factors.item),
    }
    return (
        ranks if factors.rows.nnz > MAX_RESPONSE_EDGES else ranks | _response(factors)
    )


def _response(factors: Factors) -> dict[str, Tensor]:
    source = _source(factors.rows, factors.item.dtype)
    response = frequency_response(
        (None, source),
        (None, score_signal(factors.user, factors.item)),
        factors.rows,
        degree=CHEBYSHEV_DEGREE,
    )
    # A signal on items alone is mirrored about 1: the first bands are all there is.
    half = response[: response.numel() // 2 + 1]
    return {
        **{f"response_{band}": value for band, value in enumerate(half / half[0])},
        **response_limits(factors.rows, factors.item.dtype),
    }


def response_limits(rows: CSR, dtype: torch.dtype = torch.float32) -> dict[str, Tensor]:
    """Return below what responses cannot be told from none, from the third band on.

    Args:
        rows: Each user's training items.
        dtype: The type of the signals. (default: ``torch.float32``)
    """
    limit = detection_limit((None, _source(rows, dtype)), rows, degree=CHEBYSHEV_DEGREE)
    bands = range(2, limit.numel() // 2 + 1)
    return {f"response_{band}_limit": limit[band] for band in bands}


def _source(rows: CSR, dtype: torch.dtype) -> Tensor:
    """Draw what responses are relative to: always the same."""
    generator = torch.Generator(rows.col.device).manual_seed(0)
    return interaction_signal(rows, dtype=dtype, generator=generator)


def _thermodynamics(factors: Factors) -> dict[str, Tensor]:
    """Changes against the data, under both ways to normalise a row of scores."""
    sample = factors.sample()
    scale = (factors.rows.degree() > 0).sum() / sample.user.size(0)
    both = sample.user, sample.item, sample.rows
    found = {}
    for name, options in (
        ("softmax", {"normalization": "softmax"}),
        ("clipped", {"normalization": "clipped", "floor": CLIP_FLOOR}),
    ):
        entropy = entropy_change(*both, **options)
        found[f"entropy_{name}"] = entropy.reconstructed
        found[f"delta_entropy_{name}"] = entropy.total * scale
        for measured in ("observed", "occupied"):
            change: Change = energy_change(*both, measured, **options)
            found[f"delta_energy_{measured}_{name}"] = change.total * scale
    return found | {"data_entropy": entropy.data}


def batch_nodes_and_edges(
    adjacency: BipartiteAdjacency, index: Tensor, settings: Settings, seed: int = 0
) -> Measures:
    """Count what one batch of the sampled engine reads, on average over a few.

    Args:
        adjacency: The training graph, on the CPU.
        index: What batches are drawn over: users, or pairs ``[2, num_rows]``.
        settings: Batch size, neighbours, pool and layers.
        seed: Seed of the batches. (default: ``0``)

    Returns:
        ``batch_nodes`` and ``batch_edges``.
    """
    training = settings.training
    loader = neighbor_loader(
        adjacency,
        index,
        training.num_neighbors,
        training.num_pool,
        settings.model.num_layers,
        batch_size=training.batch_size,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )
    batches = list(itertools.islice(loader, BATCHES_COUNTED))
    return {
        "batch_nodes": sum(batch.num_nodes for batch in batches) / len(batches),
        "batch_edges": sum(batch.num_edges for batch in batches) / len(batches),
    }


def _number(value: Tensor) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None

"""One layer against several: entropy, smoothness, cost and ranking."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from tvdiff_pyg.study.columns import (
    COLUMNS,
    RANKING,
    SHAPE,
    TRAINING,
    Column,
    register_columns,
)
from tvdiff_pyg.study.definition import Overrides, Study, register_study
from tvdiff_pyg.study.summary import of_variant
from tvdiff_pyg.study.verdict import (
    Verdict,
    best_variant,
    decide,
    decide_all,
    differences,
    quote,
    seeds_of,
    variants_in,
)

ONE = "1"
COST = ("epoch_seconds", "batch_nodes", "batch_edges", "peak_memory_mb")
READ = "that one batch of the sampled engine would read"

register_columns(
    Column("batch_nodes", "Nodes a batch", READ, ",.0f"),
    Column("batch_edges", "Edges a batch", READ, ",.0f"),
    Column(
        "peak_memory_mb",
        "Peak MB",
        "of the process, evaluation included",
        ",.0f",
        ("memory_mb", "peak"),
    ),
)


@register_study("oversmoothing")
def oversmoothing() -> Study:
    """One anisotropic layer against several layers of propagation."""
    return Study(
        axis="layers",
        variants={str(depth): _layers(str(depth)) for depth in (1, 2, 3, 4, 6, 8)},
        columns=(*RANKING, *TRAINING, *SHAPE, *COST),
        figures={"ranking": RANKING, "smoothing": SHAPE, "cost": COST},
        claims=CLAIMS,
        make_variant=_layers,
    )


@dataclass(frozen=True)
class LessWithOneLayer:
    """The claim that a number is lower with one layer than with any more.

    Args:
        claim: The claim in words.
        name: The number.
    """

    claim: str
    name: str

    def __call__(self, cells: pl.DataFrame, data: str) -> Verdict | None:
        """Compare one layer with each other depth.

        Args:
            cells: The cells of the study.
            data: The graph.
        """
        deeper = _deeper(cells, data)
        gaps = {
            depth: differences(cells, data, self.name, depth, ONE) for depth in deeper
        }
        gaps = {depth: gap for depth, gap in gaps.items() if gap}
        if not gaps:
            return None
        outcomes = {depth: decide(gap) for depth, gap in gaps.items()}
        lower = [depth for depth, found in outcomes.items() if found == "holds"]
        higher = [depth for depth, found in outcomes.items() if found == "fails"]
        values = ", ".join(
            f"{quote(cells, data, depth, self.name)} with {depth}" for depth in gaps
        )
        return Verdict(
            self.claim,
            data,
            decide_all(list(outcomes.values())),
            f"{COLUMNS[self.name].label} is {quote(cells, data, ONE, self.name)} with "
            f"one layer; {values}. {_seeds(gaps).capitalize()}: lower than with "
            f"{_list(lower)}; higher than with {_list(higher)}.",
        )


def better_ranking(cells: pl.DataFrame, data: str) -> Verdict | None:
    """Compare one layer with the depth that is best on validation.

    Args:
        cells: The cells of the study.
        data: The graph.
    """
    other = best_variant(cells, data, _deeper(cells, data))
    if other is None or not (gap := differences(cells, data, "ndcg", ONE, other)):
        return None
    one, several = (
        pl.Series(of_variant(cells, data, depth, "ndcg")).mean()
        for depth in (ONE, other)
    )
    assert isinstance(one, float) and isinstance(several, float)
    return Verdict(
        "One layer ranks better than several",
        data,
        decide(gap),
        f"Test NDCG@20 is {quote(cells, data, ONE, 'ndcg')} with one layer and "
        f"{quote(cells, data, other, 'ndcg')} with {other}, the best of the deeper "
        f"ones on validation: {one / several - 1:+.1%}, {seeds_of(len(gap))}."
        + _still_rising(cells, data, (ONE, other)),
    )


@dataclass(frozen=True)
class LessWithDepth:
    """The claim that a number is lower with most layers than with one.

    Args:
        claim: The claim in words.
        name: The number.
    """

    claim: str
    name: str

    def __call__(self, cells: pl.DataFrame, data: str) -> Verdict | None:
        """Compare the two ends of the depths.

        Args:
            cells: The cells of the study.
            data: The graph.
        """
        deepest = max(_deeper(cells, data), key=int, default=None)
        if deepest is None:
            return None
        gap = differences(cells, data, self.name, ONE, deepest)
        if not gap:
            return None
        return Verdict(
            self.claim,
            data,
            decide(gap),
            f"From 1 to {deepest} layers, {COLUMNS[self.name].label} goes from "
            f"{quote(cells, data, ONE, self.name)} to "
            f"{quote(cells, data, deepest, self.name)}, {seeds_of(len(gap))}.",
        )


CLAIMS = (
    LessWithOneLayer("One layer spreads scores less (softmax)", "entropy_softmax"),
    LessWithOneLayer("One layer spreads scores less (clipped)", "entropy_clipped"),
    LessWithOneLayer(
        "One layer's scores are smoother along users", "score_roughness_users"
    ),
    LessWithOneLayer(
        "One layer's scores are smoother along items", "score_roughness_items"
    ),
    LessWithDepth("Depth lowers the rank of scores", "effective_rank_scores"),
    LessWithDepth("Depth filters out high graph frequencies", "response_4"),
    LessWithDepth("Depth turns neighbours to one direction", "mad"),
    LessWithOneLayer("One layer costs less time", "epoch_seconds"),
    LessWithOneLayer("One layer costs less memory", "peak_memory_mb"),
    LessWithOneLayer("One layer reads fewer sampled edges", "batch_edges"),
    better_ranking,
)


def _layers(value: str) -> Overrides:
    return {"denoiser": "gcn", "num_layers": int(value)}


def _deeper(cells: pl.DataFrame, data: str) -> list[str]:
    return [depth for depth in variants_in(cells, data) if depth != ONE]


def _seeds(gaps: dict[str, list[float]]) -> str:
    return seeds_of(max(len(gap) for gap in gaps.values()))


def _list(depths: Sequence[str]) -> str:
    return ", ".join(depths) if depths else "none"


def _still_rising(cells: pl.DataFrame, data: str, depths: Sequence[str]) -> str:
    """Say which variants were stopped at their best epoch, so not at their end."""
    rising = [
        depth
        for depth in depths
        if of_variant(cells, data, depth, "best_epoch")
        == of_variant(cells, data, depth, "epochs")
    ]
    if not rising:
        return ""
    return f" Stopped by the number of epochs, still rising: {_list(rising)}."

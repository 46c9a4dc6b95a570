"""One layer against several: entropy, smoothness, cost and ranking."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

from tvdiff_pyg.study.columns import (
    COLUMNS,
    RANKING,
    SHAPE,
    TRAINING,
    Column,
    register_columns,
)
from tvdiff_pyg.study.definition import Overrides, Study, register_study
from tvdiff_pyg.study.difference import Difference
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict, decide, seeds_of

ONE = "1"
COST = ("epoch_seconds", "batch_nodes", "batch_edges", "peak_memory_mb")
READ = "that one batch of the sampled engine would read"

register_columns(
    Column("batch_nodes", "Nodes a batch", READ, ",.0f", any_epoch=True),
    Column("batch_edges", "Edges a batch", READ, ",.0f", any_epoch=True),
    Column(
        "peak_memory_mb",
        "Peak MB",
        "of the process, evaluation included",
        ",.0f",
        ("memory_mb", "peak"),
        any_epoch=True,
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
class NumberClaim(ABC):
    """A claim about a number of the cells.

    Args:
        claim: The claim in words.
        name: The number.
    """

    claim: str
    name: str

    @abstractmethod
    def __call__(self, results: Results) -> Verdict | None:
        """Judge it on one graph.

        Args:
            results: The cells of the study on it.
        """


class LessWithOneLayer(NumberClaim):
    """The claim that a number is lower with one layer than with any more."""

    def __call__(self, results: Results) -> Verdict | None:
        """Compare one layer with each other depth. See :class:`NumberClaim`."""
        found = {
            depth: results.difference(self.name, depth, ONE)
            for depth in _deeper(results)
        }
        gaps = {depth: gap for depth, gap in found.items() if gap is not None}
        if not gaps:
            return None
        values = ", ".join(
            f"{results.quote(depth, self.name)} with {depth}" for depth in gaps
        )
        return decide(
            results,
            self.claim,
            f"{COLUMNS[self.name].label} is {results.quote(ONE, self.name)} with one "
            f"layer; {values}. {_told(gaps)}",
            list(gaps.values()),
        )


def better_ranking(results: Results) -> Verdict | None:
    """Compare one layer with the depth that is best on validation.

    Args:
        results: The cells of the study on a graph.
    """
    deeper = _deeper(results)
    other = results.best(deeper)
    gap = None if other is None else results.difference("ndcg", ONE, other)
    if other is None or gap is None:
        return None
    return decide(
        results,
        "One layer ranks better than several",
        f"Test NDCG@20 is {results.quote(ONE, 'ndcg')} with one layer and "
        f"{results.quote(other, 'ndcg')} with {other}, the best of the deeper ones on "
        f"validation, {seeds_of(gap.num_seeds)}.",
        [gap],
        chosen_from=deeper,
        stands="fails",
    )


class LessWithDepth(NumberClaim):
    """The claim that a number is lower with most layers than with one."""

    def __call__(self, results: Results) -> Verdict | None:
        """Compare the two ends of the depths. See :class:`NumberClaim`."""
        deepest = max(_deeper(results), key=int, default=None)
        if deepest is None:
            return None
        gap = results.difference(self.name, deepest, ONE, less=True)
        if gap is None:
            return None
        return decide(
            results,
            self.claim,
            f"From 1 to {deepest} layers, {COLUMNS[self.name].label} goes from "
            f"{results.quote(ONE, self.name)} to {results.quote(deepest, self.name)}, "
            f"{seeds_of(gap.num_seeds)}.",
            [gap],
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


def _deeper(results: Results) -> list[str]:
    return [depth for depth in results.variants if depth != ONE]


def _told(gaps: dict[str, Difference]) -> str:
    """List the depths by what became of their comparison."""
    said = {
        "holds": "lower than with",
        "fails": "higher than with",
        "indistinguishable": "indistinguishable from",
        "undecided": "open against",
    }
    lists = {
        words: ", ".join(depth for depth, gap in gaps.items() if gap.outcome == outcome)
        for outcome, words in said.items()
    }
    seeds = seeds_of(max(gap.num_seeds for gap in gaps.values())).capitalize()
    told = "; ".join(f"{words} {depths}" for words, depths in lists.items() if depths)
    return f"{seeds}: {told}."

"""What leaving dropout on while scoring, as the published code does, costs.

    python benchmarks/dropout_while_scoring.py runs/lastfm-paper

One trained model, the same test users: scored once without dropout, then several times
with it, by the dense reference. A linear model beside it has no dropout: both sides go
without it.
"""

from dataclasses import dataclass

import torch
from benchmark import Benchmark, Records, Table
from run_cell import RunCell

from tvdiff_pyg.evaluation import EvaluationTask, evaluate
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import markdown_table
from tvdiff_pyg.models import Blend, TVDiffScorer
from tvdiff_pyg.models.reference import DropoutScorer


@dataclass(frozen=True)
class Scoring(RunCell):
    """The test part of a run, ranked once.

    Args:
        scoring_seed: Seed of the dropout; without one there is none.
    """

    scoring_seed: int | None = None

    def measure(self) -> Record:
        model, graph = self.folder.model(), self.folder.graph()
        model = model.model if isinstance(model, Blend) else model
        adjacency = model.adjacency(graph.train_index)
        task = EvaluationTask.from_graph(graph, "test")
        parts = model.denoiser, model.diffusion
        without = scorer = TVDiffScorer(*parts, adjacency)
        if self.scoring_seed is not None:
            torch.manual_seed(self.scoring_seed)
            scorer = DropoutScorer(without, *parts, without.embedding)
        return {"metrics": {"test": evaluate(scorer, task)}, "graph": graph.counts()}


def cells(run: str, /, draws: int = 3) -> list[Scoring]:
    """Return a cell without dropout, and one for each seed of it.

    Args:
        run: Folder of the run.
        draws: Times that the test part is ranked with dropout.
    """
    seeds = (None, *range(draws))
    name = "dropout_while_scoring"
    return [Scoring.of(name, run, scoring_seed=seed) for seed in seeds]


def table(records: Records) -> str:
    """Scoring with and without dropout."""
    rows = []
    for record in records:
        test = record["metrics"]["test"]
        seed = record.get("conditions", {}).get("scoring_seed")
        rows.append(
            [
                record["data"],
                f"`{record['protocol']}`",
                "off" if seed is None else f"on, draw {seed}",
                f"{test['recall@20']:.4f}",
                f"{test['ndcg@20']:.4f}",
            ]
        )
    header = ["Data", "Protocol", "Dropout while scoring", "Recall@20", "NDCG@20"]
    return markdown_table([header, *rows])


BENCHMARK = Benchmark("dropout_while_scoring", cells, {"dropout": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

"""The item index against exact ranking: seconds side by side, and its Recall@20.

    python benchmarks/index_recall.py runs/gowalla

All users of a trained run are ranked by the factors of its model, without the items
that they have seen; the scores of a linear model beside it have no factors, and are
left out on both sides, as the record then says. Both are timed in one process, in turn,
with the same number of threads. The recall is the share of the exact top 20 that the
index finds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from benchmark import Benchmark, Records, Table
from clock import now, timed
from run_cell import RunCell

from tvdiff_pyg import ItemIndex, top_k
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.machine import versions
from tvdiff_pyg.ranking import IndexKind
from tvdiff_pyg.sparse import CSR
from tvdiff_pyg.study import Factors
from tvdiff_pyg.training import RunFolder

K = 20
LINEAR = "linear model"


@dataclass(frozen=True)
class IndexSearch(RunCell):
    """An index of one kind over the items of a run.

    Args:
        kind: The kind.
        num_probes: Lists that "ivf" looks through; its default if not given.
        ef_search: Items that "hnsw" keeps; its default if not given.
        repeats: Times that each side is timed.
        left_out: What the model has beside its dense factors, on neither side.
    """

    timed: ClassVar[bool] = True

    kind: IndexKind = "flat"
    num_probes: int | None = None
    ef_search: int | None = None
    repeats: int = 3
    left_out: str | None = None

    def measure(self) -> Record:
        import faiss

        faiss.omp_set_num_threads(torch.get_num_threads())
        graph, factors = self.folder.graph(), self.factors()
        known = torch.cat([graph.train_index, graph.validation_index], dim=1)
        seen = CSR.from_edge_index(known, (graph.num_users, graph.num_items))
        chosen = {"num_probes": self.num_probes, "ef_search": self.ef_search}
        chosen = {name: value for name, value in chosen.items() if value is not None}
        start = now()
        index = ItemIndex.build(factors.item, self.kind, **chosen)
        seconds = {"build": now() - start}
        recall = index.recall(factors.user, factors.item, K, seen)
        sides = {
            "search": lambda: index.search(factors.user, K, seen),
            "exact": lambda: top_k(factors.user, factors.item, K, seen),
        }
        # The recall has warmed both sides up.
        seconds |= timed(sides, self.repeats, warm_up=False)
        return {
            "graph": graph.counts(),
            "measures": {f"recall@{K}": recall, "channels": factors.item.size(1)},
            "seconds": seconds,
            "versions": {**versions(), "faiss": faiss.__version__},
        }

    def factors(self) -> Factors:
        """Return the dense factors of all users and items of the run."""
        graph, model = self.folder.graph(), self.folder.model()
        scorer = model.scorer(model.adjacency_of(graph)).factors
        if scorer is None:
            raise ValueError(
                f"'run' needs a model of dense factors (got {self.settings['model']!r})"
            )
        return Factors.of(scorer)


def cells(
    run: str,
    /,
    kinds: Sequence[IndexKind] = ("flat", "ivf", "hnsw"),
    num_probes: int | None = None,
    ef_search: int | None = None,
    repeats: int = 3,
) -> list[IndexSearch]:
    """Return a cell for each kind of index.

    Args:
        run: Folder of the run.
        kinds: Kinds of indices.
        num_probes: Lists that "ivf" looks through; its default if not given.
        ef_search: Items that "hnsw" keeps; its default if not given.
        repeats: Times that each side is timed.
    """
    chosen = {"num_probes": num_probes, "ef_search": ef_search, "repeats": repeats}
    if RunFolder(run).config().get("linear_share"):
        chosen["left_out"] = LINEAR
    return [IndexSearch.of("index_recall", run, kind=kind, **chosen) for kind in kinds]


def table(records: Records) -> str:
    """The FAISS index against exact ranking."""
    rows = []
    for record in records:
        graph, found = record["graph"], record["measures"]
        kind, left_out = (record["conditions"].get(n) for n in ("kind", "left_out"))
        rows.append(
            [
                f"{graph['users']:,} x {graph['items']:,}, {found['channels']}",
                f"{kind}, without the {left_out}" if left_out else kind,
                *(print_seconds(record["seconds"][side]) for side in SIDES),
                f"{found[f'recall@{K}']:.4f}",
            ]
        )
    header = "Users x items, H|Index|Build|Search|Exact search|Recall@20 of the exact"
    return markdown_table([header.split("|"), *rows])


SIDES = ("build", "search", "exact")
BENCHMARK = Benchmark("index_recall", cells, {"index-recall": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

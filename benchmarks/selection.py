"""What choosing the epoch on the test set is worth, and dropout while scoring.

    python benchmarks/selection.py --data lastfm --root DIR [--seeds 0 1 2]

Four cells, all trained on the whole training file: the epoch is the best on the test
set, or the one that the validation part chose for the same settings in a training
without that part; dropout is off or on while scoring, there as here.
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from benchmark import Benchmark, DataName, Records, Table
from engines import load_graph
from experiments import NARROW
from record_run import curve

from tvdiff_pyg import FitOptions, Settings, fit
from tvdiff_pyg.evaluation import TaskName
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import group_records, markdown_table, print_metric
from tvdiff_pyg.training import RunFolder
from tvdiff_pyg.training.fit_options import Protocol

TOP_20 = ("recall@20", "ndcg@20")


@dataclass(frozen=True)
class Selection(GridCell):
    """A training whose epoch one part chose.

    Args:
        epoch_chosen_on: The part.
    """

    protocol: Protocol = "paper"
    epoch_chosen_on: TaskName = "test"

    def measure(self) -> Record:
        settings = self.settings
        if self.epoch_chosen_on == "validation":
            epoch, _ = self.train(settings, "standard")
            # One check, at the epoch that validation chose: nothing is left to choose.
            settings = settings.but(max_epochs=epoch, check_every=epoch)
        epoch, check = self.train(settings, self.protocol)
        test = {name: check[name] for name in TOP_20}
        return {"best_epoch": epoch, "metrics": {"test": test}}

    def train(self, settings: Settings, protocol: Protocol) -> tuple[int, Record]:
        """Return the epoch, and the check that chose it, scored as the settings say."""
        options = FitOptions(
            protocol=protocol, seed=self.seed, device=self.device, progress=False
        )
        with tempfile.TemporaryDirectory(prefix="tvdiff-") as folder:
            run = Path(folder) / "run"
            told = fit(load_graph(self), settings, run=run, options=options)
            checks = curve(RunFolder(run), options.selects_on)
        return told["best_epoch"], max(checks, key=itemgetter("ndcg@20"))


def cells(
    data: DataName = "lastfm", root: str = "data", seeds: Sequence[int] = (0, 1, 2)
) -> list[Selection]:
    """Return the four cells of each seed.

    Args:
        data: A data set.
        root: Folder of the data sets.
        seeds: Seeds.
    """
    overrides = {**NARROW, "check_every": 1, "patience": 6}
    parts: tuple[TaskName, ...] = ("test", "validation")
    return [
        Selection(
            "selection",
            data,
            settings=Settings.preset(data, **overrides, score_with_dropout=dropout),
            seed=seed,
            root=root,
            epoch_chosen_on=part,
        )
        for seed in seeds
        for dropout in (False, True)
        for part in parts
    ]


def table(records: Records) -> str:
    """Dropout while scoring and the part that chose the epoch: four cells."""
    rows = []
    for group in group_records(records, _cell):
        data, dropout, part = _cell(group[0])
        found = [record["metrics"]["test"] for record in group]
        rows.append(
            [
                data,
                "on" if dropout else "off",
                part,
                str(len(group)),
                *(print_metric([one[n] for one in found]) for n in TOP_20),
            ]
        )
    header = ["Data", "Dropout while scoring", "Epoch chosen on", "Seeds"]
    return markdown_table([[*header, "Recall@20", "NDCG@20"], *rows])


def _cell(record: Record) -> tuple[str, bool, str]:
    return (
        record["data"],
        record["settings"]["score_with_dropout"],
        record["conditions"]["epoch_chosen_on"],
    )


BENCHMARK = Benchmark("selection", cells, {"selection": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

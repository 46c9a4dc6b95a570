"""Studies: grids of trainings, what is measured of them, and reports with verdicts.

Files, in the order that data flows through them: ``studies`` says what is varied,
``cell`` trains and ``measure`` measures one cell, ``grid`` carries out all, ``records``
keeps them, ``summary`` tabulates, ``claims`` and ``verdict`` decide, ``figures``,
``page`` and ``report`` write; ``run`` joins them.
"""

from tvdiff_pyg.grid.runner import GridCell, run_grid
from tvdiff_pyg.study.cell import Cell
from tvdiff_pyg.study.measure import Factors, measure
from tvdiff_pyg.study.report import write_report
from tvdiff_pyg.study.run import StudyOptions, run_study
from tvdiff_pyg.study.studies import STUDIES, Study
from tvdiff_pyg.study.verdict import Verdict

__all__ = [
    "STUDIES",
    "Cell",
    "Factors",
    "GridCell",
    "Study",
    "StudyOptions",
    "Verdict",
    "measure",
    "run_grid",
    "run_study",
    "write_report",
]

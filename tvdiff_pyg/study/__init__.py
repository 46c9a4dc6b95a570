"""Studies: grids of trainings, what is measured of them, and reports with verdicts.

A study is one file, such as ``oversmoothing``: what it varies, what it shows, and its
claims. The others, in the order that data flows through them: ``definition`` says what
a study is, ``trained_cell`` trains and ``measure`` measures one cell, ``summary``
tabulates by ``columns``, ``results`` compares, ``verdict`` decides, ``figures``,
``page`` and ``report`` write; ``carry_out`` joins them.
"""

from importlib import import_module
from pkgutil import iter_modules

from tvdiff_pyg.study.carry_out import StudyOptions, run_study
from tvdiff_pyg.study.columns import COLUMNS, Column, register_columns
from tvdiff_pyg.study.definition import STUDIES, Study, find_study, register_study
from tvdiff_pyg.study.difference import Difference
from tvdiff_pyg.study.measure import Factors, measure
from tvdiff_pyg.study.report import write_report
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.trained_cell import Cell
from tvdiff_pyg.study.verdict import Verdict, decide

__all__ = [
    "COLUMNS",
    "STUDIES",
    "Cell",
    "Column",
    "Difference",
    "Factors",
    "Results",
    "Study",
    "StudyOptions",
    "Verdict",
    "decide",
    "find_study",
    "measure",
    "register_columns",
    "register_study",
    "run_study",
    "write_report",
]

# A study registers itself by having a file here.
for _found in iter_modules(__path__):
    import_module(f"{__name__}.{_found.name}")

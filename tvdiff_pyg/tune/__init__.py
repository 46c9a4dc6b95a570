"""Tuning: settings that rank validation best, for several models on one budget.

In the order that data flows through them: ``candidate`` says what is tuned, ``options``
how; ``sampler`` proposes, ``session`` begins a ``trial``, ``watch`` watches it train,
``storage`` keeps it; ``outcome`` says by its trials what was ``tuned``; ``importance``
and ``history`` are for the ``report``; ``tuning`` joins them, ``carry_out`` begins it.
"""

from tvdiff_pyg.tune.candidate import Candidate, candidates_of
from tvdiff_pyg.tune.carry_out import tune
from tvdiff_pyg.tune.options import TuneOptions
from tvdiff_pyg.tune.tuned import Tuned

__all__ = ["Candidate", "TuneOptions", "Tuned", "candidates_of", "tune"]

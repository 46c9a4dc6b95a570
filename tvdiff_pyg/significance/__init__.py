"""Whether one model ranks better than another: over users and seeds, not seeds alone.

The test users are the same in all seeds of a split, so a spread over seeds leaves out
how much depends on who is asked. ``values`` puts what each user counts side by side,
``bootstrap`` draws users and seeds anew, ``comparison`` tests two models, or one and
several with Holm's ``correction``, and ``wording`` says what came of it; ``tails``
holds the p-values that go with an interval. Of models that are measured apart,
``shared_draws`` keeps what an interval between any two needs.
"""

from tvdiff_pyg.significance.bootstrap import resampled_means
from tvdiff_pyg.significance.comparison import Comparison, compare, compare_all
from tvdiff_pyg.significance.correction import holm
from tvdiff_pyg.significance.mean_interval import mean_interval
from tvdiff_pyg.significance.shared_draws import interval_ahead, shared_means
from tvdiff_pyg.significance.tails import Tails
from tvdiff_pyg.significance.values import user_values
from tvdiff_pyg.significance.wording import Word, word

__all__ = [
    "Comparison",
    "Tails",
    "Word",
    "compare",
    "compare_all",
    "holm",
    "interval_ahead",
    "mean_interval",
    "resampled_means",
    "shared_means",
    "user_values",
    "word",
]

"""The figure of all verdicts: claims by data sets, with signs, beside their tables."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tvdiff_pyg.files import replacing
from tvdiff_pyg.study import Verdict
from tvdiff_pyg.study.difference import Outcome

#: As reports colour them; the sign says the same.
SIGNS: dict[Outcome, tuple[str, str, str]] = {
    "holds": ("\u2713", "#0067a3", "white"),
    "fails": ("\u2717", "#a84300", "white"),
    "indistinguishable": ("=", "#f0c419", "black"),
    "undecided": ("?", "#d9d9d9", "black"),
}
SIDE = 0.36


def draw_verdicts(verdicts: Sequence[Verdict], file: Path) -> None:
    """Draw a row for each claim and a column for each data set.

    Args:
        verdicts: What was decided.
        file: Where the figure goes, a PNG.
    """
    from matplotlib.figure import Figure  # Draws with Agg: needs no display.
    from matplotlib.patches import Patch

    claims = list(dict.fromkeys(verdict.claim for verdict in verdicts))
    graphs = sorted({one.data for one in verdicts}, key=lambda name: (len(name), name))
    size = (SIDE * len(graphs) + 7.4, SIDE * len(claims) + 4.2)
    figure = Figure(figsize=size, layout="constrained")
    panel = figure.subplots()
    for one in verdicts:
        x, y = graphs.index(one.data), claims.index(one.claim)
        sign, colour, ink = SIGNS[one.outcome]
        panel.add_patch(_square(x, y, colour))
        panel.text(x, y, sign, color=ink, ha="center", va="center")
    panel.set_xlim(-0.5, len(graphs) - 0.5)
    panel.set_ylim(len(claims) - 0.5, -0.5)
    panel.set_aspect("equal")
    panel.set_yticks(np.arange(len(claims)), claims)
    panel.set_xticks(np.arange(len(graphs)), graphs, rotation=40, ha="right")
    panel.tick_params(length=0)
    panel.spines[:].set_visible(False)
    handles = [
        Patch(color=colour, label=f"{sign} {outcome}")
        for outcome, (sign, colour, _) in SIGNS.items()
    ]
    figure.legend(handles=handles, loc="outside upper left", ncols=4, frameon=False)
    with replacing(file) as partial:
        figure.savefig(partial, format="png", dpi=130)


def _square(x: int, y: int, colour: str) -> Any:
    from matplotlib.patches import Rectangle

    return Rectangle((x - 0.47, y - 0.47), 0.94, 0.94, color=colour)

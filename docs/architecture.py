"""Draws the picture of the method on the first page: `python docs/architecture.py`.

The names in it are those of the classes, so a renamed class is a renamed box.
"""

from pathlib import Path

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle

from tvdiff_pyg import AnisotropicDenoiser, ARGumbelSampler, HelmholtzFreeEnergyLoss
from tvdiff_pyg.diffusion import GaussianDiffusion
from tvdiff_pyg.files import replacing

PARTS = (
    GaussianDiffusion,
    AnisotropicDenoiser,
    HelmholtzFreeEnergyLoss,
    ARGumbelSampler,
)
FILE = Path(__file__).parent / "architecture.svg"
# Letters are shapes, for readers lack the fonts of formulas; and the same picture is
# the same file.
STYLE = {
    "svg.fonttype": "path",
    "svg.hashsalt": FILE.name,
    "font.family": "sans-serif",
    "mathtext.fontset": "cm",
}
# Told apart by colour-blind people (Okabe and Ito): energy, topology, negatives, noise.
BLUE, GREEN, ORANGE, GREY = "#0072b2", "#007a5a", "#b34d00", "#555555"
# A box of this width has its class beside the view, not below.
WIDE = 50
USERS, ITEMS = 3, 4
EDGES = ((0, 0), (0, 2), (1, 1), (1, 2), (2, 2), (2, 3))  # (user, item) pairs


def main() -> None:
    """Draw it."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 7.6))
        panel = figure.add_axes((0, 0, 1, 1))
        panel.set(xlim=(0, 72), ylim=(0, 76))
        panel.axis("off")
        draw_noise(panel)
        draw_denoiser(panel)
        draw_learning(panel)
        with replacing(FILE) as partial:
            figure.savefig(partial, format="svg", metadata={"Date": None})


def draw_noise(panel: Axes) -> None:
    """The forward process, from what a user has met to noise on it."""
    box(panel, 1, 61, 70, 14, GREY, GaussianDiffusion)
    vector(panel, 6, 64, (1, 0, 1, 0), "$x_0$, a user's items")
    arrow(panel, (26, 65.8), (44, 65.8), GREY, "noise of timestep $t$")
    vector(panel, 48, 64, (0.8, 0.25, 0.65, 0.1), "$x_t$")
    arrow(panel, (55.2, 61), (55.2, 58.2), GREY)


def draw_denoiser(panel: Axes) -> None:
    """View II: a layer of messages on each side, and their cross-correlation."""
    box(panel, 1, 29, 70, 29, GREEN, AnisotropicDenoiser, "II. Topology")
    draw_graph(panel)
    towers = (
        (38, 44.5, r"$\hat{u} = \tanh(\sum_i x_{t,i} W_I[i] + \mathrm{time}(t))$"),
        (38, 36.5, r"$v_i = \tanh(\sum_u \bar{r}_{ui} W_U[u])$"),
    )
    for x, y, equation in towers:
        panel.text(x, y + 4.2, equation, fontsize=14, va="center")
    panel.text(34, 48.7, "user", color=GREEN, fontsize=12, ha="right", va="center")
    panel.text(34, 40.7, "item", color=GREEN, fontsize=12, ha="right", va="center")
    panel.text(34, 32.9, "score", color=GREEN, fontsize=12, ha="right", va="center")
    panel.text(
        38, 32.9, r"$\hat{x}_{0,i} = \hat{u}\, v_i^\top$", fontsize=14, va="center"
    )
    arrow(panel, (19.5, 29), (19.5, 23.2), GREEN)


def draw_graph(panel: Axes) -> None:
    """The bipartite graph that messages go along."""
    users = [(6.5, 48 - 6.5 * i) for i in range(USERS)]
    items = [(20.5, 50 - 5.6 * i) for i in range(ITEMS)]
    for user, item in EDGES:
        ends = zip(users[user], items[item], strict=True)
        panel.plot(*ends, color=GREY, lw=1.2, zorder=1)
    for place in users:
        panel.add_patch(Circle(place, 1.5, fc="white", ec=GREEN, lw=2, zorder=2))
    for x, y in items:
        square = Rectangle((x - 1.4, y - 1.4), 2.8, 2.8, fc="white", ec=GREEN, lw=2)
        panel.add_patch(square).set_zorder(2)
    panel.text(6.5, 52, "users", fontsize=12, ha="center")
    panel.text(20.5, 52.6, "items", fontsize=12, ha="center")


def draw_learning(panel: Axes) -> None:
    """Views I and III: what is minimised, and against which items."""
    box(panel, 1, 2, 37, 21, BLUE, HelmholtzFreeEnergyLoss, "I. Thermodynamics")
    panel.text(19.5, 12, "$F = E - T S$", fontsize=18, ha="center")
    panel.text(19.5, 7.8, "E: how well $x_0$ is rebuilt", fontsize=12, ha="center")
    panel.text(19.5, 4.6, "S: entropy of the ranking", fontsize=12, ha="center")
    box(panel, 45, 2, 26, 21, ORANGE, ARGumbelSampler, "III. Hard negatives")
    panel.text(58, 11.6, "accept or reject,", fontsize=12, ha="center")
    panel.text(58, 8.2, "then a Gumbel softmax,", fontsize=12, ha="center")
    panel.text(58, 4.8, "softer as $t$ grows", fontsize=12, ha="center")
    arrow(panel, (44.6, 9), (38.6, 9), ORANGE)
    arrow(panel, (58, 29), (58, 23.2), GREEN)


def box(
    panel: Axes,
    x: float,
    y: float,
    width: float,
    height: float,
    color: str,
    part: type,
    view: str = "Diffusion",
) -> None:
    """A part of the method: its view, and the class that is it."""
    corner = "round,pad=0,rounding_size=1.2"
    place = (x, y), width, height
    panel.add_patch(FancyBboxPatch(*place, boxstyle=corner, fc="white", ec=color, lw=2))
    top = {"color": color, "va": "top"}
    panel.text(x + 1.6, y + height - 1.2, view, fontsize=13, weight="bold", **top)
    name = {"s": part.__name__, "fontsize": 12, "family": "monospace"}
    if width < WIDE:
        panel.text(x + 1.6, y + height - 4.4, **name, **top)
    else:
        panel.text(x + width - 1.6, y + height - 1.4, ha="right", **name, **top)


def vector(
    panel: Axes, x: float, y: float, values: tuple[float, ...], name: str
) -> None:
    """A row of cells, the darker the larger."""
    for place, value in enumerate(values):
        shade = str(1 - 0.75 * value)
        cell = Rectangle((x + 3.6 * place, y), 3.6, 3.6, fc=shade, ec=GREY, lw=1)
        panel.add_patch(cell)
    panel.text(x + 7.2, y + 4.6, name, fontsize=12, ha="center")


def arrow(
    panel: Axes,
    start: tuple[float, float],
    end: tuple[float, float],
    color: str,
    text: str = "",
) -> None:
    """An arrow, with a word above it."""
    style = {"arrowstyle": "-|>", "color": color, "lw": 2, "mutation_scale": 18}
    panel.annotate("", end, start, arrowprops=style)
    if text:
        middle = (start[0] + end[0]) / 2
        panel.text(middle, start[1] + 1.2, text, fontsize=12, ha="center")


if __name__ == "__main__":
    main()

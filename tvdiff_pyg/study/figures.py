"""Figures of a study: a panel for each number, a line for each graph."""

import textwrap
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tvdiff_pyg.files import replacing
from tvdiff_pyg.study.columns import COLUMNS, is_undetected
from tvdiff_pyg.study.definition import Study
from tvdiff_pyg.study.summary import LIMIT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_COLUMNS, PANEL_SIZE = 3, (3.6, 2.8)
NUM_BANDS = 5
LAST_BAND = "response_4"
# Of Okabe and Ito, those that stand out from white: colour-blind people can read them.
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#333333")
# Once all colours are taken, lines are broken.
STYLES = [{"color": one, "linestyle": line} for line in ("-", "--") for one in COLOURS]
# Words below a panel that stand side by side, in letters; more are turned.
LEVEL = 36


def write_figures(study: Study, means: pl.DataFrame, folder: Path) -> list[Path]:
    """Draw the figures of a study, each as PNG and as SVG.

    Args:
        study: The study.
        means: A table of :func:`~tvdiff_pyg.study.summary.seed_means`.
        folder: Where they go; made if absent.

    Returns:
        The SVG files.
    """
    import matplotlib

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    # The same numbers make the same file: no date, and ids that are not random.
    # And a dollar in a name is a dollar, not the beginning of a formula.
    drawn_so = {
        "svg.hashsalt": study.name,
        "svg.fonttype": "none",
        "text.parse_math": False,
    }
    with matplotlib.rc_context(drawn_so):
        for name, figure in _figures(study, means):
            with replacing(folder / f"{name}.png") as partial:
                figure.savefig(partial, format="png", dpi=150)
            figure.set_layout_engine("none")  # Finding it takes longest: once.
            files.append(folder / f"{name}.svg")
            with replacing(files[-1]) as partial:
                undated = {"Date": None, "Creator": None}
                figure.savefig(partial, format="svg", metadata=undated)
    return files


def _figures(study: Study, means: pl.DataFrame) -> Iterator[tuple[str, "Figure"]]:
    for name, columns in study.figures.items():
        drawn = [column for column in columns if _is_known(means, column)]
        if drawn:
            yield name, _lines(study, means, drawn)
    if _is_known(means, LAST_BAND):
        measured = means.filter(pl.col(LAST_BAND).is_not_null())
        yield "frequency-response", _responses(study, measured)


def _lines(study: Study, means: pl.DataFrame, columns: Sequence[str]) -> "Figure":
    """Draw a number against the variants, with the spread over seeds as bars."""
    place = _places(means)
    longest = 0 if _is_level(place) else max(map(len, place))
    figure, panels = _panels(len(columns), means["data"].n_unique(), longest)
    for panel, name in zip(panels, columns, strict=True):
        for index, (data, rows) in enumerate(_by_data(means)):
            known = rows.filter(pl.col(name).is_not_null())
            x = [place[variant] for variant in known["variant"]]
            spread = known[f"{name}_spread"].fill_null(0.0)
            drawn_so = {"marker": "o", "ms": 4, "capsize": 3, **_style(index)}
            panel.errorbar(x, known[name], spread, label=_shown(data), **drawn_so)
            _mark_limits(panel, x, known, name)
        panel.set(title=COLUMNS[name].label, xlabel=study.axis)
        if name == LAST_BAND:
            _make_logarithmic(panel)
        _name_places(panel, place)
        panel.grid(alpha=0.3)
    _legend(figure, panels)
    return figure


def _responses(study: Study, means: pl.DataFrame) -> "Figure":
    """Draw what each variant keeps of each graph frequency, a panel a graph.

    A white triangle is at what can be detected: the number is there or below.
    """
    graphs = list(_by_data(means))
    place = _places(means)
    figure, panels = _panels(len(graphs), len(place))
    bands = range(NUM_BANDS)
    for panel, (data, rows) in zip(panels, graphs, strict=True):
        for row in rows.iter_rows(named=True):
            response = [row[f"response_{band}"] for band in bands]
            label = f"{study.axis} {row['variant']}"
            style = _style(place[row["variant"]])  # The same one in all panels.
            panel.plot(bands, response, marker="o", ms=4, label=label, **style)
            for band in bands:
                _mark_limits(panel, [band], pl.DataFrame([row]), f"response_{band}")
        panel.set(
            title=textwrap.fill(data, 28), xlabel="frequency band, smooth to rough"
        )
        panel.set(ylabel="energy kept, relative", xticks=bands)
        _make_logarithmic(panel)
        panel.grid(alpha=0.3)
    _legend(figure, panels)
    return figure


def _places(means: pl.DataFrame) -> dict[str, int]:
    variants = means["variant"].unique(maintain_order=True)
    return {variant: index for index, variant in enumerate(variants)}


def _style(index: int) -> dict[str, Any]:
    return STYLES[index % len(STYLES)]


def _is_level(names: Collection[str]) -> bool:
    return len(names) * max(map(len, names)) <= LEVEL


def _name_places(panel: Any, names: Collection[str]) -> None:
    """Write names below a panel, turned where they would run into each other."""
    turned: dict[str, Any] = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    panel.set_xticks(range(len(names)), names, **({} if _is_level(names) else turned))


def _mark_limits(panel: Any, x: Sequence[int], rows: pl.DataFrame, name: str) -> None:
    """Mark numbers that are at what can be detected: there or anywhere below."""
    if f"{name}{LIMIT}" not in rows.columns:
        return
    pairs = zip(x, rows[name], rows[f"{name}{LIMIT}"], strict=True)
    for place, value, limit in pairs:
        if is_undetected(value, limit):
            white: dict[str, Any] = {"c": "white", "edgecolors": "#333333"}
            panel.scatter(place, value, 36, marker="v", zorder=3, **white)


def _panels(
    count: int, num_labels: int, longest: int = 0
) -> tuple["Figure", list[Any]]:
    """Return panels with room for a legend, and for turned names of so many letters."""
    from matplotlib.figure import Figure  # Draws without a display.

    columns = min(count, PANEL_COLUMNS)
    rows, lines = -(-count // columns), -(-num_labels // columns)
    width, height = PANEL_SIZE[0], PANEL_SIZE[1] + 0.055 * longest
    size = (columns * width, rows * height + 0.2 * (1 + lines))
    figure = Figure(figsize=size, layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in panels[count:]:
        unused.set_axis_off()
    return figure, panels[:count]


def _make_logarithmic(panel: Any) -> None:
    """Scale a panel by powers of ten, printed as numbers: formulas are not read."""
    panel.set_yscale("log")
    panel.yaxis.set_major_formatter("{x:g}")
    panel.yaxis.set_minor_formatter("")


def _legend(figure: "Figure", panels: Sequence[Any]) -> None:
    """Say below the panels what each line is, of any of them, as wide as they are."""
    found: dict[str, Any] = {}
    for panel in panels:
        handles, labels = panel.get_legend_handles_labels()
        found |= dict(zip(labels, handles, strict=True))
    columns = min(len(panels), PANEL_COLUMNS)
    figure.legend(
        found.values(),
        found.keys(),
        loc="outside lower center",
        ncols=columns,
        frameon=False,
    )


def _shown(label: str) -> str:
    """Return a label that legends show, too: they leave out what begins with _."""
    return f"\u200b{label}" if label.startswith("_") else label


def _by_data(means: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for data in means["data"].unique(maintain_order=True):
        yield data, means.filter(data=data)


def _is_known(means: pl.DataFrame, name: str) -> bool:
    return name in means.columns and means[name].is_not_null().any()

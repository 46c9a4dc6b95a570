"""Figures of a study: a panel for each number, a line for each graph."""

import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from tvdiff_pyg.study.columns import COLUMNS
from tvdiff_pyg.study.definition import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure

PANEL_COLUMNS, PANEL_SIZE = 3, (3.6, 2.8)
NUM_BANDS = 5
LAST_BAND = "response_4"


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
    with matplotlib.rc_context({"svg.hashsalt": study.name, "svg.fonttype": "none"}):
        for name, figure in _figures(study, means):
            figure.savefig(folder / f"{name}.png", dpi=150)
            files.append(folder / f"{name}.svg")
            figure.savefig(files[-1], metadata={"Date": None, "Creator": None})
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
    figure, panels = _panels(len(columns))
    variants = means["variant"].unique(maintain_order=True).to_list()
    place = {variant: index for index, variant in enumerate(variants)}
    for panel, name in zip(panels, columns, strict=True):
        for data, rows in _by_data(means):
            known = rows.filter(pl.col(name).is_not_null())
            x = [place[variant] for variant in known["variant"]]
            spread = known[f"{name}_spread"].fill_null(0.0)
            panel.errorbar(
                x, known[name], spread, fmt="o-", ms=4, capsize=3, label=data
            )
        panel.set(title=COLUMNS[name].label, xlabel=study.axis)
        if name == LAST_BAND:
            panel.set_yscale("log")
        panel.set_xticks(range(len(variants)), variants)
        panel.grid(alpha=0.3)
    _legend(figure, panels[0])
    return figure


def _responses(study: Study, means: pl.DataFrame) -> "Figure":
    """Draw what each variant keeps of each graph frequency, a panel a graph."""
    graphs = list(_by_data(means))
    figure, panels = _panels(len(graphs))
    bands = range(NUM_BANDS)
    for panel, (data, rows) in zip(panels, graphs, strict=True):
        for row in rows.iter_rows(named=True):
            response = [row[f"response_{band}"] for band in bands]
            label = f"{study.axis} {row['variant']}"
            panel.plot(bands, response, "o-", ms=4, label=label)
        panel.set(
            title=textwrap.fill(data, 28), xlabel="frequency band, smooth to rough"
        )
        panel.set(ylabel="energy kept, relative", yscale="log", xticks=bands)
        panel.grid(alpha=0.3)
    _legend(figure, panels[0])
    return figure


def _panels(count: int) -> tuple["Figure", list[Any]]:
    from matplotlib.figure import Figure  # Draws without a display.

    columns = min(count, PANEL_COLUMNS)
    rows = -(-count // columns)
    size = (columns * PANEL_SIZE[0], rows * PANEL_SIZE[1] + 0.4)
    figure = Figure(figsize=size, layout="constrained")
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for unused in panels[count:]:
        unused.set_axis_off()
    return figure, panels[:count]


def _legend(figure: "Figure", panel: Any) -> None:
    handles, labels = panel.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=PANEL_COLUMNS,
        frameon=False,
    )


def _by_data(means: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    for data in means["data"].unique(maintain_order=True):
        yield data, means.filter(data=data)


def _is_known(means: pl.DataFrame, name: str) -> bool:
    return name in means.columns and means[name].is_not_null().any()

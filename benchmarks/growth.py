"""How records of several sizes grow: exponents, and the figure of them."""

from pathlib import Path

import numpy as np
from benchmark import Records

from tvdiff_pyg.files import replacing
from tvdiff_pyg.grid import Record
from tvdiff_pyg.grid.tables import markdown_table

PHASES = ("graph", "adjacency", "pass", "score")


def growth_table(records: Records) -> str:
    """The exponents of growth: slopes of least squares in log-log."""
    rows = [
        [engine, *(exponent(group, phase) for phase in (*PHASES, None))]
        for engine, group in by_engine(records).items()
    ]
    return markdown_table([["Grows as", *PHASES, "peak memory"], *rows])


def size_of(record: Record) -> int:
    return record["graph"]["train"]


def by_engine(records: Records) -> dict[str, Records]:
    """Part the records, each engine's by size."""
    records = sorted(records, key=size_of)
    engines = sorted({record["variant"] for record in records}, reverse=True)
    return {
        name: [one for one in records if one["variant"] == name] for name in engines
    }


def figures_of(records: Records, phase: str | None) -> list[float]:
    """Return the seconds of a phase, or without one the peak memory."""
    if phase is None:
        return [record["memory_mb"]["peak"] for record in records]
    return [record["seconds"][phase] for record in records]


def exponent(records: Records, phase: str | None) -> str:
    """Return the slope of least squares in log-log."""
    sizes = [size_of(record) for record in records]
    if len(set(sizes)) < 2:
        return "needs two sizes"
    figures = figures_of(records, phase)
    return f"{np.polyfit(np.log(sizes), np.log(figures), 1)[0]:.2f}"


def draw(experiment: str, records: Records, folder: Path) -> None:
    """Draw seconds and memory against the interactions, exponents in the legend."""
    from matplotlib.figure import Figure  # Draws with Agg: needs no display.

    seconds, memory = Figure(figsize=(12, 6), layout="constrained").subplots(1, 2)
    marks = zip(by_engine(records).items(), ("o-", "s--"), strict=False)
    for (engine, rows), mark in marks:
        sizes = [size_of(row) for row in rows]
        for i, phase in enumerate((*PHASES, None)):
            name = "peak memory mb" if phase is None else f"{phase} s"
            panel = memory if phase is None else seconds
            label = f"{engine}, {name}: {exponent(rows, phase)}"
            panel.plot(sizes, figures_of(rows, phase), f"{mark}C{i}", label=label)
    for panel, label in ((seconds, "s (exact pass extrapolated)"), (memory, "MB")):
        panel.set(xscale="log", yscale="log", xlabel="interactions", ylabel=label)
        panel.grid(alpha=0.3)
        panel.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=2)
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / "scaling.png") as partial:
        seconds.figure.savefig(partial, format="png", dpi=120)

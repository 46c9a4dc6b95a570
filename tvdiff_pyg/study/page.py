"""A study's report as one HTML page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tvdiff_pyg.grid.page import render_page
from tvdiff_pyg.study.columns import Column
from tvdiff_pyg.study.convergence import NOT_CONVERGED
from tvdiff_pyg.study.corrected import about_correction
from tvdiff_pyg.study.verdict import Verdict


def html_page(
    title: str,
    verdicts: Sequence[Verdict],
    table: Sequence[Sequence[str]],
    columns: Sequence[Column],
    figures: Sequence[Path],
    provenance: Mapping[str, str],
    unconverged: Mapping[str, str],
) -> str:
    """Write the page.

    Args:
        title: What the study is about.
        verdicts: What was decided.
        table: The numbers, the header first: graph, variant and seeds, then what
            matters most, which stays in sight where the rest is folded.
        columns: What they mean.
        figures: SVG files, which become part of the page.
        provenance: How they were measured.
        unconverged: The cells that had not converged, by graph.

    Raises:
        ImportError: If jinja2 is not installed.
    """
    return render_page(
        "tvdiff_pyg.study",
        "report.html.jinja",
        title=title,
        verdicts=verdicts,
        counts=Counter(verdict.outcome for verdict in verdicts),
        claims=_by_claim(verdicts),
        first=[_first(row) for row in table],
        further=table if len(table[0]) > len(_first(table[0])) else None,
        columns=[(column.label, column.about) for column in columns],
        figures=[(_caption(file), _svg(file)) for file in figures],
        provenance=provenance,
        unconverged=unconverged,
        about_correction=about_correction(verdicts),
        about_unconverged=NOT_CONVERGED,
    )


def _by_claim(verdicts: Sequence[Verdict]) -> dict[str, list[Verdict]]:
    found: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        found.setdefault(verdict.claim, []).append(verdict)
    return found


def _first(row: Sequence[str]) -> list[str]:
    """Return graph, variant and the number that matters most."""
    return [*row[:2], *row[3:4]]


def _caption(file: Path) -> str:
    return file.stem.replace("-", " ").capitalize()


def _svg(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    # Inside a page an image has no prologue of its own.
    return text[text.index("<svg") :]

"""A study's report as one HTML page that needs no other file and no network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from tvdiff_pyg.study.columns import Column
from tvdiff_pyg.study.verdict import Verdict


def html_page(
    title: str,
    verdicts: Sequence[Verdict],
    table: Sequence[Sequence[str]],
    columns: Sequence[Column],
    figures: Sequence[Path],
    provenance: Mapping[str, str],
) -> str:
    """Write the page.

    Args:
        title: What the study is about.
        verdicts: What was decided.
        table: The numbers, the header first.
        columns: What they mean.
        figures: SVG files, which become part of the page.
        provenance: How they were measured.

    Raises:
        ImportError: If jinja2 is not installed.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("tvdiff_pyg.study"),
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template("report.html.jinja").render(
        title=title,
        verdicts=verdicts,
        counts=Counter(verdict.outcome for verdict in verdicts),
        table=table,
        columns=[(column.label, column.about) for column in columns],
        figures=[(_caption(file), _svg(file)) for file in figures],
        provenance=provenance,
    )


def _caption(file: Path) -> str:
    return file.stem.replace("-", " ").capitalize()


def _svg(file: Path) -> str:
    text = file.read_text(encoding="utf-8")
    # Inside a page an image has no prologue of its own.
    return text[text.index("<svg") :]

"""The report of a study: tables, figures, verdicts, and one page with all of them."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import polars as pl

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.tables import markdown_table
from tvdiff_pyg.study.columns import COLUMNS, Column
from tvdiff_pyg.study.definition import Study
from tvdiff_pyg.study.figures import write_figures
from tvdiff_pyg.study.page import html_page
from tvdiff_pyg.study.summary import cell_table, seed_means
from tvdiff_pyg.study.verdict import Verdict

Table = list[list[str]]

PACKAGES = ("matplotlib", "jinja2")


def check_installed() -> None:
    """Check that the packages which a report needs are there.

    Raises:
        ImportError: If one is not; it says what to install.
    """
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"a study's report needs {' and '.join(missing)} "
            "(pip install 'tvdiff_pyg[study]')"
        )


def write_report(study: Study, records: Sequence[Record], folder: Path) -> Path:
    """Write the report of finished cells, over any earlier one.

    The folder gets ``cells.csv`` (a row a cell), ``summary.csv`` (means and spreads
    over the seeds), ``report.md``, ``figures/`` (PNG and SVG) and ``report.html``, a
    page that needs no other file and no network.

    Args:
        study: The study.
        records: Records of its cells, at least one.
        folder: Where the report goes; made if absent.

    Returns:
        The path of ``report.html``.

    Raises:
        ValueError: If there are no records.
        ImportError: If matplotlib or jinja2 is not installed.
    """
    if not records:
        raise ValueError("'records' needs at least one finished cell (got none)")
    records = study.arrange(records)
    cells = cell_table(records)
    means = seed_means(cells)
    folder.mkdir(parents=True, exist_ok=True)
    cells.write_csv(folder / "cells.csv")
    means.write_csv(folder / "summary.csv")
    figures = write_figures(study, means, folder / "figures")
    verdicts = judge(study, cells)
    text = markdown_report(study, records, means, verdicts)
    (folder / "report.md").write_text(text, encoding="utf-8")
    page = folder / "report.html"
    page.write_text(
        html_page(
            study.title,
            verdicts,
            result_table(study, means),
            [COLUMNS[name] for name in shown_columns(study, means)],
            figures,
            provenance(records),
        ),
        encoding="utf-8",
    )
    return page


def judge(study: Study, cells: pl.DataFrame) -> list[Verdict]:
    """Decide each claim of a study on each graph.

    Args:
        study: The study.
        cells: A table of :func:`~tvdiff_pyg.study.summary.cell_table`.

    Returns:
        The verdicts, claim by claim; none where the cells do not suffice.
    """
    graphs = cells["data"].unique(maintain_order=True).to_list()
    found = (claim(cells, data) for claim in study.claims for data in graphs)
    return [verdict for verdict in found if verdict is not None]


def shown_columns(study: Study, means: pl.DataFrame) -> list[str]:
    """Return the columns of a study that any cell has a number for.

    Args:
        study: The study.
        means: A table of :func:`~tvdiff_pyg.study.summary.seed_means`.
    """
    return [
        name
        for name in study.columns
        if name in means.columns and means[name].is_not_null().any()
    ]


def result_table(study: Study, means: pl.DataFrame) -> Table:
    """Print means and spreads, a row for each graph and variant, below a header.

    Args:
        study: The study.
        means: A table of :func:`~tvdiff_pyg.study.summary.seed_means`.
    """
    columns = [COLUMNS[name] for name in shown_columns(study, means)]
    header = ["Data", study.axis.capitalize(), "Seeds", *(c.label for c in columns)]
    rows = [
        [
            row["data"],
            row["variant"],
            str(row["seeds"]),
            *(_cell(column, row) for column in columns),
        ]
        for row in means.iter_rows(named=True)
    ]
    return [header, *rows]


def markdown_report(
    study: Study,
    records: Sequence[Record],
    means: pl.DataFrame,
    verdicts: Sequence[Verdict],
) -> str:
    """Write the report as Markdown.

    Args:
        study: The study.
        records: Records of its cells.
        means: A table of :func:`~tvdiff_pyg.study.summary.seed_means`.
        verdicts: What was decided.
    """
    about = [
        f"- {COLUMNS[name].label}: {COLUMNS[name].about}."
        for name in shown_columns(study, means)
    ]
    return "\n".join(
        [
            f"# {study.title}",
            "",
            "## Verdicts",
            "",
            markdown_table(verdict_table(verdicts)),
            "## Numbers",
            "",
            markdown_table(result_table(study, means)),
            "Mean ± sample standard deviation over the seeds.",
            "",
            *about,
            "",
            "## How it was measured",
            "",
            *(f"- {name}: {value}" for name, value in provenance(records).items()),
            "",
        ]
    )


def verdict_table(verdicts: Sequence[Verdict]) -> Table:
    """Lay verdicts out as rows below a header.

    Args:
        verdicts: What was decided.
    """
    rows = [
        [verdict.claim, verdict.data, verdict.outcome, verdict.sentence]
        for verdict in verdicts
    ]
    return [["Claim", "Data", "Verdict", "Numbers"], *rows]


def provenance(records: Sequence[Record]) -> dict[str, str]:
    """Say under which protocol, on what and with which settings cells were trained.

    Args:
        records: Records of the cells.
    """
    first = records[0]
    constant = {
        name: value
        for name, value in first["settings"].items()
        if all(record["settings"].get(name) == value for record in records)
    }
    versions = first["versions"]
    return {
        "protocol": _distinct(record["protocol"] for record in records),
        "data": "; ".join(dict.fromkeys(record["data"] for record in records)),
        "model": _distinct(record["model"] for record in records),
        "seeds": _distinct(str(record["seed"]) for record in records),
        "device": _distinct(record["hardware"]["device"] for record in records),
        "processor": _distinct(
            f"{record['hardware']['cpu']}, {record['hardware']['threads']} threads"
            for record in records
        ),
        "versions": ", ".join(f"{name} {number}" for name, number in versions.items()),
        "settings that all cells share": ", ".join(
            f"{name} {value}" for name, value in constant.items()
        ),
    }


def _distinct(values: object) -> str:
    return ", ".join(dict.fromkeys(values))  # type: ignore[call-overload]


def _cell(column: Column, row: Record) -> str:
    return column.format(row[column.name], row[f"{column.name}_spread"])

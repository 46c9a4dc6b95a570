"""The report of a study: tables, figures, verdicts, and one page with all of them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import polars as pl

from tvdiff_pyg.files import write_text
from tvdiff_pyg.grid.page import PAGE
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.tables import MISSING, markdown_table, markdown_text
from tvdiff_pyg.printable import printable
from tvdiff_pyg.study.columns import COLUMNS, Column
from tvdiff_pyg.study.convergence import NOT_CONVERGED, unconverged_cells
from tvdiff_pyg.study.corrected import about_correction, correct
from tvdiff_pyg.study.definition import Study
from tvdiff_pyg.study.figures import write_figures
from tvdiff_pyg.study.kept_users import KeptUsers
from tvdiff_pyg.study.page import html_page
from tvdiff_pyg.study.results import MARGIN, results_of
from tvdiff_pyg.study.summary import LIMIT, cell_table, seed_means
from tvdiff_pyg.study.verdict import Verdict

Table = list[list[str]]

PACKAGES = ("matplotlib", "jinja2", "scipy")


def write_report(
    study: Study,
    records: Sequence[Record],
    folder: Path,
    margin: float = MARGIN,
    users: KeptUsers | None = None,
) -> Path:
    """Write the report of finished cells, over any earlier one.

    The folder gets ``cells.csv`` (a row a cell), ``summary.csv`` (means and spreads
    over the seeds), ``report.md``, ``figures/`` (PNG and SVG) and ``report.html``, a
    page that needs no other file and no network.

    Args:
        study: The study.
        records: Records of its cells, at least one.
        folder: Where the report goes; made if absent.
        margin: The share of a number that makes no difference. (default: ``0.01``)
        users: Finds what each test user counts in a cell. (default: nothing is kept)

    Returns:
        The path of ``report.html``.

    Raises:
        ValueError: If there are no records.
        ImportError: If matplotlib, jinja2 or scipy is not installed.
    """
    if not records:
        raise ValueError("'records' needs at least one finished cell (got none)")
    records = study.arrange(records)
    cells = cell_table(records)
    means = seed_means(cells)
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / "cells.csv", cells.write_csv())
    write_text(folder / "summary.csv", means.write_csv())
    figures = write_figures(study, means, folder / "figures")
    verdicts = judge(study, records, margin, users)
    told = {**provenance(records), "margin": f"{margin:.1%} of a number"}
    text = markdown_report(study, means, verdicts, unconverged_cells(cells), told)
    write_text(folder / "report.md", text)
    page = folder / PAGE
    write_text(
        page,
        html_page(
            study.title,
            verdicts,
            result_table(study, means),
            [COLUMNS[name] for name in shown_columns(study, means)],
            figures,
            told,
            unconverged_cells(cells),
        ),
    )
    return page


def judge(
    study: Study,
    records: Sequence[Record],
    margin: float = MARGIN,
    users: KeptUsers | None = None,
) -> list[Verdict]:
    """Decide each claim of a study on each graph, corrected for all of them.

    Args:
        study: The study.
        records: Records of its cells, in the order of a report.
        margin: The share of a number that makes no difference. (default: ``0.01``)
        users: Finds what each test user counts in a cell. (default: nothing is kept)

    Returns:
        The verdicts, claim by claim; none where the cells do not suffice.
    """
    graphs = results_of(records, margin, users)
    found = (claim(results) for claim in study.claims for results in graphs)
    return correct([verdict for verdict in found if verdict is not None])


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
    is_flagged = means["unconverged"].sum() > 0
    rows = [
        [
            row["data"],
            row["variant"],
            str(row["seeds"]),
            *(_cell(column, row) for column in columns),
            *([_of_seeds(row["unconverged"], row["seeds"])] if is_flagged else []),
        ]
        for row in means.iter_rows(named=True)
    ]
    return [[*header, *(["Not converged"] if is_flagged else [])], *rows]


def markdown_report(
    study: Study,
    means: pl.DataFrame,
    verdicts: Sequence[Verdict],
    unconverged: Mapping[str, str],
    told: Mapping[str, str],
) -> str:
    """Write the report as Markdown.

    Args:
        study: The study.
        means: A table of :func:`~tvdiff_pyg.study.summary.seed_means`.
        verdicts: What was decided.
        unconverged: The cells that had not converged, by graph.
        told: How they were measured.
    """
    about = [
        f"- {COLUMNS[name].label}: {COLUMNS[name].about}."
        for name in shown_columns(study, means)
    ]
    flagged = [f"- {markdown_text(data)}: {one}." for data, one in unconverged.items()]
    lines = [
        f"# {study.title}",
        "",
        "## Verdicts",
        "",
        verdict_text(verdicts),
        *(["## Not converged", "", NOT_CONVERGED, "", *flagged, ""] if flagged else []),
        "## Numbers",
        "",
        markdown_table(result_table(study, means)),
        "Mean ± sample standard deviation over the seeds.",
        "",
        *about,
        "",
        "## How it was measured",
        "",
        *(f"- {name}: {markdown_text(value)}" for name, value in told.items()),
        "",
    ]
    return "\n".join(lines)


def verdict_text(verdicts: Sequence[Verdict]) -> str:
    """Write verdicts as a Markdown table, with what was corrected below it.

    Args:
        verdicts: What was decided.
    """
    rows = [
        [
            one.claim,
            one.data,
            one.outcome,
            one.effect or MISSING,
            MISSING if one.p_value is None else f"{one.p_value:.2g}",
            one.sentence,
        ]
        for one in verdicts
    ]
    table = [["Claim", "Data", "Verdict", "Effect", "p", "Numbers"], *rows]
    return f"{markdown_table(table)}\n{about_correction(verdicts)}\n"


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
        "data": printable(
            "; ".join(dict.fromkeys(record["data"] for record in records))
        ),
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
    limit = row.get(f"{column.name}{LIMIT}")
    return column.format(row[column.name], row[f"{column.name}_spread"], limit)


def _of_seeds(number: int, seeds: int) -> str:
    return f"{number} of {seeds}" if number else ""

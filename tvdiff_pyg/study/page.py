"""A study's report as one HTML page that needs no other file and no network."""

from collections import Counter
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

from tvdiff_pyg.study.columns import Column
from tvdiff_pyg.study.verdict import Verdict

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #2a7d46;
  --bad: #b3392f; --open: #8a6d1a; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 76rem;
  padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin-bottom: .3rem; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .8rem; border-bottom: 1px solid var(--line); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .86rem; }
th, td { padding: .35rem .7rem; text-align: left; vertical-align: top;
  border-bottom: 1px solid var(--line); }
.numbers td { font-variant-numeric: tabular-nums; white-space: nowrap; }
tbody tr:hover { background: var(--soft); }
.holds, .fails, .undecided { color: #fff; border-radius: .3rem; padding: .05rem .5rem;
  font-size: .8rem; white-space: nowrap; }
.holds { background: var(--good); } .fails { background: var(--bad); }
.undecided { background: var(--open); }
figure { margin: 1rem 0 2rem; background: #fff; border-radius: .4rem; padding: .6rem; }
figure svg { width: 100%; height: auto; }
figcaption { color: #444; font-size: .86rem; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; }
"""


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
    """
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{STYLE}</style>
</head>
<body>
<h1>{escape(title)}</h1>
<p>{_glance(verdicts)} A claim holds on a graph where it does in every seed, fails where
it does in none, and is undecided otherwise.</p>
<h2>Verdicts</h2>
{_verdicts(verdicts)}
<h2>Figures</h2>
{"".join(map(_figure, figures))}
<h2>Numbers</h2>
{_numbers(table)}
<p>Mean ± sample standard deviation over the seeds.</p>
{_definitions({column.label: column.about for column in columns})}
<h2>How it was measured</h2>
{_definitions(provenance)}
</body>
</html>
"""


def _glance(verdicts: Sequence[Verdict]) -> str:
    counts = Counter(verdict.outcome for verdict in verdicts)
    return (
        f"Of {len(verdicts)} verdicts, {counts['holds']} say that a claim holds, "
        f"{counts['fails']} that it fails, {counts['undecided']} leave it open."
    )


def _verdicts(verdicts: Sequence[Verdict]) -> str:
    rows = "".join(
        f"<tr><td>{escape(verdict.claim)}</td><td>{escape(verdict.data)}</td>"
        f'<td><span class="{verdict.outcome}">{verdict.outcome}</span></td>'
        f"<td>{escape(verdict.sentence)}</td></tr>\n"
        for verdict in verdicts
    )
    head = "<tr><th>Claim</th><th>Data</th><th>Verdict</th><th>Numbers</th></tr>"
    return _table(head, rows, "verdicts")


def _numbers(table: Sequence[Sequence[str]]) -> str:
    header, *rows = table
    head = f"<tr>{''.join(f'<th>{escape(cell)}</th>' for cell in header)}</tr>"
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n"
        for row in rows
    )
    return _table(head, body, "numbers")


def _table(head: str, body: str, kind: str) -> str:
    return (
        f'<div class="wide"><table class="{kind}"><thead>{head}</thead>'
        f"<tbody>\n{body}</tbody></table></div>"
    )


def _figure(file: Path) -> str:
    svg = file.read_text()
    # Inside a page an image has no prologue of its own.
    image = svg[svg.index("<svg") :]
    caption = escape(file.stem.replace("-", " ").capitalize())
    return f"<figure>{image}<figcaption>{caption}</figcaption></figure>\n"


def _definitions(pairs: Mapping[str, str]) -> str:
    items = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>\n"
        for name, value in pairs.items()
    )
    return f"<dl>\n{items}</dl>"

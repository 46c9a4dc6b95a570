"""Render the tables of results from the records, into the README and the docs.

python benchmarks/table.py
"""

import re
from pathlib import Path
from typing import Any

from records import RESULTS, read_records

ROOT = Path(__file__).parents[1]
MARKERS = "<!-- results -->\n", "<!-- end of results -->\n"

# Recall@20 and NDCG@20 of TV-Diff in the paper (arXiv 2511.20122, protocol `paper`).
PUBLISHED = {
    "lastfm": (0.3133, 0.2953),
    "amazon-beauty": (0.1475, 0.0852),
    "gowalla": (0.2195, 0.1762),
}
RUNS_HEADER = """\
| Data | Protocol | Recall@20 | NDCG@20 | Published | Best epoch | Training | Memory |
|---|---|---|---|---|---|---|---|
"""
DROPOUT_HEADER = """\
| Data | Protocol | Dropout while scoring | Recall@20 | NDCG@20 |
|---|---|---|---|---|
"""
SPEED_HEADER = """\
| Data | H | | Dense | Factors | Ratio | Equal top-20 |
|---|---|---|---|---|---|---|
"""


def render_runs(records: list[dict[str, Any]]) -> str:
    """Return the table of runs: data sets in the paper's order, `paper` first."""
    order = list(PUBLISHED)
    kept = [record for record in records if record["dataset"] in PUBLISHED]
    kept.sort(key=lambda record: (order.index(record["dataset"]), record["protocol"]))
    return RUNS_HEADER + "".join(map(_run_row, kept))


def _run_row(record: dict[str, Any]) -> str:
    test = record["metrics"]["test"]
    recall, ndcg = PUBLISHED[record["dataset"]]
    published = f"{recall:.4f} / {ndcg:.4f}" if record["protocol"] == "paper" else "–"
    cells = (
        record["dataset"],
        f"`{record['protocol']}`",
        f"{test['recall@20']:.4f}",
        f"{test['ndcg@20']:.4f}",
        published,
        f"{record['best_epoch']} of {record['epochs']}",
        f"{record['fit_seconds'] / 60:.0f} min",
        f"{record['peak_memory_mb'] / 1024:.1f} GB",
    )
    return f"| {' | '.join(cells)} |\n"


def render_speed(records: list[dict[str, Any]]) -> str:
    """Return the table of the factor engine against the dense reference."""
    order = list(PUBLISHED)
    records = sorted(
        records,
        key=lambda record: (
            record["what"] == "reverse",
            order.index(record["dataset"]),
            record["hidden_channels"],
        ),
    )
    return SPEED_HEADER + "".join(map(_speed_row, records))


def _speed_row(record: dict[str, Any]) -> str:
    equal = record.get("top20_equal")
    cells = (
        record["dataset"],
        str(record["hidden_channels"]),
        "training step" if record["what"] == "step" else "all scores",
        _seconds(record["dense_seconds"]),
        _seconds(record["projected_seconds"]),
        f"{record['ratio']:.1f}",
        "" if equal is None else f"{equal:.1%}",
    )
    return f"| {' | '.join(cells)} |\n"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds >= 100 else f"{seconds:.2g} s"


def render_dropout(records: list[dict[str, Any]]) -> str:
    """Return the table of scoring with and without dropout."""
    return DROPOUT_HEADER + "".join(map(_dropout_row, records))


def _dropout_row(record: dict[str, Any]) -> str:
    test, seed = record["metrics"]["test"], record["scoring_seed"]
    dropout = f"on, draw {seed}" if record["dropout_while_scoring"] else "off"
    cells = (
        record["dataset"],
        f"`{record['protocol']}`",
        dropout,
        f"{test['recall@20']:.4f}",
        f"{test['ndcg@20']:.4f}",
    )
    return f"| {' | '.join(cells)} |\n"


TABLES = {
    ROOT / "README.md": (render_runs, RESULTS / "runs.jsonl"),
    ROOT / "docs" / "protocols.md": (
        render_dropout,
        RESULTS / "dropout_while_scoring.jsonl",
    ),
    ROOT / "docs" / "speed.md": (render_speed, RESULTS / "projected_vs_dense.jsonl"),
}


def rendered(page: Path) -> str:
    """Return a page with the part between its markers rendered anew."""
    render, records = TABLES[page]
    start, end = MARKERS
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", flags=re.DOTALL)
    table = start + render(read_records(records)) + end
    return pattern.sub(lambda _: table, page.read_text())


def main() -> None:
    for page in TABLES:
        page.write_text(rendered(page))


if __name__ == "__main__":
    main()

"""Render the README's table of results from the records.

python benchmarks/table.py          # rewrite the README
"""

import re
from pathlib import Path
from typing import Any

from records import RESULTS, read_records

README = Path(__file__).parents[1] / "README.md"
MARKERS = "<!-- results -->\n", "<!-- end of results -->\n"

# Recall@20 and NDCG@20 of TV-Diff in the paper (arXiv 2511.20122, protocol `paper`).
PUBLISHED = {
    "lastfm": (0.3133, 0.2953),
    "amazon-beauty": (0.1475, 0.0852),
    "gowalla": (0.2195, 0.1762),
}
HEADER = """\
| Data | Protocol | Recall@20 | NDCG@20 | Published | Best epoch | Training | Memory |
|---|---|---|---|---|---|---|---|
"""


def render(records: list[dict[str, Any]]) -> str:
    """Return the table: data sets in the paper's order, `paper` first."""
    order = list(PUBLISHED)
    kept = [record for record in records if record["dataset"] in PUBLISHED]
    kept.sort(key=lambda record: (order.index(record["dataset"]), record["protocol"]))
    return HEADER + "".join(map(_row, kept))


def _row(record: dict[str, Any]) -> str:
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


def replaced(text: str, table: str) -> str:
    """Return a text with the part between the markers replaced."""
    start, end = MARKERS
    pattern = re.compile(f"{re.escape(start)}.*?{re.escape(end)}", flags=re.DOTALL)
    return pattern.sub(lambda _: start + table + end, text)


def main() -> None:
    table = render(read_records(RESULTS / "runs.jsonl"))
    README.write_text(replaced(README.read_text(), table))
    print(table, end="")


if __name__ == "__main__":
    main()

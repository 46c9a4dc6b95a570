"""Render the tables of results from the records, into the README and the docs.

python benchmarks/table.py
"""

import re
from importlib import import_module
from pathlib import Path

from benchmark import DOCS, ROOT, Benchmark

from tvdiff_pyg.files import write_text
from tvdiff_pyg.grid import read_records

PAGES = (ROOT / "README.md", *sorted(DOCS.glob("**/*.md")))
MARKED = re.compile(
    r"(?P<start><!-- results: (?P<name>[\w-]+) -->\n)"
    r".*?"
    r"(?P<end><!-- end of results -->\n)",
    flags=re.DOTALL,
)


def benchmarks() -> dict[str, Benchmark]:
    """Return the benchmarks of this folder, by the names of their files."""
    files = sorted(Path(__file__).parent.glob("*.py"))
    modules = {file.stem: import_module(file.stem) for file in files}
    return {
        name: module.BENCHMARK
        for name, module in modules.items()
        if hasattr(module, "BENCHMARK")
    }


def tables() -> dict[str, str]:
    """Render all tables of the records that are kept, by the names of their marks."""
    rendered = {}
    for benchmark in benchmarks().values():
        for name, table in benchmark.tables.items():
            records = read_records(benchmark.files(table.experiment)[0])
            if records:
                rendered[name] = table.render(records)
    return rendered


def render(page: Path, found: dict[str, str]) -> str:
    """Return a page with all its tables rendered anew."""
    return MARKED.sub(
        lambda mark: mark["start"] + found[mark["name"]] + mark["end"],
        page.read_text(),
    )


def main() -> None:
    found = tables()
    for page in PAGES:
        write_text(page, render(page, found))


if __name__ == "__main__":
    main()

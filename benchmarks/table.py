"""Render the tables of results from the records, into the README and the docs.

python benchmarks/table.py
"""

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from experiments import EXPERIMENTS
from layout import markdown, print_seconds
from records import RESULTS, read_records
from reproduced import main_table, models_table, part_table, selection_table

from tvdiff_pyg.study import STUDIES
from tvdiff_pyg.study.claims.published import VIEWS
from tvdiff_pyg.study.report import (
    judge,
    markdown_table,
    result_table,
    verdict_table,
)
from tvdiff_pyg.study.studies import arrange
from tvdiff_pyg.study.summary import cell_table, seed_means

ROOT = Path(__file__).parents[1]
Records = list[dict[str, Any]]

# Recall@20 and NDCG@20 of TV-Diff in the paper (arXiv 2511.20122, protocol `paper`).
PUBLISHED = {data: views["I+II+III"] for data, views in VIEWS.items()}
POOL = "exact, noise from pool"


def runs(records: Records) -> str:
    """The README's table: data sets in the paper's order, `paper` first."""
    order = list(PUBLISHED)
    kept = [record for record in records if record["dataset"] in PUBLISHED]
    kept.sort(key=lambda record: (order.index(record["dataset"]), record["protocol"]))
    header = "Data,Protocol,Recall@20,NDCG@20,Published,Best epoch,Training,Memory"
    return markdown(header.split(","), map(_run_cells, kept))


def _run_cells(record: dict[str, Any]) -> list[str]:
    test = record["metrics"]["test"]
    recall, ndcg = PUBLISHED[record["dataset"]]
    published = f"{recall:.4f} / {ndcg:.4f}" if record["protocol"] == "paper" else "–"
    return [
        record["dataset"],
        f"`{record['protocol']}`",
        f"{test['recall@20']:.4f}",
        f"{test['ndcg@20']:.4f}",
        published,
        f"{record['best_epoch']} of {record['epochs']}",
        f"{record['fit_seconds'] / 60:.0f} min",
        f"{record['peak_memory_mb'] / 1024:.1f} GB",
    ]


def dropout(records: Records) -> str:
    """Scoring with and without dropout."""
    rows = []
    for record in records:
        test, seed = record["metrics"]["test"], record["scoring_seed"]
        rows.append(
            [
                record["dataset"],
                f"`{record['protocol']}`",
                f"on, draw {seed}" if record["dropout_while_scoring"] else "off",
                f"{test['recall@20']:.4f}",
                f"{test['ndcg@20']:.4f}",
            ]
        )
    return markdown(
        ["Data", "Protocol", "Dropout while scoring", "Recall@20", "NDCG@20"], rows
    )


def speed(records: Records) -> str:
    """Dense, exact and sampled side by side, a block of rows for each case."""
    rows = []
    for record in _by_data(records):
        name = f"{record['data']}, {record['hidden_channels']}"
        for what, found in record["seconds"].items():
            cells = [print_seconds(found.get(side)) for side in _SIDES]
            ratio = f"{found['dense'] / found['exact']:.1f}"
            rows.append([name, what, *cells, ratio])
        memory = record["peak_memory_mb_of"]
        cells = [f"{memory[side]:,.0f} MB" if side in memory else "" for side in _SIDES]
        ratio = f"{memory['dense'] / memory['exact']:.1f}"
        rows.append([name, "peak memory", *cells, ratio])
    header = ["Data, H", "", *_SIDES, "dense / exact"]
    return markdown(header, rows)


_SIDES = ("dense", "exact", POOL, "exact, bf16", "sampled")


def limits(records: Records) -> str:
    """The exact step against the machine's limits."""
    rows = [
        [
            f"{record['data']}, {record['hidden_channels']}",
            f"{record['step_gemm_gflop']:.1f}",
            f"{record['step_gflops']:.0f} of {record['machine_gflops']:.0f}",
            f"{record['gemm_fraction']:.0%}",
            f"{record['step_moved_gb']:.1f}",
            f"{record['bandwidth_fraction']:.0%}"
            f" of {record['machine_copy_gb_per_s']:.0f} GB/s",
            f"{record['top20_equal']:.2%}",
        ]
        for record in _by_data(records)
    ]
    header = (
        "Data, H|Dense products, GFLOP|GFLOP/s|Share|GB to move|Share of a copy"
        "|Equal top 20"
    )
    return markdown(header.split("|"), rows)


def operations(records: Records) -> str:
    """The parts of the step of the largest case."""
    largest = max(records, key=lambda record: record["step_gemm_gflop"])
    rows = [
        [
            part["name"],
            f"`{part['formula']}`",
            f"{part['gemm'] / 1e9:.1f}",
            f"{part['other'] / 1e9:.1f}",
            f"{part['moved'] / 1e9:.2f}",
        ]
        for part in largest["parts"]
    ]
    header = ["Part", "Operations", "GFLOP, dense", "GFLOP, other", "GB"]
    return markdown(header, rows)


def lazy_adam(records: Records) -> str:
    """Row-sparse updates against dense ones."""
    rows = [
        [
            record["batch"],
            print_seconds(record["seconds"]["dense"]),
            print_seconds(record["seconds"]["lazy"]),
            f"{record['seconds']['dense'] / record['seconds']['lazy']:.2f}",
        ]
        for record in records
    ]
    return markdown(["Batch", "Dense Adam", "LazyAdam", "Ratio"], rows)


def hard_negatives(records: Records) -> str:
    """What hard negatives cost, and what the partition saves of it."""
    rows = []
    for record in _by_data(records):
        seconds = record["seconds"]
        per_row = 1e6 / record["num_rows"]
        rows.append(
            [
                record["data"],
                f"{record['num_accepted']:,} of {record['num_items']:,}",
                f"{seconds['topk'] * per_row:.0f} µs",
                f"{seconds['partition'] * per_row:.0f} µs",
                f"{seconds['topk'] / seconds['partition']:.1f}",
                print_seconds(seconds["uniform"]),
                print_seconds(seconds["hard"]),
            ]
        )
    header = "Data,Accepted,`torch.topk`,Partition,Ratio,Step: uniform,Step: hard"
    return markdown(header.split(","), rows)


def preset(records: Records) -> str:
    """What the parts of the recommended preset cost."""
    parts = {
        "Step, exact noise": "step, exact noise",
        "Step": "step",
        "Linear model": "fit",
        "Its scores, by steps": "product by steps",
        "Its scores": "product",
        "Ranking alone": "rank alone",
        "Ranking": "rank",
    }
    rows = [
        [record["data"], *(print_seconds(record["seconds"][p]) for p in parts.values())]
        for record in _by_data(records)
    ]
    return markdown(["Data", *parts], rows)


def engine_quality(records: Records) -> str:
    """What approximations cost in ranking quality."""
    rows = []
    for record in records:
        validation, test = record["metrics"]["validation"], record["metrics"]["test"]
        rows.append(
            [
                _engine_name(record["settings"]),
                f"{validation['recall@20']:.4f} / {validation['ndcg@20']:.4f}",
                f"{test['recall@20']:.4f} / {test['ndcg@20']:.4f}",
                f"{record['best_epoch']} of {record['epochs']}",
            ]
        )
    return markdown(["Engine", "Validation", "Test", "Best epoch"], rows)


def _engine_name(settings: dict[str, Any]) -> str:
    if settings["engine"] == "sampled":
        cap = settings["num_neighbors"]
        name = f"sampled, {'all' if cap == -1 else cap} neighbours"
        name += f", pool of {settings['num_pool']:,}"
        return name + (", row-sparse" if settings["sparse_grad"] else "")
    name = "exact" if settings["precision"] == "32-true" else "exact, bfloat16"
    items = settings["num_noise_items"]
    return name if items is None else f"{name}, noise from {items:,} items"


def memory_plan(records: Records) -> str:
    """Planned against measured memory."""
    rows = [
        [
            record["case"].split(":")[0],
            str(record["hidden_channels"]),
            record["engine"],
            f"{record['batch_size']:,}",
            f"{record['planned_mb']:,.0f} MB",
            f"{record['measured_mb']:,.0f} MB",
            f"{record['planned_mb'] / record['measured_mb'] - 1:+.0%}",
        ]
        for record in records
    ]
    header = ["Data", "H", "Engine", "Batch", "Planned", "Measured", "Plan off by"]
    return markdown(header, rows)


def scaling(records: Records) -> str:
    """Growth with the number of interactions."""
    records = sorted(records, key=lambda one: (one["engine"], one["num_interactions"]))
    rows = [
        [
            f"{record['num_interactions']:,}",
            f"{record['num_users']:,}",
            f"{record['num_items']:,}",
            record["engine"],
            print_seconds(record["graph_seconds"] + record["adjacency_seconds"]),
            ("about " if record["pass_extrapolated"] else "")
            + print_seconds(record["pass_seconds"]),
            print_seconds(record["score_seconds"])
            + f" ({record['num_scored']:,} users)",
            f"{record['peak_memory_mb'] / 1024:.1f} GB",
        ]
        for record in records
    ]
    header = "Interactions|Users|Items|Engine|Graph|One pass|Scoring|Peak memory"
    return markdown(header.split("|"), rows)


def index_recall(records: Records) -> str:
    """The FAISS index against exact ranking."""
    rows = [
        [
            f"{record['num_users']:,} x {record['num_items']:,}, {record['channels']}",
            record["kind"],
            print_seconds(record["build_seconds"]),
            print_seconds(record["search_seconds"]),
            print_seconds(record["exact_seconds"]),
            f"{record['recall@20']:.4f}",
        ]
        for record in records
    ]
    header = "Users x items, H|Index|Build|Search|Exact search|Recall@20 of the exact"
    return markdown(header.split("|"), rows)


def read_parquet(records: Records) -> str:
    """Reading interactions from a file."""
    rows = [
        [f"{record['rows']:,}", record["ids"], print_seconds(record["seconds"])]
        for record in records
    ]
    return markdown(["Rows", "Ids", "Parquet file to graph"], rows)


def verdicts(study: str, records: Records) -> str:
    """What a study decided."""
    cells = cell_table(arrange(STUDIES[study], records))
    return markdown_table(verdict_table(judge(STUDIES[study], cells)))


def numbers(study: str, records: Records) -> str:
    """What a study measured, averaged over its seeds."""
    means = seed_means(cell_table(arrange(STUDIES[study], records)))
    return markdown_table(result_table(STUDIES[study], means))


def _by_data(records: Records) -> Records:
    order = list(PUBLISHED)
    return sorted(
        records,
        key=lambda record: (order.index(record["data"]), record["hidden_channels"]),
    )


# Where a table stands between markers of its name, and the records that it shows.
TABLES: dict[str, tuple[Callable[[Records], str], str]] = {
    "runs": (runs, "runs"),
    "models": (models_table, "reproduce_main"),
    "main": (main_table, "reproduce_main"),
    "selection": (selection_table, "selection"),
    "dropout": (dropout, "dropout_while_scoring"),
    "speed": (speed, "speed"),
    "limits": (limits, "speed"),
    "operations": (operations, "speed"),
    "lazy-adam": (lazy_adam, "lazy_adam"),
    "hard-negatives": (hard_negatives, "hard_negatives"),
    "preset": (preset, "preset"),
    "engine-quality": (engine_quality, "engine_quality"),
    "memory-plan": (memory_plan, "memory_plan"),
    "scaling": (scaling, "scaling"),
    "index-recall": (index_recall, "index_recall"),
    "read-parquet": (read_parquet, "read_parquet"),
} | {
    f"{study}-{render.__name__}": (partial(render, study), f"study_{study}")
    for study in STUDIES
    for render in (verdicts, numbers)
}
TABLES |= {
    name: (partial(part_table, name), f"reproduce_{name}")
    for name in EXPERIMENTS
    if name != "main"
}
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
MARKED = re.compile(
    r"(?P<start><!-- results: (?P<name>[\w-]+) -->\n)"
    r".*?"
    r"(?P<end><!-- end of results -->\n)",
    flags=re.DOTALL,
)


def rendered(page: Path) -> str:
    """Return a page with all its tables rendered anew."""

    def table(match: re.Match[str]) -> str:
        render, records = TABLES[match["name"]]
        text = render(read_records(RESULTS / f"{records}.jsonl"))
        return match["start"] + text + match["end"]

    return MARKED.sub(table, page.read_text())


def main() -> None:
    for page in PAGES:
        page.write_text(rendered(page))


if __name__ == "__main__":
    main()

"""How fast the engines are: dense reference, exact and sampled, side by side.

    python benchmarks/speed.py --data gowalla --root DIR --hidden-channels 64

All are timed in turn in one process, on the same users; medians after a warm-up. The
dense reference denoises and ranks a block of users, and its full evaluation is
extrapolated by their number. Peak memory is that of a fresh process for each engine,
which takes training steps and evaluates. Then the exact training step is held against
the machine: its matrix products against the rate of a large one, and the bytes that it
has to move against the bandwidth of a copy.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from benchmark import Benchmark, DataName, Records, Table, by_data
from clock import timed
from engines import Case, load_case
from operations import Part, Shape, step_parts

from tvdiff_pyg import Settings
from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.apart import Apart
from tvdiff_pyg.grid.tables import markdown_table, print_seconds
from tvdiff_pyg.machine import Device, peak_memory_mb

ENGINES = ("dense", "exact", "sampled")
POOL = "exact, noise from pool"
SIDES = ("dense", "exact", POOL, "exact, bf16", "sampled")
OVERRIDES = {"batches": "users", "num_pool": 2048}


@dataclass(frozen=True)
class Speed(GridCell):
    """All engines on one data set at one width.

    Args:
        repeats: Times that each side is timed.
        block_users: Users that are denoised dense.
    """

    timed: ClassVar[bool] = True

    protocol: None = None
    repeats: int = 3
    block_users: int = 256

    def measure(self) -> Record:
        memory = {name: Apart().call(peak_memory_of, name, self) for name in ENGINES}
        case = load_case(self, self.block_users)
        seconds = time_engines(case, self.repeats)
        parts = step_parts(shape_of(case))
        step, full = seconds["step"], seconds["full evaluation"]
        return {
            "measures": {
                "batch_users": case.users.numel(),
                "train_step_ratio": step["dense"] / step["exact"],
                "train_step_ratio_noise_from_pool": step["dense"] / step[POOL],
                "full_evaluation_ratio": full["dense"] / full["exact"],
                "top20_equal": case.share_of_equal_ranks(),
                **limits(parts, step["exact"], case.users.device),
                "operations": [vars(part) for part in parts],
            },
            "seconds": seconds,
            "memory_mb": memory,
        }


def cells(
    data: Sequence[DataName] = ("gowalla",),
    root: str = "data",
    hidden_channels: Sequence[int] = (64,),
    repeats: int = 3,
    block: int = 256,
    device: Device = "cpu",
) -> list[Speed]:
    """Return a cell for each data set and width, of the published settings.

    Args:
        data: Data sets.
        root: Folder of the data sets.
        hidden_channels: Widths.
        repeats: Times that each side is timed.
        block: Users that are denoised dense.
        device: Where to compute.
    """
    return [
        Speed(
            "speed",
            name,
            settings=Settings.preset(name, hidden_channels=width, **OVERRIDES),
            root=root,
            device=device,
            repeats=repeats,
            block_users=block,
        )
        for name in data
        for width in hidden_channels
    ]


def peak_memory_of(engine: str, cell: Speed) -> float:
    """Take two training steps and evaluate; return the most memory held, in MB."""
    case = load_case(cell, cell.block_users)
    for _ in range(2):
        getattr(case, f"{engine}_step")()
    case.dense_evaluation() if engine == "dense" else case.exact_evaluation()
    return round(peak_memory_mb(), 1)


def time_engines(case: Case, repeats: int) -> dict[str, dict[str, float]]:
    """Return medians, by what is timed and by engine."""
    steps = timed(
        {
            "dense": case.dense_step,
            "exact": case.exact_step,
            POOL: case.subset_step,
            "exact, bf16": case.half_step,
            "sampled": case.sampled_step,
        },
        repeats,
    )
    epochs = timed(
        {"exact": case.exact_epoch, "sampled": case.sampled_epoch}, 1, warm_up=False
    )
    users = (case.adjacency.user_rows.degree() > 0).sum().item()
    epochs["dense"] = steps["dense"] * -(-users // case.settings["batch_size"])
    reverse = timed({"dense": case.dense_reverse, "exact": case.exact_reverse}, repeats)
    full = timed(
        {"dense": case.dense_evaluation, "exact": case.exact_evaluation}, repeats
    )
    full["dense"] *= case.task.user.numel() / case.block.numel()
    return {
        "step": steps,
        "epoch": epochs,
        "reverse of a block": reverse,
        "full evaluation": full,
    }


def shape_of(case: Case) -> Shape:
    observed = case.adjacency.user_rows.select(case.users)
    sampled = case.model.loss_fn.needs_negatives
    return Shape(
        num_users=case.adjacency.user_rows.num_rows,
        num_items=case.adjacency.item_rows.num_rows,
        num_edges=case.adjacency.user_rows.nnz,
        hidden_channels=case.model.denoiser.hidden_channels,
        batch_size=case.users.numel(),
        batch_edges=observed.nnz,
        num_pairs=observed.nnz * (2 if sampled else 1),
        num_noise_items=case.model.num_noise_items,
    )


def limits(parts: list[Part], seconds: float, device: torch.device) -> dict[str, float]:
    """Hold a step against a large matrix product and a large copy."""
    gemm, moved = (
        sum(getattr(part, name) for part in parts) for name in ("gemm", "moved")
    )
    size = 4096
    left, right = torch.randn(2, size, size, device=device)
    source = torch.randn(2**27, device=device)
    target = torch.empty_like(source)
    rate = 2 * size**3 / timed({"mm": lambda: left @ right}, 5)["mm"]
    width = 2 * source.nbytes / timed({"copy": lambda: target.copy_(source)}, 5)["copy"]
    return {
        "step_gemm_gflop": gemm / 1e9,
        "step_gflops": gemm / seconds / 1e9,
        "machine_gflops": rate / 1e9,
        "gemm_fraction": gemm / seconds / rate,
        "step_moved_gb": moved / 1e9,
        "machine_copy_gb_per_s": width / 1e9,
        "bandwidth_fraction": moved / seconds / width,
    }


def speed_table(records: Records) -> str:
    """Dense, exact and sampled side by side, a block of rows for each case."""
    rows = []
    for record in by_data(records):
        memory, name = record["memory_mb"], case_name(record)
        for what, found in record["seconds"].items():
            shown = [print_seconds(found.get(side)) for side in SIDES]
            rows.append([name, what, *shown, f"{found['dense'] / found['exact']:.1f}"])
        shown = [f"{memory[side]:,.0f} MB" if side in memory else "" for side in SIDES]
        ratio = f"{memory['dense'] / memory['exact']:.1f}"
        rows.append([name, "peak memory", *shown, ratio])
    return markdown_table([["Data, H", "", *SIDES, "dense / exact"], *rows])


def case_name(record: Record) -> str:
    return f"{record['data']}, {record['settings']['hidden_channels']}"


def limits_table(records: Records) -> str:
    """The exact step against the machine's limits."""
    header = (
        "Data, H|Dense products, GFLOP|GFLOP/s|Share|GB to move|Share of a copy"
        "|Equal top 20"
    )
    rows = []
    for record in by_data(records):
        found = record["measures"]
        rows.append(
            [
                case_name(record),
                f"{found['step_gemm_gflop']:.1f}",
                f"{found['step_gflops']:.0f} of {found['machine_gflops']:.0f}",
                f"{found['gemm_fraction']:.0%}",
                f"{found['step_moved_gb']:.1f}",
                f"{found['bandwidth_fraction']:.0%}"
                f" of {found['machine_copy_gb_per_s']:.0f} GB/s",
                f"{found['top20_equal']:.2%}",
            ]
        )
    return markdown_table([header.split("|"), *rows])


def operations_table(records: Records) -> str:
    """The parts of the step of the largest case."""
    measures = [record["measures"] for record in records]
    largest = max(measures, key=lambda found: found["step_gemm_gflop"])
    rows = [
        [
            part["name"],
            f"`{part['formula']}`",
            f"{part['gemm'] / 1e9:.1f}",
            f"{part['other'] / 1e9:.1f}",
            f"{part['moved'] / 1e9:.2f}",
        ]
        for part in largest["operations"]
    ]
    header = ["Part", "Operations", "GFLOP, dense", "GFLOP, other", "GB"]
    return markdown_table([header, *rows])


TABLES = {
    "speed": Table(speed_table),
    "limits": Table(limits_table),
    "operations": Table(operations_table),
}
BENCHMARK = Benchmark("speed", cells, TABLES)

if __name__ == "__main__":
    BENCHMARK.main()

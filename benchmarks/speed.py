"""How fast the engines are: dense reference, exact and sampled, side by side.

    python benchmarks/speed.py --data gowalla --root DIR --hidden-channels 64 \\
        --repeats 3 --json FILE

All are timed in turn in this one process, on the same users; medians after a warm-up.
The dense reference denoises and ranks a block of users, and its full evaluation is
extrapolated by their number. Peak memory is that of a fresh process for each engine,
which takes training steps and evaluates. Then the exact training step is held against
the machine: its matrix products against the rate of a large one, and the bytes that it
has to move against the bandwidth of a copy.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch
from engines import Case, load_case
from operations import Part, Shape, step_parts
from records import RESULTS, append_record, hardware

from tvdiff_pyg import Settings
from tvdiff_pyg.machine import resolve_device
from tvdiff_pyg.training.run_folder import peak_memory_mb, versions

ENGINES = ("dense", "exact", "sampled")


def main() -> None:
    options = parse()
    if options.memory_of:
        print(json.dumps(peak_of(options.memory_of, make_case(options))))
        return
    records = []
    for data in options.data:
        for width in options.hidden_channels:
            record = measure(data, width, options)
            append_record(options.file, record)
            records.append(record)
            print_record(record)
    if options.json:
        found = records[0] if len(records) == 1 else records
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", nargs="+", default=["gowalla"])
    parser.add_argument("--root", required=True, help="folder of the data sets")
    parser.add_argument("--hidden-channels", type=int, nargs="+", default=[64])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--block", type=int, default=256, help="users denoised dense")
    parser.add_argument("--device", default="cpu", choices=["auto", "cpu", "cuda"])
    parser.add_argument("--json", type=Path, help="where to write the results")
    parser.add_argument("--file", type=Path, default=RESULTS / "speed.jsonl")
    parser.add_argument("--memory-of", choices=ENGINES, help=argparse.SUPPRESS)
    return parser.parse_args()


def make_case(options: argparse.Namespace, data: str = "", width: int = 0) -> Case:
    data, width = data or options.data[0], width or options.hidden_channels[0]
    settings = Settings.preset(
        data, hidden_channels=width, batches="users", num_pool=2048
    )
    device = resolve_device(options.device)
    return load_case(data, options.root, settings, options.block, device)


def measure(data: str, width: int, options: argparse.Namespace) -> dict[str, Any]:
    """Time one data set at one width."""
    memory = {name: memory_of(name, data, width, options) for name in ENGINES}
    case = make_case(options, data, width)
    seconds = time_engines(case, options.repeats)
    parts = step_parts(shape_of(case))
    return {
        "data": data,
        "hidden_channels": width,
        "num_timesteps": case.settings.num_timesteps,
        "batch_size": case.users.numel(),
        "num_neighbors": case.settings.num_neighbors,
        "num_pool": case.settings.num_pool,
        "block_users": case.block.numel(),
        "repeats": options.repeats,
        "seconds": seconds,
        "train_step_ratio": seconds["step"]["dense"] / seconds["step"]["exact"],
        "train_step_ratio_noise_from_pool": seconds["step"]["dense"]
        / seconds["step"]["exact, noise from pool"],
        "full_evaluation_ratio": seconds["full evaluation"]["dense"]
        / seconds["full evaluation"]["exact"],
        "top20_equal": case.share_of_equal_ranks(),
        "peak_memory_mb": memory["exact"],
        "peak_memory_mb_of": memory,
        **limits(parts, seconds["step"]["exact"], case.users.device),
        "parts": [vars(part) for part in parts],
        "hardware": hardware(),
        "versions": versions(),
    }


def time_engines(case: Case, repeats: int) -> dict[str, dict[str, float]]:
    """Return medians, by what is timed and by engine."""
    steps = timed(
        {
            "dense": case.dense_step,
            "exact": case.exact_step,
            "exact, noise from pool": case.subset_step,
            "exact, bf16": case.half_step,
            "sampled": case.sampled_step,
        },
        repeats,
    )
    epochs = timed(
        {"exact": case.exact_epoch, "sampled": case.sampled_epoch}, 1, warm_up=False
    )
    users = (case.adjacency.user_rows.degree() > 0).sum().item()
    epochs["dense"] = steps["dense"] * -(-users // case.settings.batch_size)
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


def timed(
    sides: dict[str, Callable[[], Any]], repeats: int, warm_up: bool = True
) -> dict[str, float]:
    """Time all sides in turn; return the median of each."""
    if warm_up:
        for run in sides.values():
            run()
    rounds = [
        {name: seconds_of(run) for name, run in sides.items()} for _ in range(repeats)
    ]
    return {name: median(one[name] for one in rounds) for name in sides}


def seconds_of(run: Callable[[], Any]) -> float:
    synchronise()
    start = time.perf_counter()
    run()
    synchronise()
    return time.perf_counter() - start


def synchronise() -> None:
    if torch.cuda.is_available():
        torch.cuda.synchronize()


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


def memory_of(engine: str, data: str, width: int, options: argparse.Namespace) -> float:
    """Measure the peak memory of one engine in a process of its own, in MB."""
    command = [sys.executable, __file__, "--memory-of", engine, "--data", data]
    command += ["--root", options.root, "--hidden-channels", str(width)]
    command += ["--block", str(options.block), "--device", options.device]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return float(json.loads(done.stdout.splitlines()[-1]))


def peak_of(engine: str, case: Case) -> float:
    """Take two training steps and evaluate."""
    for _ in range(2):
        getattr(case, f"{engine}_step")()
    case.dense_evaluation() if engine == "dense" else case.exact_evaluation()
    return round(peak_memory_mb(), 1)


def print_record(record: dict[str, Any]) -> None:
    print(
        f"\n{record['data']}, H = {record['hidden_channels']}, medians of "
        f"{record['repeats']}"
    )
    columns = ("dense", "exact", "exact, noise from pool", "exact, bf16", "sampled")
    print(f"{'seconds':<20}" + "".join(f"{name:>24}" for name in columns))
    for what, seconds in record["seconds"].items():
        cells = [
            f"{seconds[c]:>24.4g}" if c in seconds else f"{'':>24}" for c in columns
        ]
        print(f"{what:<20}" + "".join(cells))
    memory = record["peak_memory_mb_of"]
    cells = [f"{memory[c]:>24.0f}" if c in memory else f"{'':>24}" for c in columns]
    print(f"{'peak memory, MB':<20}" + "".join(cells))
    print(
        f"dense over exact: step {record['train_step_ratio']:.1f} "
        f"(noise from pool {record['train_step_ratio_noise_from_pool']:.1f}), "
        f"full evaluation {record['full_evaluation_ratio']:.1f}, "
        f"top 20 equal {record['top20_equal']:.2%}"
    )
    print_limits(record)


def print_limits(record: dict[str, Any]) -> None:
    print(f"\n{'exact step':<46}{'operations':>22}{'GFLOP':>9}{'dense':>9}{'GB':>8}")
    for part in record["parts"]:
        total = (part["gemm"] + part["other"]) / 1e9
        print(
            f"{part['name']:<46}{part['formula']:>22}{total:>9.2f}"
            f"{part['gemm'] / 1e9:>9.2f}{part['moved'] / 1e9:>8.2f}"
        )
    print(
        f"matrix products: {record['step_gflops']:.0f} of "
        f"{record['machine_gflops']:.0f} GFLOP/s ({record['gemm_fraction']:.0%}); "
        f"bytes moved at {record['bandwidth_fraction']:.0%} of a copy's "
        f"{record['machine_copy_gb_per_s']:.0f} GB/s"
    )


if __name__ == "__main__":
    main()

"""``tvdiff plan``: say how much memory a training takes, and which engine fits."""

import json
from dataclasses import asdict, replace

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import print_columns
from tvdiff_pyg.machine import GIGABYTE
from tvdiff_pyg.training import (
    GraphSize,
    Settings,
    largest_batch,
    plan_engines,
    usable_memory,
)


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = ArgumentParser(
        description="Say how much memory a training takes, and which engine fits.",
        exit_on_error=False,
    )
    for name in ("users", "items", "interactions"):
        parser.add_argument(
            f"--{name}", type=int, required=True, metavar="N", help=f"Number of {name}."
        )
    parser.add_argument(
        "--hidden", type=int, default=64, metavar="H", help="Width of both towers."
    )
    parser.add_argument(
        "--batch-size", type=int, default=2048, help="Users in a batch."
    )
    parser.add_argument(
        "--memory",
        type=float | None,
        metavar="GB",
        help="What may be used, in units of 2**30 bytes; what is free if not given.",
    )
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    return parser


def run(options: Namespace) -> None:
    """Plan both engines and print what they take."""
    size = GraphSize(options.users, options["items"], options.interactions)
    settings = Settings(hidden_channels=options.hidden, batch_size=options.batch_size)
    memory = usable_memory(options.memory)
    plans = plan_engines(size, settings)
    largest = [
        largest_batch(size, replace(settings, engine=plan.engine), memory)
        for plan in plans
    ]
    if options.json:
        rows = [
            {**asdict(plan), "total": plan.total, "largest_batch": batch}
            for plan, batch in zip(plans, largest, strict=True)
        ]
        print(json.dumps({"memory": memory, "plans": rows}, indent=2))
        return
    print_columns("GB", [plan.engine for plan in plans])
    for part in plans[0].parts:
        print_columns(part, [_gigabytes(plan.parts[part]) for plan in plans])
    print_columns("total", [_gigabytes(plan.total) for plan in plans])
    fits = ["yes" if plan.total <= memory else "no" for plan in plans]
    print_columns(f"fits {_gigabytes(memory)} GB", fits)
    print_columns("largest batch", [str(batch or "none") for batch in largest])


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / GIGABYTE:.2f}"

"""``tvdiff plan``: say how much memory a fit takes, and which engine fits."""

import json
from dataclasses import asdict

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser, print_columns
from tvdiff_pyg.cli.settings_arguments import add_settings, chosen_settings
from tvdiff_pyg.data import GraphSize
from tvdiff_pyg.machine import GIGABYTE
from tvdiff_pyg.training import (
    MemoryPlan,
    Settings,
    largest_batch,
    plan_engines,
    usable_memory,
)


def build_parser() -> ArgumentParser:
    """Build the parser; settings are those of ``tvdiff fit``."""
    parser = new_parser("plan")
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    for name in ("users", "items", "interactions"):
        parser.add_argument(
            f"--{name}", type=int, required=True, metavar="N", help=f"Number of {name}."
        )
    parser.add_argument(
        "--hidden", type=int, metavar="H", help="The same as --hidden-channels."
    )
    parser.add_argument(
        "--memory_gb",
        "--memory",
        type=float | None,
        metavar="GB",
        help="What may be used, in units of 2**30 bytes; what is free if not given.",
    )
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    add_settings(parser)
    return parser


def run(options: Namespace) -> None:
    """Plan all engines, or the fit in closed form, and print what they take."""
    size = GraphSize(options.users, options["items"], options.interactions)
    settings = chosen_settings(options)
    if options.hidden is not None:
        settings = settings.but(hidden_channels=options.hidden)
    memory = usable_memory(options.memory_gb)
    plans = plan_engines(size, settings)
    largest = [_largest(size, settings, plan, memory) for plan in plans]
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
    if settings.by_gradients:
        print_columns("largest batch", [str(batch or "none") for batch in largest])


def _largest(
    size: GraphSize, settings: Settings, plan: MemoryPlan, memory: int
) -> int | None:
    if not settings.by_gradients:
        return None
    return largest_batch(size, settings.but(engine=plan.engine), memory)


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / GIGABYTE:.2f}"

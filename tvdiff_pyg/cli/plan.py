"""``tvdiff plan``: say how much memory a fit takes, and which engine fits."""

from dataclasses import asdict
from typing import Any

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser, print_columns
from tvdiff_pyg.cli.output import say_json
from tvdiff_pyg.cli.settings_arguments import (
    add_settings,
    chosen_settings,
    given_settings,
)
from tvdiff_pyg.data import GraphSize
from tvdiff_pyg.machine import GIGABYTE
from tvdiff_pyg.ranges import check_integer
from tvdiff_pyg.training import (
    MemoryPlan,
    Settings,
    largest_batch,
    plan_engines,
    usable_memory,
)
from tvdiff_pyg.training.partitioned.checks import check_partitioned
from tvdiff_pyg.training.partitioned.plan_step import (
    NUMBERS_A_SECOND,
    PartPlan,
    plan_parts,
)
from tvdiff_pyg.training.process_options import MAX_NODES, MAX_WORKERS, Strategy

MOST_PROCESSES = MAX_NODES * MAX_WORKERS


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
    parser.add_argument(
        "--processes", type=int, default=1, metavar="N", help="That train together."
    )
    parser.add_argument(
        "--strategy",
        type=Strategy,
        default="ddp",
        help="What each of them holds: all, or the rows of its users.",
    )
    _add_machines(parser)
    parser.add_argument("--json", action="store_true", help="Print JSON.")
    add_settings(parser)
    return parser


def _add_machines(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--num_nodes",
        type=int,
        default=1,
        metavar="M",
        help="Machines that the processes are on, as many on each.",
    )
    parser.add_argument(
        "--bandwidth",
        type=float | None,
        metavar="GBIT",
        help="What the network of a machine carries each way, in 10^9 bits a second.",
    )
    parser.add_argument(
        "--rate",
        type=float | None,
        metavar="N",
        help="Numbers that the item tower of a process adds up in a second, in 10^9; "
        f"{NUMBERS_A_SECOND / 1e9}, as one thread was measured to, if not given.",
    )


def run(options: Namespace) -> None:
    """Plan all engines, or the fit in closed form, and print what they take."""
    size = GraphSize(options.users, options["items"], options.interactions)
    settings = chosen_settings(options)
    if options.hidden is not None:
        wide = given_settings(options).get("hidden_channels", options.hidden)
        if wide != options.hidden:
            raise ValueError(
                f"'hidden' and 'hidden_channels' need to be the same number "
                f"(got {options.hidden} and {wide})"
            )
        settings = settings.but(hidden_channels=options.hidden)
    memory = usable_memory(options.memory_gb)
    check_integer("processes", options.processes, low=1, high=MOST_PROCESSES)
    if options.strategy == "partitioned":
        _print_part(size, settings, options, memory)
        return
    _check_alone(options)
    plans = plan_engines(size, settings)
    largest = [_largest(size, settings, plan, memory) for plan in plans]
    if options.json:
        rows = [
            {**asdict(plan), "total": plan.total, "largest_batch": batch}
            for plan, batch in zip(plans, largest, strict=True)
        ]
        say_json({"memory": memory, "plans": rows})
        return
    _print_plans(plans)
    fits = ["yes" if plan.total <= memory else "no" for plan in plans]
    print_columns(f"fits {_gigabytes(memory)} GB", fits)
    if settings.by_gradients:
        print_columns("largest batch", [str(batch or "none") for batch in largest])


def _check_alone(options: Namespace) -> None:
    """Raise where the plan of one process is asked for that of several."""
    usual = {"processes": 1, "num_nodes": 1, "bandwidth": None, "rate": None}
    for name, value in usual.items():
        if options[name] != value:
            raise ValueError(
                f"'{name}' has no use but with the strategy 'partitioned' "
                f"(got {options[name]})"
            )


def _print_plans(plans: list[MemoryPlan]) -> None:
    print_columns("GB", [plan.engine for plan in plans])
    for part in plans[0].parts:
        print_columns(part, [_gigabytes(plan.parts[part]) for plan in plans])
    print_columns("total", [_gigabytes(plan.total) for plan in plans])


def _print_part(
    size: GraphSize, settings: Settings, options: Namespace, memory: int
) -> None:
    """Print what each process of a partitioned training takes, and sends, by engine."""
    check_partitioned(settings)
    given = {} if options.rate is None else {"rate": options.rate}
    where = options.processes, options.num_nodes, options.bandwidth
    engines = (settings.but(engine=engine) for engine in settings.model.engines)
    plans = [plan_parts(size, one, *where, **given) for one in engines]
    if options.json:
        rows = [_part_row(plan) for plan in plans]
        say_json({"memory": memory, "plans": rows})
        return
    _print_plans([plan.memory for plan in plans])
    print_columns("a machine", [_gigabytes(plan.machine) for plan in plans])
    fits = ["yes" if plan.machine <= memory else "no" for plan in plans]
    print_columns(f"fits {_gigabytes(memory)} GB", fits)
    print_columns("sent a step", [_gigabytes(plan.sent) for plan in plans])
    print_columns("seconds a step", [_seconds(plan.computing) for plan in plans])
    if options.bandwidth is not None:
        print_columns("on the network", [_seconds(plan.network) for plan in plans])


def _part_row(plan: PartPlan) -> dict[str, Any]:
    row = asdict(plan)
    memory = row.pop("memory")
    return {**memory, "total": plan.memory.total, "largest_batch": None, **row}


def _seconds(expected: float | None) -> str:
    return "-" if expected is None else f"{expected:.2f}"


def _largest(
    size: GraphSize, settings: Settings, plan: MemoryPlan, memory: int
) -> int | None:
    if not settings.by_gradients:
        return None
    return largest_batch(size, settings.but(engine=plan.engine), memory)


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / GIGABYTE:.2f}"

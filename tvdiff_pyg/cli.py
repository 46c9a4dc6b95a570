"""The ``tvdiff`` command: ``fit``, ``evaluate``, ``recommend``, ``plan``."""

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields, replace
from typing import Any, TypeVar

from jsonargparse import ArgumentError, ArgumentParser, Namespace

from tvdiff_pyg import __version__
from tvdiff_pyg.data import DataOptions, load_data
from tvdiff_pyg.device import Device, resolve_device
from tvdiff_pyg.evaluation import EvaluationTask, TaskName, evaluate
from tvdiff_pyg.recommend import Recommendations, Recommender
from tvdiff_pyg.training import (
    PRESETS,
    FitOptions,
    GraphSize,
    Settings,
    fit,
    largest_batch,
    plan_engines,
    usable_memory,
)
from tvdiff_pyg.training.memory import GIGABYTE

BAD_INPUT, INTERRUPTED = 2, 130

Taken = TypeVar("Taken", DataOptions, FitOptions, Settings)


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        args: Arguments after the program's name; those of the process if omitted.
            (default: ``None``)

    Returns:
        The exit status: 0, 2 for a bad input, 130 if interrupted.
    """
    try:
        options = _parse(sys.argv[1:] if args is None else list(args))
        _COMMANDS[options.subcommand](options[options.subcommand])
    except KeyboardInterrupt as error:
        print(f"tvdiff: interrupted; {error}", file=sys.stderr)
        return INTERRUPTED
    except (ArgumentError, ValueError, OSError) as error:
        print(f"tvdiff: {_one_line(error)}", file=sys.stderr)
        return BAD_INPUT
    return 0


def build_parser(preset: str | None = None) -> ArgumentParser:
    """Build the parser; a preset replaces the defaults of its settings.

    Args:
        preset: Name of a preset. (default: ``None``)
    """
    parser = ArgumentParser(
        prog="tvdiff",
        description="Train TV-Diff on interactions, evaluate it, and recommend.",
        version=__version__,
        exit_on_error=False,
    )
    commands = parser.add_subcommands(metavar="COMMAND", title="commands")
    for name, build in (
        ("fit", lambda: _fit_parser(preset)),
        ("evaluate", _evaluate_parser),
        ("recommend", _recommend_parser),
        ("plan", _plan_parser),
    ):
        command = build()
        _use_dashes(command)
        commands.add_subcommand(name, command, help=command.description)
    return parser


def _fit_parser(preset: str | None) -> ArgumentParser:
    parser = ArgumentParser(
        description="Train on interactions and leave a run folder.", exit_on_error=False
    )
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument(
        "--run", type=str, required=True, metavar="DIR", help="The run folder, new."
    )
    parser.add_argument(
        "--preset",
        choices=list(PRESETS),
        help="Start from these settings; other options take precedence.",
    )
    parser.add_class_arguments(DataOptions)
    parser.add_class_arguments(FitOptions)
    parser.add_class_arguments(Settings)
    if preset is not None:
        parser.set_defaults(asdict(Settings.preset(preset)))
    return parser


def _evaluate_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Rank all items with a trained model and print its metrics.",
        exit_on_error=False,
    )
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument(
        "--split", type=TaskName, default="test", help="The held-out part to rank."
    )
    _add_output_arguments(parser)
    return parser


def _recommend_parser() -> ArgumentParser:
    parser = ArgumentParser(
        description="Print the best items for a user, known or new.",
        exit_on_error=False,
    )
    parser.add_argument("run", metavar="DIR", type=str, help="A run folder.")
    parser.add_argument("--user", metavar="ID", type=str, help="A known user.")
    parser.add_argument(
        "--items", metavar="ID,ID", type=str, help="The history of a new user."
    )
    parser.add_argument("-k", type=int, default=10, help="How many items.")
    parser.add_argument(
        "--filter-seen", type=bool, default=True, help="Leave out what they have seen."
    )
    _add_output_arguments(parser)
    return parser


def _plan_parser() -> ArgumentParser:
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


def _add_output_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--device", type=Device, default="auto", help="Where to score.")
    parser.add_argument("--json", action="store_true", help="Print JSON.")


def _parse(args: list[str]) -> Namespace:
    """Parse, a second time where a preset changes the defaults."""
    options = build_parser().parse_args(args)
    chosen = options.get("fit")
    if chosen is not None and chosen.preset is not None:
        options = build_parser(chosen.preset).parse_args(args)
    return options


def _fit(options: Namespace) -> None:
    data = _take(DataOptions, options)
    run_options, settings = _take(FitOptions, options), _take(Settings, options)
    graph = load_data(data, seed=run_options.seed)
    if run_options.protocol == "paper":
        graph = graph.without_validation()
    print("data:", ", ".join(f"{v:,} {k}" for k, v in graph.counts().items()))
    source = {"preset": options.preset, **asdict(data)}
    metrics = fit(
        graph, settings, run=options.run, options=run_options, data_config=source
    )
    print(
        f"best epoch {metrics['best_epoch']} of {metrics['epochs']}, "
        f"{metrics['fit_seconds']:.0f} s, protocol {metrics['protocol']}"
    )
    for part in ("validation", "test"):
        if metrics[part]:
            _print_metrics(part, metrics[part])


def _evaluate(options: Namespace) -> None:
    recommender = Recommender.load(options.run, options.device)
    task = EvaluationTask.from_graph(recommender.graph, options.split)
    task = task.to(resolve_device(options.device))
    metrics = evaluate(recommender.model, recommender.adjacency, task)
    if options.json:
        print(json.dumps({options.split: metrics}, indent=2))
    else:
        _print_metrics(options.split, metrics)


def _recommend(options: Namespace) -> None:
    # By key: a Namespace has a method of the name `items`.
    user, history = options["user"], options["items"]
    if (user is None) == (history is None):
        raise ValueError(
            "'recommend' needs either --user or --items (got both or none)"
        )
    asked: list[Any] = [user]
    if history is not None:
        asked = [[item.strip() for item in history.split(",") if item.strip()]]
    recommender = Recommender.load(options.run, options.device)
    found = recommender.recommend(asked, options.k, options.filter_seen)
    rows = _rows(found)
    if options.json:
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    for rank, row in enumerate(rows, start=1):
        title = f"  {row['title']}" if "title" in row else ""
        print(f"{rank:>3}  {row['score']:8.4f}  {row['item']}{title}")


def _plan(options: Namespace) -> None:
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
    _print_columns("GB", [plan.engine for plan in plans])
    for part in plans[0].parts:
        _print_columns(part, [_gigabytes(plan.parts[part]) for plan in plans])
    _print_columns("total", [_gigabytes(plan.total) for plan in plans])
    fits = ["yes" if plan.total <= memory else "no" for plan in plans]
    _print_columns(f"fits {_gigabytes(memory)} GB", fits)
    _print_columns("largest batch", [str(batch or "none") for batch in largest])


def _gigabytes(num_bytes: int) -> str:
    return f"{num_bytes / GIGABYTE:.2f}"


def _print_columns(name: str, cells: Sequence[str]) -> None:
    print(f"{name:<16}" + "".join(f"{cell:>12}" for cell in cells))


def _rows(found: Recommendations) -> list[dict[str, Any]]:
    """Return one record for each item of the only user asked about."""
    columns = {"item": found.items[0], "score": found.scores[0]}
    if found.titles is not None:
        columns["title"] = found.titles[0]
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*columns.values(), strict=True)
    ]


def _print_metrics(part: str, metrics: dict[str, float]) -> None:
    names = list(dict.fromkeys(name.split("@")[0] for name in metrics))
    cuts = list(dict.fromkeys(name.split("@")[1] for name in metrics))
    print(f"{part:<12}" + "".join(f"{'@' + cut:>12}" for cut in cuts))
    for name in names:
        values = "".join(f"{metrics[f'{name}@{cut}']:>12.4f}" for cut in cuts)
        print(f"  {name:<10}{values}")


def _take(kind: type[Taken], options: Namespace) -> Taken:
    """Build a dataclass from the options of its own names."""
    return kind(**{field.name: options[field.name] for field in fields(kind)})


def _use_dashes(parser: ArgumentParser) -> None:
    """Spell every option with dashes; the spelling with underscores stays valid."""
    for action in parser._actions:
        dashed = [name.replace("_", "-") for name in action.option_strings]
        for name in dashed:
            parser._option_string_actions.setdefault(name, action)
        action.option_strings = dashed


def _one_line(error: BaseException) -> str:
    """Return what went wrong without jsonargparse's usage lines."""
    return " ".join(str(error).split())


_COMMANDS: dict[str, Callable[[Namespace], None]] = {
    "fit": _fit,
    "evaluate": _evaluate,
    "recommend": _recommend,
    "plan": _plan,
}

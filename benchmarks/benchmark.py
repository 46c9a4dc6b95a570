"""What a benchmark is, and how one is carried out from the command line.

A benchmark is one file. It holds a class of cells, whose ``measure()`` returns figures
by the names of ``tvdiff_pyg.grid.records``; the function ``cells``, whose arguments are
those of the command line; and the functions that write tables of the records.
"""

import argparse
import json
import math
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, signature
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

# As the command line sets it: timings are those of arrays in huge pages. PyTorch reads
# this before its first large array, here and in the processes of the cells.
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

import docstring_parser
from jsonargparse import ArgumentParser, DefaultHelpFormatter, Namespace

from tvdiff_pyg.files import write_text
from tvdiff_pyg.grid import (
    GridCell,
    Record,
    append_record,
    find_record,
    find_records,
    read_all_records,
    read_records,
    run_grid,
)

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks" / "results"
BUILD = ROOT / "build" / "benchmarks"
DOCS = ROOT / "docs"

Records = list[Record]
DataName = Literal["lastfm", "amazon-beauty", "gowalla"]
DATA = get_args(DataName)


@dataclass(frozen=True)
class Table:
    """A table of records.

    Args:
        render: Writes it as Markdown.
        experiment: Whose records it shows, where the benchmark has several.
    """

    render: Callable[[Records], str]
    experiment: str = ""


@dataclass(frozen=True)
class Benchmark:
    """What is measured, and how it is shown.

    Args:
        name: The name of its files of records.
        cells: Returns what is measured; its arguments, with their documentation, are
            those of the command line. One before ``/`` has no name there.
        tables: Its tables, by the names that pages mark them with.
        draw: Draws the records of an experiment into a folder.
        without: Options of :meth:`carry_out` that it does not have.
    """

    name: str
    cells: Callable[..., Sequence[GridCell]]
    tables: Mapping[str, Table]
    draw: Callable[[str, Records, Path], object] | None = None
    without: Sequence[str] = ()

    def files(self, experiment: str = "") -> tuple[Path, Path]:
        """Return the file of the records that are kept, and that of others."""
        own = experiment in ("", self.name)
        file = f"{self.name if own else f'{self.name}_{experiment}'}.jsonl"
        return RESULTS / file, BUILD / file

    def parser(self) -> ArgumentParser:
        """Build the parser of the command line."""
        about = sys.modules[self.cells.__module__].__doc__
        parser = ArgumentParser(description=about, formatter_class=_Formatter)
        _add_arguments(parser, self.cells, "what is measured")
        left_out = [*self.without, *([] if self.draw else ["plot"])]
        _add_arguments(parser, self.carry_out, "how it is carried out", left_out)
        return parser

    def main(self, args: Sequence[str] | None = None) -> None:
        """Measure what the command line says, and print its tables."""
        parser = self.parser()
        options = parser.parse_args(args)
        try:
            cells = _call(self.cells, options)
        except ValueError as error:
            parser.error(str(error))
        _call(self.carry_out, options, cells)

    def carry_out(
        self,
        cells: Sequence[GridCell],
        /,
        keep: bool = False,
        again: bool = False,
        no_run: bool = False,
        jobs: int = 1,
        budget_minutes: float = math.inf,
        file: str | None = None,
        json: str | None = None,
        plot: bool = False,
    ) -> None:
        """Carry out what is not recorded, and print the tables of all of it.

        Args:
            cells: The cells.
            keep: Write records to ``benchmarks/results`` and figures to ``docs``
                rather than to ``build/benchmarks``; what is recorded there is taken
                over.
            again: Measure what is recorded, too.
            no_run: Only show what is recorded.
            jobs: Cells at the same time; 0 carries them out in this process.
            budget_minutes: Begin no further cell after that time.
            file: Write records to this file.
            json: Write the records of these cells to this file, as one JSON value.
            plot: Draw the figures.
        """
        deadline = time.monotonic() + 60 * budget_minutes
        found: Records = []
        failures: list[str] = []
        for experiment in dict.fromkeys(cell.experiment for cell in cells):
            group = [cell for cell in cells if cell.experiment == experiment]
            files = self.files(experiment)
            target = Path(file) if file else files[0] if keep else files[1]
            if keep and not again:
                _take_over(group, *files)
            try:
                if not no_run:
                    minutes = (deadline - time.monotonic()) / 60
                    run_grid(group, target, jobs, True, minutes, files, again)
            except RuntimeError as error:
                failures.append(str(error))
            records = find_records(group, (*files, target))
            print(f"{experiment}: {len(records)} of {len(group)} cells are recorded")
            self._show(experiment, records)
            if plot and self.draw and records:
                self.draw(experiment, records, DOCS if keep else BUILD)
            found += records
        if json:
            _write_json(Path(json), found)
        if failures:
            sys.exit("; ".join(failures))

    def _show(self, experiment: str, records: Records) -> None:
        for name, table in self.tables.items():
            if records and experiment in (table.experiment or self.name,):
                print(f"\n{name}:\n\n{table.render(records)}", flush=True)


def recorded(benchmark: str) -> Records:
    """Return all records of a benchmark of one experiment, kept and others."""
    return read_all_records(
        folder / f"{benchmark}.jsonl" for folder in (RESULTS, BUILD)
    )


def kept(*benchmarks: str) -> Records:
    """Return the records of benchmarks that are kept."""
    return read_all_records(RESULTS / f"{name}.jsonl" for name in benchmarks)


def by_data(records: Records) -> Records:
    """Sort by data set, in the paper's order, and by width."""

    def place(record: Record) -> tuple[int, int]:
        known = record["data"] in DATA
        order = DATA.index(record["data"]) if known else len(DATA)
        return order, record["settings"]["hidden_channels"]

    return sorted(records, key=place)


class _Formatter(DefaultHelpFormatter, argparse.RawDescriptionHelpFormatter):
    """Leaves the lines of a description as they are."""


def _add_arguments(
    parser: ArgumentParser,
    function: Callable[..., Any],
    title: str,
    left_out: Sequence[str] = (),
) -> None:
    """Add the arguments of a function, with its documentation of them."""
    documented = docstring_parser.parse(function.__doc__ or "").params
    about = {one.arg_name: one.description for one in documented}
    hints, group = get_type_hints(function), parser.add_argument_group(title)
    for name, parameter in signature(function).parameters.items():
        hint, default = hints[name], parameter.default
        positional = parameter.kind is Parameter.POSITIONAL_ONLY
        if name in left_out or hint == Sequence[GridCell]:
            continue
        options: dict[str, Any] = {"help": about[name].replace("\n", " ")}
        if hint is bool:
            options["action"] = "store_true"
        else:
            options["type"] = hint
        if get_origin(hint) is Sequence:
            options |= {"type": get_args(hint)[0], "nargs": "*" if positional else "+"}
            default = list(default)
        if default is not Parameter.empty and not positional:
            options["default"] = default
        group.add_argument(
            name if positional else f"--{name.replace('_', '-')}", **options
        )


def _call(function: Callable[..., Any], options: Namespace, *first: Any) -> Any:
    """Call a function with the options of its names."""
    named: dict[str, Any] = {}
    unnamed = list(first)
    for name, parameter in list(signature(function).parameters.items())[len(first) :]:
        if parameter.kind is Parameter.POSITIONAL_ONLY:
            unnamed.append(options[name] or parameter.default)
        elif name in options:
            named[name] = options[name]
    return function(*unnamed, **named)


def _take_over(cells: Sequence[GridCell], kept: Path, built: Path) -> None:
    """Keep the records that there are of some cells, and that are not kept yet."""
    records, others = read_records(kept), read_records(built)
    for cell in cells:
        record = find_record(cell, others)
        if record is not None and record not in records:
            append_record(kept, record)


def _write_json(file: Path, records: Records) -> None:
    """Write a single record as it is, and others as a list."""
    write_text(
        file, json.dumps(records[0] if len(records) == 1 else records, indent=2) + "\n"
    )

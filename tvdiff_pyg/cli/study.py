"""``tvdiff study``: run a grid of trainings and write a report with verdicts."""

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import new_parser, switch
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.cli.settings_arguments import add_settings, given_settings
from tvdiff_pyg.data.data_root import chosen_root
from tvdiff_pyg.machine import Device
from tvdiff_pyg.study import STUDIES, StudyOptions, run_study
from tvdiff_pyg.training.fit_options import Protocol


def build_parser() -> ArgumentParser:
    """Build the parser; each setting may be given, and then holds for all cells."""
    parser = new_parser("study")
    parser.add_argument("--config", action="config", help="Options as a YAML file.")
    parser.add_argument("study", choices=STUDIES.names(), help="What is varied.")
    parser.add_argument(
        "--out", type=str, required=True, metavar="DIR", help="Records and report."
    )
    parser.add_argument(
        "--data", nargs="+", required=True, metavar="DATA", help="As in tvdiff fit."
    )
    parser.add_argument(
        "--values", nargs="+", metavar="VALUE", help="Variants; the study's own if not."
    )
    parser.add_argument(
        "--seeds", nargs="+", type=int, default=[0, 1, 2], metavar="N", help="Seeds."
    )
    parser.add_argument("--protocol", type=Protocol, default="standard")
    parser.add_argument(
        "--root",
        type=str | None,
        help="Folder of the data sets; 'data' if not given.",
    )
    parser.add_argument("--device", type=Device, default="auto", help="Where to train.")
    parser.add_argument(
        "--num_workers", type=int, default=0, help="Sampling processes of a cell."
    )
    parser.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="Cells at the same time; 0: in this process.",
    )
    parser.add_argument(
        "--progress", type=bool, default=True, help="Show the cells.", **switch(bool)
    )
    parser.add_argument(
        "--per_user",
        type=bool,
        default=False,
        help="Keep what each test user counts, for intervals over users and seeds.",
        **switch(bool),
    )
    parser.add_argument(
        "--margin",
        type=float,
        default=StudyOptions.margin,
        help="Share of a number that makes no difference.",
    )
    add_settings(parser)
    return parser


def run(options: Namespace) -> None:
    """Run the study and say where its report is."""
    study = StudyOptions(
        data=options.data,
        values=options["values"],
        seeds=options.seeds,
        preset=options.preset,
        protocol=options.protocol,
        root=chosen_root(options.data, options.root),
        device=options.device,
        num_workers=options.num_workers,
        jobs=options.jobs,
        progress=options.progress,
        per_user=options.per_user,
        margin=options.margin,
        overrides=given_settings(options),
    )
    say(f"report: {run_study(options.study, study, options.out)}")

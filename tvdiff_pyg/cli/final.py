"""``tvdiff final``: fit a finished run anew, on everything, for serving."""

from dataclasses import fields

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.arguments import add_options, new_parser
from tvdiff_pyg.cli.first_speaks import only_the_first_speaks
from tvdiff_pyg.cli.output import say
from tvdiff_pyg.machine import check_installed
from tvdiff_pyg.training import FitOptions, RunFolder

# What the finished run says.
DECIDED = {"protocol", "ks", "monitor", "seed", "final"}


def build_parser() -> ArgumentParser:
    """Build the parser."""
    parser = new_parser("final")
    parser.add_argument("of", metavar="DIR", type=str, help="A finished run folder.")
    parser.add_argument(
        "--run", type=str, required=True, metavar="DIR", help="The run folder, new."
    )
    add_options(parser, FitOptions, skip=DECIDED)
    return parser


def run(options: Namespace) -> None:
    """Fit, and say where what it is worth was measured."""
    check_installed(("pytorch_lightning",), "training", "train")
    names = [one.name for one in fields(FitOptions) if one.name not in DECIDED]
    given = {name: options[name] for name in names}
    seed = RunFolder(options.of).config()["seed"]
    run_options = FitOptions(seed=seed, **given)
    with only_the_first_speaks(run_options):
        _run(options, run_options)


def _run(options: Namespace, run_options: FitOptions) -> None:
    from tvdiff_pyg.training import fit_final

    told = fit_final(options.of, run=options.run, options=run_options)
    epochs = f"{told['epochs']} epochs, " if told["epochs"] else ""
    say(f"{epochs}{told['data']['train']:,} interactions, {told['fit_seconds']:.0f} s")
    say(f"nothing is held out: metrics are those of {options.of}")

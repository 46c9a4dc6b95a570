"""What a tuning leaves to be read: the best settings of each model, and a page."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from optuna.study import Study
from optuna.trial import FrozenTrial

from tvdiff_pyg.files import write_text
from tvdiff_pyg.grid.page import PAGE, render_page
from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.tables import MISSING, print_number, print_seconds
from tvdiff_pyg.metrics import MONITOR
from tvdiff_pyg.metrics.monitor import in_print
from tvdiff_pyg.tune.history import HEIGHT, WIDTH, History
from tvdiff_pyg.tune.outcome import outcome
from tvdiff_pyg.tune.storage import RECORD, ended
from tvdiff_pyg.tune.tuned import Tuned, in_words, one_in_words

_SHOWN = 10


def write_report(studies: Sequence[Study], folder: Path) -> Path:
    """Write ``report.html``, and for each model its best settings as YAML.

    Models of which no trial came to its end are left out.

    Args:
        studies: The studies of all models.
        folder: Where the files go.

    Returns:
        The path of ``report.html``.
    """
    sections, record, metric = [], {}, in_print(MONITOR)
    for study in studies:
        try:
            tuned = outcome(study)
        except RuntimeError:
            continue
        text = yaml.safe_dump(tuned.settings, sort_keys=False)
        write_text(folder / settings_file(tuned.name), text)
        trials, metric = ended(study), in_print(tuned.monitor)
        sections.append(_section(tuned, trials))
        record = trials[-1].user_attrs[RECORD]
    page = folder / PAGE
    text = render_page(
        "tvdiff_pyg.tune",
        "tune.html.jinja",
        title="Tuning",
        metric=metric,
        sections=sections,
        size=(WIDTH, HEIGHT),
        provenance=_provenance(record),
    )
    write_text(page, text)
    return page


def settings_file(name: str) -> str:
    """Return the name of the file that holds the best settings of a model.

    Args:
        name: What the model is called.

    Example:
        >>> settings_file("tvdiff, alone")
        'tvdiff-alone.yaml'
    """
    return re.sub(r"[^\w.]+", "-", name) + ".yaml"


def _section(tuned: Tuned, trials: Sequence[FrozenTrial]) -> dict[str, Any]:
    """Return what the page shows of a model."""
    values = [
        one.value if "metrics" in one.user_attrs[RECORD] else None for one in trials
    ]
    said = [in_words(one.params) for one in trials]
    order = sorted(range(len(trials)), key=lambda k: -(values[k] or -1.0))
    return {
        "name": tuned.name,
        "row": [
            tuned.name,
            print_number(tuned.value),
            f"{tuned.place} of {tuned.trials}",
            str(tuned.pruned),
            str(tuned.failed),
            print_seconds(tuned.seconds),
            in_words(tuned.chosen) or MISSING,
        ],
        "history": History.of(values, said),
        "importance": [
            (name, f"{100 * share:.0f}") for name, share in tuned.importance.items()
        ],
        "names": list(tuned.chosen),
        "trials": [
            [
                str(k + 1),
                print_number(values[k]),
                *map(one_in_words, trials[k].params.values()),
                _remark(trials[k].user_attrs[RECORD]),
            ]
            for k in order[:_SHOWN]
        ],
    }


def _remark(record: Record) -> str:
    return record.get("error") or record.get("note", "")


def _provenance(record: Record) -> dict[str, str]:
    """Say what was tuned on, and with what, by one of the records."""
    if not record:
        return {}
    graph = ", ".join(f"{v:,} {k}" for k, v in record.get("graph", {}).items())
    return {
        "data": record["data"],
        "interactions": graph,
        "protocol": f"{record['protocol']}; the test part was not read",
        "seed": str(record["seed"]),
        "device": record["hardware"]["device"],
        "processor": f"{record['hardware']['cpu']}, "
        f"{record['hardware']['threads']} threads",
        "versions": ", ".join(f"{k} {v}" for k, v in record["versions"].items()),
    }

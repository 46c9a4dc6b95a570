"""What came of a study: the best trial, how many there were, and what matters."""

from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tvdiff_pyg.tune.importance import importance_of
from tvdiff_pyg.tune.storage import RECORD, ended, monitor_of
from tvdiff_pyg.tune.tuned import Tuned


def outcome(study: Study) -> Tuned:
    """Read what came of the tuning of a model.

    Args:
        study: Its study.

    Raises:
        RuntimeError: If no trial came to its end.
    """
    trials = ended(study)
    complete = [one for one in trials if "metrics" in one.user_attrs[RECORD]]
    if not complete:
        raise RuntimeError(_why_none(study.study_name, trials))
    best = max(complete, key=lambda one: (one.value, -one.number))
    record = best.user_attrs[RECORD]
    return Tuned(
        study.study_name,
        {"model": record["model"], **record.get("settings", {})},
        best.params,
        float(best.value),
        place=trials.index(best) + 1,
        trials=len(trials),
        pruned=sum(one.state is TrialState.PRUNED for one in trials),
        failed=sum("error" in one.user_attrs[RECORD] for one in trials),
        seconds=sum(map(_seconds, trials)),
        importance=importance_of(study),
        monitor=monitor_of(study),
    )


def _seconds(trial: FrozenTrial) -> float:
    return trial.duration.total_seconds() if trial.duration else 0.0


def _why_none(name: str, trials: list[FrozenTrial]) -> str:
    """Say why nothing was found."""
    errors = [one.user_attrs[RECORD].get("error") for one in trials]
    why = next((error for error in reversed(errors) if error), None)
    if why is None:
        return f"no trial of {name!r} came to its end in its time"
    return f"no trial of {name!r} came to its end; the last: {why}"

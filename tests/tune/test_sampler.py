"""What is tried: the settings given, evenly spread points, then what was learned."""

from typing import Any

import numpy as np
import optuna
import pytest

from tvdiff_pyg.search_space import Choice, Range, Space, log
from tvdiff_pyg.tune.sampler import StartThenTPE, distributions
from tvdiff_pyg.tune.storage import RECORD

SPACE: Space = {"l2": log(1.0, 3000.0), "layers": Range(1, 4), "kind": Choice("a", "b")}
FIRST = {"l2": 500.0, "layers": 2, "kind": "b"}


def sampler(seed: int = 0, startup_trials: int = 8) -> StartThenTPE:
    return StartThenTPE(SPACE, FIRST, seed, startup_trials)


def value_of(params: dict[str, Any]) -> float:
    """Rank a small penalty and the kind "a" best."""
    return -abs(np.log(params["l2"]) - 2) + (params["kind"] == "a")


def tried(
    count: int, own: StartThenTPE, study: optuna.Study | None = None
) -> list[dict[str, Any]]:
    """Go on with a study by a sampler that knows nothing of what was before."""
    study = study or optuna.create_study(direction="maximize")
    study.sampler = own
    found = []
    for _ in range(count):
        trial = study.ask(distributions(SPACE))
        trial.set_user_attr(RECORD, {})
        study.tell(trial, value_of(trial.params))
        found.append(trial.params)
    return found


def test_the_settings_given_are_tried_first() -> None:
    assert tried(1, sampler()) == [FIRST]


@pytest.mark.parametrize("seed", range(5))
def test_the_start_covers_the_space_evenly(seed: int) -> None:
    own = sampler(seed)
    points = [own.spread(number) for number in range(8)]
    # Each eighth of the logarithm of the penalty has one of eight points, each half
    # four, and of each number of layers there are two.
    eighths = [int(8 * np.log(one["l2"]) / np.log(3000)) for one in points]
    assert sorted(eighths) == [*range(8)]
    layers = [one["layers"] for one in points]
    assert sorted(layers) == [1, 1, 2, 2, 3, 3, 4, 4]
    assert [one["kind"] for one in points].count("a") == 4


@pytest.mark.parametrize("model", range(10))
def test_no_two_of_the_start_are_near_each_other(model: int) -> None:
    """EASE was once tried with 81, 28, 33 and 82 in a range of 1 to 3000."""
    own = StartThenTPE({"l2": log(1.0, 3000.0)}, {"l2": 500.0}, model, 8)
    drawn = sorted(np.log(own.spread(number)["l2"]) for number in range(8))
    assert drawn[-1] - drawn[0] > 0.7 * np.log(3000)
    parts = [int(8 * one / np.log(3000)) for one in drawn]
    assert len(set(parts)) == 8


def test_what_is_learned_is_near_what_ranked_best() -> None:
    found = tried(30, sampler())
    early, late = found[1:9], found[-10:]
    assert np.mean([*map(value_of, late)]) > np.mean([*map(value_of, early)]) + 0.5
    # Distinct: a new random state for each proposal, not a first number again.
    assert len({one["l2"] for one in found}) == 30


@pytest.mark.parametrize("cut", [1, 5, 9, 12])
def test_a_later_process_goes_on_in_the_sequence(cut: int) -> None:
    whole = tried(16, sampler(3))
    study = optuna.create_study(direction="maximize")
    first = tried(cut, sampler(3), study)
    assert first + tried(16 - cut, sampler(3), study) == whole


def test_another_seed_tries_others() -> None:
    one, other = tried(12, sampler(0)), tried(12, sampler(1))
    assert one[0] == other[0] == FIRST
    assert not {a["l2"] for a in one[1:]} & {b["l2"] for b in other[1:]}


def test_an_interrupted_trial_leaves_its_place() -> None:
    whole = tried(6, sampler())
    study = optuna.create_study(direction="maximize")
    first = tried(3, sampler(), study)
    # No record: it was interrupted, and its place is drawn again.
    lost = study.ask(distributions(SPACE))
    study.tell(lost, state=optuna.trial.TrialState.FAIL)
    assert lost.params == whole[3]
    assert first + tried(3, sampler(), study) == whole


def test_where_nothing_has_ended_the_start_goes_on() -> None:
    study = optuna.create_study(direction="maximize", sampler=sampler(startup_trials=2))
    asked = [study.ask(distributions(SPACE)).params for _ in range(6)]
    assert asked[0] == FIRST
    assert asked[1:] == [sampler().spread(number) for number in range(5)]

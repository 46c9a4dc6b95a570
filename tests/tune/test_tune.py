"""Tuning from models to what is chosen: budgets, order, pruning, what goes on."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from optuna.study import Study

from tests.tune.conftest import GRAPH, SMALL, Run, pretend, sequence
from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.folders import locked
from tvdiff_pyg.training import Settings
from tvdiff_pyg.tune import Candidate, TuneOptions, candidates_of, tune
from tvdiff_pyg.tune.storage import BEGUN
from tvdiff_pyg.tune.trial import COMPLETE, Trial

LONG = {**SMALL, "max_epochs": 8, "patience": 2}


def test_the_best_on_validation_is_chosen(
    run: Run, records: Any, pretended: None
) -> None:
    [ease] = run(["ease"], trials=5)
    values = [one["metrics"]["validation"]["ndcg@20"] for one in records()]
    assert ease.value == max(values) and ease.trials == 5
    assert ease.place == values.index(max(values)) + 1 > 1
    best = records()[ease.place - 1]
    assert ease.settings == {"model": "ease", **best["settings"]}
    assert dict(ease.chosen) == {"l2": best["settings"]["l2"]}


def test_every_model_has_the_same_budget(
    run: Run, records: Any, pretended: None
) -> None:
    names = ["ease", "item-knn", "bpr-mf", "tvdiff"]
    found = run(names, trials=4, overrides=SMALL)
    assert [(one.name, one.trials) for one in found] == [(name, 4) for name in names]
    assert [one["model"] for one in records()] == [n for n in names for _ in range(4)]
    # The first trial of each has its settings as they are given.
    for record in records():
        if record["conditions"]["trial"] == 0:
            [one] = candidates_of([record["model"]])
            assert (
                record["settings"].items()
                >= dict(
                    one.first,
                    **{k: v for k, v in SMALL.items() if k in record["settings"]},
                ).items()
            )


def test_what_is_given_is_not_searched(run: Run, records: Any, pretended: None) -> None:
    [found] = run(["item-knn"], trials=6, overrides={"similarity": "jaccard"})
    assert set(found.chosen) == {"num_neighbors", "shrink"}
    assert {one["settings"]["similarity"] for one in records()} == {"jaccard"}


def test_nothing_to_search_takes_one_trial(run: Run, pretended: None) -> None:
    [popularity, ease] = run(["popularity", "ease"], 5, overrides={"l2": 9.0})
    assert popularity.trials == ease.trials == 1
    assert ease.settings["l2"] == 9.0 and not ease.chosen


def test_a_resumed_tuning_is_the_uninterrupted_one(
    run: Run,
    records: Any,
    pretended: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names, given = ["item-knn", "tvdiff"], {"overrides": LONG, "startup_trials": 3}
    run(names, trials=9, **given)
    whole = sequence(records())
    (tmp_path / "out").rename(tmp_path / "whole")
    run(names, trials=3, **given)
    count = iter(range(100))

    def interrupt(trial: Trial) -> Any:
        found = pretend(trial)
        if next(count) in (2, 6, 10):
            raise KeyboardInterrupt
        return found

    monkeypatch.setattr(Trial, "measure", interrupt)
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt, match=r"\d+ trials are kept in .*out"):
            run(names, trials=9, **given)
    again = run(names, trials=9, **given)
    assert sequence(records()) == whole
    assert [one.trials for one in again] == [9, 9]
    # Nothing is left to do.
    assert run(names, trials=9, **given) == again


def test_a_larger_budget_goes_on(run: Run, records: Any, pretended: None) -> None:
    run(["ease"], trials=2)
    first = sequence(records())
    run(["ease"], trials=5)
    assert sequence(records())[:2] == first and len(records()) == 5
    # Other models that were tuned there stay in the records.
    run(["item-knn"], trials=2)
    assert [one["model"] for one in records()] == ["ease"] * 5 + ["item-knn"] * 2


def test_the_report_of_something_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("of a study")
    with pytest.raises(ValueError, match=r"something else: there is no journal\.log"):
        run(["ease"], trials=1)
    kept = [path.name for path in (tmp_path / "out").iterdir()]
    assert kept == ["report.html"]


def test_trials_that_fall_behind_are_given_up(
    run: Run, records: Any, pretended: None
) -> None:
    [found] = run(["tvdiff"], trials=16, overrides=LONG)
    pruned = [one for one in records() if "metrics" not in one]
    assert found.pruned == len(pruned) > 0 and found.failed == 0
    for record in pruned:
        epochs = len(record["curve"])
        # Not while training would wait for a better epoch.
        assert 2 <= epochs < 8 and record["note"] == f"given up after {epochs} epochs"
    assert all("metrics" in one for one in records()[:COMPLETE])
    assert found.value >= max(one["ndcg@20"] for p in pruned for one in p["curve"])


def test_pruning_is_left_out_where_asked(
    run: Run, records: Any, pretended: None
) -> None:
    [found] = run(["tvdiff"], trials=16, overrides=LONG, prune=False)
    assert found.pruned == 0 and all("metrics" in one for one in records())


def test_both_budgets_hold(run: Run, pretended: None) -> None:
    [found] = run(["ease"], trials=2, minutes=10)
    assert found.trials == 2


def test_a_fit_that_fails_ranks_nothing(
    run: Run, records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(trial: Trial) -> Any:
        if trial.trial % 2:
            raise ValueError("'learning_rate' needs to be\nlower")
        return pretend(trial)

    monkeypatch.setattr(Trial, "measure", fail)
    [found] = run(["ease"], trials=4)
    assert found.failed == 2 and found.trials == 4 and found.place in (1, 3)
    assert records()[1]["error"] == "'learning_rate' needs to be lower"
    assert "metrics" not in records()[1] and records()[1]["settings"]["l2"] > 0


def test_a_model_of_which_every_fit_fails_is_told(
    run: Run, records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(trial: Trial) -> Any:
        raise MemoryError

    monkeypatch.setattr(Trial, "measure", fail)
    with pytest.raises(RuntimeError, match=r"'ease' came to its end; .*: MemoryError"):
        run(["ease"], trials=2)
    assert len(records()) == 2


def test_another_tuning_is_refused_in_its_folder(
    run: Run, tmp_path: Path, pretended: None
) -> None:
    run(["ease"], trials=1)
    other = SyntheticBipartite(80, 60, 900, seed=1)[0]
    with pytest.raises(ValueError, match=r"'out' needs to be of the same interactions"):
        run(["ease"], trials=2, graph=other)
    with pytest.raises(ValueError, match=r"'seed' needs to stay 0, as .*'ease'"):
        run(["ease"], trials=2, seed=1)
    with pytest.raises(ValueError, match=r"'l2' needs to stay 500.0, as the tuning"):
        run(["ease"], trials=2, overrides={"l2": 3.0})
    with pytest.raises(ValueError, match=r"'startup_trials' needs to stay 8"):
        run(["ease"], trials=2, startup_trials=2)
    with (
        locked(tmp_path / "out", "out"),
        pytest.raises(ValueError, match="'out' needs to be a folder that nothing else"),
    ):
        run(["ease"], trials=2)


def test_a_torn_journal_goes_on(
    run: Run, records: Any, tmp_path: Path, pretended: None
) -> None:
    run(["ease"], trials=4)
    whole = sequence(records())
    (tmp_path / "out").rename(tmp_path / "whole")
    run(["ease"], trials=2)
    journal = tmp_path / "out" / "journal.log"
    with journal.open("ab") as file:
        file.write(b'{"op_code": 4, "worker_id"')
    run(["ease"], trials=4)
    assert sequence(records()) == whole


@pytest.mark.parametrize(
    "damage",
    [
        lambda lines: [b"[1, 2]", *lines],
        lambda lines: [b"{}", *lines],
        lambda lines: [b"[" * 100_000, *lines],
        lambda lines: [b"\0" * 100, *lines],
        lambda lines: [b"\xff\xfe", *lines],
        lambda lines: [lines[0], *(line[:-3] for line in lines[1:])],
        lambda lines: [
            line.replace(b'"experiment"', b'"experimenu"') for line in lines
        ],
        lambda lines: [line.replace(b'"ndcg@20":', b'"ndcg@20":-') for line in lines],
    ],
)
def test_a_damaged_journal_is_named(
    damage: Callable[[list[bytes]], list[bytes]],
    run: Run,
    tmp_path: Path,
    pretended: None,
) -> None:
    run(["ease"], trials=2)
    journal = tmp_path / "out" / "journal.log"
    damaged = b"\n".join([*damage(journal.read_bytes().splitlines()), b""])
    journal.write_bytes(damaged)
    files = {one.name: one.read_bytes() for one in (tmp_path / "out").iterdir()}
    with pytest.raises(
        ValueError, match=r"'out' needs its journal as .*journal\.log: "
    ):
        run(["ease"], trials=3)
    assert {p.name: p.read_bytes() for p in (tmp_path / "out").iterdir()} == files


def test_a_flipped_digit_of_a_journal_is_named_by_its_line(
    run: Run, tmp_path: Path, pretended: None
) -> None:
    run(["ease"], trials=2)
    journal = tmp_path / "out" / "journal.log"
    lines = journal.read_bytes().splitlines(keepends=True)
    for number in range(len(lines)):
        at = lines[number].index(b'"op_code":') + len(b'"op_code":')
        flipped = bytes([lines[number][at] ^ 1])
        changed = lines[number][:at] + flipped + lines[number][at + 1 :]
        journal.write_bytes(b"".join([*lines[:number], changed, *lines[number + 1 :]]))
        with pytest.raises(
            ValueError, match=rf"journal\.log: .*in line {number + 1}, "
        ):
            run(["ease"], trials=3)
    # As of a version that had no checksums.
    plain = re.sub(rb',"checksum":"\w{8}"', b"", b"".join(lines))
    assert b"checksum" not in plain
    journal.write_bytes(plain)
    assert run(["ease"], trials=2)[0].trials == 2


def test_a_damaged_graph_is_named(run: Run, tmp_path: Path, pretended: None) -> None:
    run(["ease"], trials=1)
    file = tmp_path / "out" / "graph.pt"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ValueError, match=r"graph\.pt"):
        run(["ease"], trials=2)


def test_a_trial_that_was_killed_when_it_had_ended_counts(
    run: Run, records: Any, tmp_path: Path, pretended: None
) -> None:
    run(["ease"], trials=4)
    whole = sequence(records())
    (tmp_path / "out").rename(tmp_path / "whole")
    run(["ease"], trials=3)
    # Cut off after the record of the last one, before it is told.
    journal = tmp_path / "out" / "journal.log"
    lines = journal.read_text().splitlines(keepends=True)
    last = max(k for k, line in enumerate(lines) if '"experiment"' in line)
    journal.write_text("".join(lines[: last + 1]))
    run(["ease"], trials=4)
    assert sequence(records()) == whole


def test_a_candidate_of_other_settings(tmp_path: Path, pretended: None) -> None:
    wide = Candidate("wide knn", Settings(model="item-knn", num_neighbors=2000))
    assert wide.space["num_neighbors"].nearest(2000) == 2000
    options = TuneOptions(trials=2, jobs=0, device="cpu")
    [found] = tune(GRAPH, [wide], tmp_path / "out", options)
    assert found.name == "wide knn" and found.settings["model"] == "item-knn"
    kept = yaml.safe_load((tmp_path / "out" / "wide-knn.yaml").read_text())
    assert Settings(**kept).flat() == found.settings


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("trials", 0, "'trials' needs to be at least 1"),
        ("trials", 1.5, "'trials' needs to be an integer or none"),
        ("minutes", 0, "'minutes' needs to be positive"),
        ("minutes", float("nan"), "'minutes' needs to be"),
        ("minutes", float("inf"), "'minutes' needs to be finite"),
        ("jobs", -1, "'jobs' needs to be at least 0"),
        ("startup_trials", -1, "'startup_trials' needs to be at least 0"),
        ("seed", -1, "'seed' needs to be at least 0"),
        ("device", "tpu", "'device' needs to be one of"),
    ],
)
def test_options_out_of_range(option: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TuneOptions(**{option: value})


def test_models_that_are_not_there(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'models' needs to be one of \['tvdiff'"):
        run(["eas"])
    with pytest.raises(ValueError, match="'models' needs at least one model, each on"):
        run(["ease", "ease"])
    with pytest.raises(ValueError, match="'hidden_channels' is not read by any model"):
        run(["ease"], overrides={"hidden_channels": 3})
    assert not (tmp_path / "out").exists()


def test_a_graph_needs_a_validation_part(tmp_path: Path) -> None:
    whole = GRAPH.without_validation()
    with pytest.raises(ValueError, match="needs held-out validation interactions"):
        tune(whole, ["ease"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_another_metric_chooses(run: Run, records: Any, tmp_path: Path) -> None:
    by: dict[str, Any] = {"ks": (5, 10), "monitor": "recall@5"}
    [ease] = run(["ease"], trials=3, **by)
    values = [one["metrics"]["validation"]["recall@5"] for one in records()]
    assert ease.value == max(values) and ease.monitor == "recall@5"
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Recall@5 on the validation part" in page and "NDCG" not in page
    # One page compares all models.
    for models in (["ease"], ["item-knn"]):
        with pytest.raises(ValueError, match=r"'monitor' needs to stay 'recall@5'"):
            run(models, trials=4)
    with pytest.raises(ValueError, match=r"'ks' needs to stay \[5, 10\]"):
        run(["ease"], trials=4, ks=(5, 20), monitor="recall@5")
    [ease] = run(["ease"], trials=4, **by)
    assert ease.trials == 4


def test_each_check_is_told_by_it(run: Run, records: Any) -> None:
    run(["tvdiff"], 1, overrides=SMALL, ks=(5,), monitor="map@5")
    [record] = records()
    told = [check["map@5"] for check in record["curve"]]
    assert len(told) == 2
    assert record["metrics"]["validation"]["map@5"] == pytest.approx(max(told))


def test_a_tuning_of_before_goes_on(
    run: Run, pretended: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(["ease"], trials=2)
    user_attrs = Study.user_attrs.fget
    assert user_attrs is not None

    def of_before(study: Study) -> dict[str, Any]:
        kept = dict(user_attrs(study))
        new = ("ks", "monitor")
        return kept | {BEGUN: {k: v for k, v in kept[BEGUN].items() if k not in new}}

    monkeypatch.setattr(Study, "user_attrs", property(of_before))
    [ease] = run(["ease"], trials=3)
    assert ease.trials == 3 and ease.monitor == "ndcg@20"
    with pytest.raises(ValueError, match="'monitor' needs to stay 'ndcg@20'"):
        run(["ease"], trials=4, monitor="recall@20")


def test_a_cut_off_beyond_the_items_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'ks' needs to be integers in \[1, 60\]"):
        run(["ease"], ks=(20, 61))
    assert not (tmp_path / "out").exists()

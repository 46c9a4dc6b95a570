"""Data sets by their names on the command line, registered ones among them."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import (
    DATASETS,
    BipartiteDataset,
    BipartiteGraph,
    DataOptions,
    LastFM,
    SyntheticBipartite,
    describe_data,
    from_arrays,
    load_data,
    register_dataset,
)
from tvdiff_pyg.data.data_options import dataset_arguments
from tvdiff_pyg.training import RunFolder

SIZES = "num_users=30,num_items=20,num_interactions=100"


@pytest.fixture
def ring(forgetful_registries: None) -> type[BipartiteDataset]:
    """A data set of somebody else's."""

    @register_dataset("ring")
    class Ring(BipartiteDataset):
        """Users on a ring, who take the items beside them."""

        reads = ("validation_ratio", "test_ratio")
        source = "a ring"

        def __init__(
            self,
            validation_ratio: float = 0.1,
            test_ratio: float = 0.2,
            num_users: int = 40,
            reach: int = 6,
            seed: int = 0,
        ) -> None:
            self.size, self.reach = num_users, reach
            ratios = dict(validation_ratio=validation_ratio, test_ratio=test_ratio)
            super().__init__(None, **ratios, seed=seed)

        def build(self) -> BipartiteGraph:
            user = torch.arange(self.size).repeat_interleave(self.reach)
            item = (user + torch.arange(self.reach).repeat(self.size)) % self.size
            return from_arrays(user, item, **self.settings)

    return Ring


def test_names() -> None:
    names = ["movielens-small", "lastfm", "amazon-beauty", "gowalla", "synthetic"]
    assert set(names) <= set(DATASETS.names())
    assert DATASETS["lastfm"].part is LastFM
    assert DATASETS["gowalla"].about.startswith("Gowalla: 29,858 users")


def test_a_registered_data_set_is_loaded(ring: type[BipartiteDataset]) -> None:
    options = DataOptions("ring", validation_ratio=0.25, test_ratio=0.5)
    counts = load_data(options, seed=1).counts()
    assert (counts["train"], counts["validation"]) == (90, 30)
    assert counts["test"] + counts["dropped"] == 120
    first, again, other = (load_data(DataOptions("ring"), seed) for seed in (0, 0, 1))
    assert first.test_index.equal(again.test_index)
    assert not first.test_index.equal(other.test_index)
    assert load_data(DataOptions("ring:num_users=50,reach=9")).num_users == 50


def test_a_registered_data_set_is_trained_on(
    ring: type[BipartiteDataset], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    args = ["fit", "--data", "ring:reach=8", "--run", str(tmp_path / "run")]
    fast = ["--hidden-channels", "4", "--max-epochs", "1", "--num-timesteps", "1"]
    assert main([*args, *fast, "--device", "cpu", "--progress", "false"]) == 0
    assert "data: 40 users, 40 items" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"data": "ring", "k_core": 2}, r"'k_core' has no use with a ring \(got 2\)"),
        ({"data": "ring", "root": "x"}, r"'root' has no use with a ring \(got 'x'\)"),
        (
            {"data": "movielens-small", "root": "x"},
            r"'root' has no use with .* \(got 'x'\)",
        ),
        (
            {"data": "ring:width=2,reach=x"},
            r"'data' needs arguments of Ring after 'ring:' \(got 'ring:width=2",
        ),
        (
            {"data": f"synthetic:{SIZES},root=here"},
            r"'data' needs num_users=N.* Synth.*: 'root' cannot be given in words",
        ),
        (
            {"data": f"synthetic:{SIZES},force_reload=true"},
            r"'force_reload' cannot be given in words",
        ),
        (
            {"data": f"synthetic:{SIZES},mixing=!!python/object:os.system"},
            r"'data' needs NAME=VALUE,... after the colon, of numbers and words",
        ),
        ({"data": "ring:reach=&a"}, r"'data' needs NAME=VALUE,... after the colon"),
        ({"data": "ring:reach=(1)"}, r"'data' needs NAME=VALUE,... after the colon"),
        ({"data": "ring:reach=6,reach=7"}, r"'data' needs each name once after"),
        (
            {"data": "ring:6"},
            r"'data' needs NAME=VALUE,... after the colon, .* \(got 'ri",
        ),
        (
            {"data": "ring:test_ratio=0.1"},
            r"'data' needs arguments of .*: 'test_ratio' is an option of its own\)",
        ),
        (
            {"data": "ring:seed=1"},
            r"'data' needs arguments of .*: 'seed' is an option of its own\)",
        ),
        (
            {"data": "fractal:name=movielens-small,min_rating=4"},
            r"'data' needs arguments of .*: 'min_rating' is an option of its own\)",
        ),
        (
            {"data": "lastfm", "split": "global_time"},
            r"'split' has no use with a published split \(got 'global_time'\)",
        ),
        (
            {"data": "movielens-small", "header": False},
            r"'header' has no use with an embedded data set \(got False\)",
        ),
        (
            {"data": f"synthetic:{SIZES}", "split": "global_time"},
            r"'split' has no use with a synthetic graph",
        ),
        (
            {"data": "synthetic"},
            r"'data' needs num_users=N,num_items=N,num_interactions=N and further "
            r"arguments of SyntheticBipartite after 'synthetic:' \(got 'synthetic': ",
        ),
        (
            {"data": f"synthetic:{SIZES},num_communities=some"},
            r"'num_communities' needs to be an integer \(got 'some'\)",
        ),
        (
            {"data": f"synthetic:{SIZES},mixing=much"},
            r"'mixing' needs to be a number \(got 'much'\)",
        ),
    ],
)
def test_refusals(
    ring: type[BipartiteDataset], options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        load_data(DataOptions(**options))


@pytest.mark.parametrize(
    ("name", "default"),
    [("format", "auto"), ("k_core", 0), ("split", "random"), ("test_ratio", 0.2)],
)
def test_what_is_not_read_is_refused_at_its_default_too(
    name: str, default: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=f"'{name}' has no use with a published split"):
        load_data(DataOptions("lastfm", **{name: default}))
    run = tmp_path / "run"
    option = f"--{name.replace('_', '-')}={default}"
    assert main(["fit", "--data", "lastfm", option, "--run", str(run)]) == 2
    said = f"tvdiff: '{name}' has no use with a published split (got {default!r})\n"
    assert capsys.readouterr().err == said and not run.exists()


@pytest.mark.parametrize(
    ("name", "share"), [("test_ratio", 0.2), ("validation_ratio", 0.1)]
)
def test_shares_are_refused_where_one_of_each_user_is_taken(
    name: str, share: float, tmp_path: Path
) -> None:
    log = tmp_path / "log.csv"
    rows = [
        f"{user},{item},{(user + item) % 9}" for user in range(9) for item in range(9)
    ]
    log.write_text("\n".join(["user,item,time", *rows, ""]))
    options = DataOptions(str(log), timestamp_column="time", split="leave_last_out")
    message = f"'{name}' has no use with the split 'leave_last_out', which takes one"
    with pytest.raises(ValueError, match=message):
        load_data(replace(options, **{name: share}))
    counts = load_data(replace(options, validation_ratio=0.0)).counts()
    assert counts["test"] == 9 and counts["validation"] == 0
    assert load_data(options).counts()["validation"] == 9


@pytest.mark.parametrize("split", ["random", "leave_last_out"])
def test_what_a_run_keeps_of_its_options_can_be_given_again(
    split: str, tmp_path: Path
) -> None:
    args = ["fit", "--data", "movielens-small", "--k-core", "20", "--split", split]
    fast = ["--model", "popularity", "--progress", "false"]
    first, again = tmp_path / "first", tmp_path / "again"
    assert main([*args, *fast, "--run", str(first)]) == 0
    kept = yaml.safe_load((first / "config.yaml").read_text())
    assert kept["split"] == split and kept["format"] is None
    assert kept["test_ratio"] == (0.2 if split == "random" else None)
    config = str(first / "config.yaml")
    assert main(["fit", "--config", config, "--run", str(again)]) == 0
    counts = [RunFolder(run).graph().counts() for run in (first, again)]
    assert counts[0] == counts[1]


def test_what_is_drawn_is_left_out_of_descriptions(
    ring: type[BipartiteDataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ring, "reads", ("test_ratio",))
    assert describe_data("ring").num_interactions == 240


def test_options_with_a_test_file(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("1,2\n1,3\n2,2\n")
    pair = {"data": str(tmp_path / "train.csv"), "test_file": str(tmp_path / "t.csv")}
    for name in ("rating_column", "timestamp_column"):
        message = rf"'{name}' has no use with a given test file \(got 2\)"
        with pytest.raises(ValueError, match=message):
            load_data(DataOptions(**pair, **{name: 2}))


def test_ratings_are_read_for_the_lowest_that_counts_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_text("user,item,stars\n1,2,5\n1,3,1\n2,2,4\n")
    options = DataOptions(str(path), rating_column="stars", test_ratio=0.0)
    with pytest.raises(ValueError, match=r"'rating_column' needs a 'min_rating'"):
        load_data(options)
    assert load_data(replace(options, min_rating=4)).counts()["train"] == 2


def test_an_unknown_name_lists_all(ring: type[BipartiteDataset]) -> None:
    names = ", ".join(DATASETS.names())
    assert "ring" in names
    message = f"'data' needs to be one of {names}, or a file (got 'nowhere')"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        load_data(DataOptions("nowhere"))


def test_a_name_belongs_to_one_class(ring: type[BipartiteDataset]) -> None:
    with pytest.raises(ValueError, match=r"'name' of the data set needs to be new"):
        register_dataset("ring")(SyntheticBipartite)


def test_arguments_after_a_name() -> None:
    assert dataset_arguments("lastfm") == {}
    assert dataset_arguments("mine:year=2020,share=0.5,kind=films,deep=True") == {
        "year": 2020,
        "share": 0.5,
        "kind": "films",
        "deep": True,
    }


@pytest.mark.parametrize(
    "name", ["test_file", "validation_file", "user_features", "item_features"]
)
@pytest.mark.parametrize("given", ["", "no-such.csv"])
def test_a_file_that_is_missing_is_named(name: str, given: str, tmp_path: Path) -> None:
    log = tmp_path / "log.csv"
    log.write_text("user,item\n1,a\n2,b\n")
    files = {"test_file": str(log)} if name == "validation_file" else {}
    with pytest.raises(FileNotFoundError, match=rf"^'{name}' needs to be a file \(got"):
        load_data(DataOptions(str(log), **files | {name: given}))

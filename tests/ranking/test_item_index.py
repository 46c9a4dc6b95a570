"""The item index against exact ranking, its files, and the recommender through it."""

import math
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg import BipartiteGraph, Recommender, top_k
from tvdiff_pyg.ranking import ItemIndex
from tvdiff_pyg.sparse import CSR

faiss = pytest.importorskip("faiss", reason="faiss is not installed")

KINDS = ["flat", "ivf", "hnsw"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Several threads would build a graph in no fixed order."""
    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(1)
    yield
    faiss.omp_set_num_threads(threads)


def factors(*rows: int, channels: int = 8, seed: int = 0) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.randn(n, channels, generator=generator) for n in rows]


def as_csr(matrix: Tensor) -> CSR:
    return CSR.from_edge_index(pairs_of(matrix), tuple(matrix.shape))


def best_seen(user: Tensor, item: Tensor, *lengths: int) -> CSR:
    """Histories that hold each user's best items, as after training."""
    rank = (user @ item.t()).argsort(dim=1, descending=True).argsort(dim=1)
    return as_csr(rank < torch.tensor(lengths).unsqueeze(1))


def assert_same_ranking(
    found: tuple[Tensor, Tensor], exact: tuple[Tensor, Tensor]
) -> None:
    assert torch.equal(found[1], exact[1])
    torch.testing.assert_close(found[0], exact[0])


@pytest.mark.parametrize("block_entries", [1, 50, 2**22])
@pytest.mark.parametrize("with_seen", [True, False])
@pytest.mark.parametrize("k", [1, 3, 9, 12])
@pytest.mark.parametrize(
    ("kind", "options"), [("flat", {}), ("ivf", {"num_lists": 4, "num_probes": 4})]
)
def test_looking_at_all_items_is_exact(
    kind: Any,
    options: dict[str, int],
    k: int,
    with_seen: bool,
    block_entries: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tvdiff_pyg.ranking.item_index.BLOCK_ENTRIES", block_entries)
    user, item = factors(11, 9)
    matrix = random_matrix(11, 9, density=0.6)
    matrix[0], matrix[1], matrix[2], matrix[2, 4] = 0, 1, 1, 0
    seen = as_csr(matrix) if with_seen else None
    index = ItemIndex.build(item, kind, **options)
    assert_same_ranking(index.search(user, k, seen), top_k(user, item, k, seen))


@pytest.mark.parametrize("kind", KINDS)
def test_long_histories_leave_nothing_out(kind: Any) -> None:
    user, item = factors(4, 3000)
    seen = best_seen(user, item, 2500, 2995, 3000, 0)
    found = ItemIndex.build(item, kind).search(user, 10, seen)
    order = (user[0] @ item.t()).argsort(descending=True)
    assert found[1][0].tolist() == order[2500:2510].tolist()
    assert_same_ranking(found, top_k(user, item, 10, seen))


def test_a_long_history_costs_the_others_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    user, item = factors(5, 200)
    index, fetched = ItemIndex.build(item), []
    fetch = index._fetch

    def spy(query: Tensor, width: int, exact: bool = False) -> tuple[Tensor, Tensor]:
        fetched.append((len(query), width))
        return fetch(query, width, exact)

    monkeypatch.setattr(index, "_fetch", spy)
    index.search(user, 10, best_seen(user, item, 2, 150, 0, 3, 6))
    assert sorted(fetched) == [(1, 160), (4, 16)]


def test_short_lists_do_not_shorten_a_ranking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tvdiff_pyg.ranking.item_index.LOOK_AT", 0)
    user, item = factors(60, 600)
    index = ItemIndex.build(item, "ivf", num_lists=100, num_probes=1)
    short = (index._fetch(user, 9)[1] < 0).any(dim=1)
    assert 0 < short.sum() < 60
    found, exact = index.search(user, 9), top_k(user, item, 9)
    assert_same_ranking(*((out[0][short], out[1][short]) for out in (found, exact)))
    assert (found[1] >= 0).all()
    assert not torch.equal(found[1], exact[1])


def test_items_out_of_reach_do_not_shorten_a_ranking() -> None:
    # Each item is nearest to the longest one, which has room for few links.
    user, item = torch.ones(3, 2), torch.arange(1.0, 601.0).unsqueeze(1).expand(-1, 2)
    index = ItemIndex.build(item, "hnsw", num_links=2, ef_search=1)
    assert (index._fetch(user, 9)[1] < 0).any()
    seen = best_seen(user, item, 0, 4, 595)
    assert_same_ranking(index.search(user, 9, seen), top_k(user, item, 9, seen))


@pytest.mark.parametrize(
    ("kind", "options", "num_seen", "least"),
    [
        ("hnsw", {}, 0, 0.99),
        ("hnsw", {}, 30, 0.99),
        ("hnsw", {"num_links": 4, "ef_search": 256}, 0, 0.95),
        ("hnsw", {"num_links": 4, "ef_search": 1}, 0, 0.88),
        ("hnsw", {"num_links": 4, "ef_search": 1}, 30, 0.86),
        ("hnsw", {"num_links": 2, "ef_search": 1}, 400, 1.0),
        ("ivf", {}, 0, 0.75),
        ("ivf", {}, 30, 0.65),
        ("ivf", {"num_lists": 60, "num_probes": 30}, 0, 0.95),
        ("ivf", {"num_lists": 60, "num_probes": 1}, 0, 0.4),
        ("ivf", {"num_lists": 60, "num_probes": 1}, 30, 0.45),
        ("ivf", {"num_lists": 60, "num_probes": 1}, 400, 1.0),
    ],
)
def test_recall_on_random_factors(
    kind: Any, options: dict[str, int], num_seen: int, least: float
) -> None:
    user, item = factors(100, 1500, channels=16)
    seen = best_seen(user, item, *[num_seen] * 100)
    recall = ItemIndex.build(item, kind, **options).recall(user, item, 20, seen)
    assert least <= recall <= 1


def test_recall_by_hand() -> None:
    indexed = torch.tensor([[4.0], [3.0], [2.0], [1.0]])
    exact = torch.tensor([[4.0], [1.0], [2.0], [3.0]])
    index, user = ItemIndex.build(indexed), torch.ones(1, 1)
    # Indexed ranking: 0 1 2 3; exact ranking: 0 3 2 1.
    for k, share in {1: 1, 2: 1 / 2, 3: 2 / 3, 4: 1, 7: 1}.items():
        assert index.recall(user, exact, k) == pytest.approx(share)
    # A user without candidates does not count, nor do pads: here 1, 2 of 0, 3, 2 ...
    seen = as_csr(torch.tensor([[1, 0, 0, 0], [1, 1, 1, 1], [0, 1, 1, 1]]))
    shares = [index.recall(torch.ones(3, 1), exact, k, seen) for k in (1, 2, 3)]
    assert shares == pytest.approx([(0 + 1) / 2, (1 / 2 + 1) / 2, 1])


def test_recall_does_not_take_a_pad_for_an_item() -> None:
    index = ItemIndex.build(torch.tensor([[2.0], [1.0]]))
    # The exact best of the first user is the last item; the second user has only pads.
    seen = as_csr(torch.tensor([[0, 0], [1, 1]]))
    exact = torch.tensor([[1.0], [2.0]])
    assert index.recall(torch.ones(2, 1), exact, 1, seen) == 0


def test_recall_of_no_candidate() -> None:
    item = torch.ones(2, 1)
    seen = as_csr(torch.ones(1, 2))
    assert math.isnan(ItemIndex.build(item).recall(torch.ones(1, 1), item, 1, seen))


@pytest.mark.parametrize("kind", KINDS)
def test_no_user(kind: Any) -> None:
    index = ItemIndex.build(factors(50)[0], kind)
    score, item = index.search(torch.empty(0, 8), 4)
    assert score.shape == item.shape == (0, 4)
    assert (score.dtype, item.dtype) == (torch.float, torch.long)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.double])
def test_any_precision_and_layout(dtype: torch.dtype) -> None:
    user, item = (factor.round() for factor in factors(5, 40, channels=30))
    index = ItemIndex.build(item.to(dtype).t().contiguous().t().requires_grad_())
    score, _ = index.search(user.to(dtype).requires_grad_(), 3)
    assert score.dtype == dtype
    assert not score.requires_grad
    assert torch.equal(score.float(), top_k(user, item, 3)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_near_a_user_without_numbers(kind: Any) -> None:
    user, item = factors(2, 40)
    user[0] = math.nan
    score, found = ItemIndex.build(item, kind).search(user, 3)
    assert score[0].tolist() == [-math.inf] * 3
    assert found[0].tolist() == [-1] * 3
    assert found[1].tolist() == top_k(user, item, 3)[1][1].tolist()


@pytest.mark.parametrize("kind", KINDS)
def test_a_build_is_repeatable(kind: Any) -> None:
    user, item = factors(50, 800)
    options = {"num_probes": 1, "num_links": 2, "ef_search": 1}
    one, other = (
        ItemIndex.build(item, kind, **options).search(user, 9) for _ in range(2)
    )
    assert torch.equal(one[0], other[0])
    assert torch.equal(one[1], other[1])


def test_defaults_follow_the_catalogue() -> None:
    lists = {n: ItemIndex.build(factors(n)[0], "ivf")._index for n in (9, 400, 30_000)}
    assert {n: (i.nlist, i.nprobe) for n, i in lists.items()} == {
        9: (1, 1),
        400: (10, 3),
        30_000: (692, 173),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_gives_the_index_back(kind: Any, tmp_path: Path) -> None:
    user, item = factors(30, 500)
    options = {"num_lists": 10, "num_probes": 2, "num_links": 3, "ef_search": 5}
    index = ItemIndex.build(item, kind, **options)
    path = tmp_path / "items.faiss"
    ItemIndex.build(item[:3]).save(path)
    index.save(path)
    loaded = ItemIndex.load(str(path))
    assert [file.name for file in tmp_path.iterdir()] == ["items.faiss"]
    assert (loaded.kind, loaded.num_items, loaded.channels) == (kind, 500, 8)
    for one, other in zip(index.search(user, 20), loaded.search(user, 20), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("step", ["faiss.write_index", "os.replace"])
def test_a_failed_save_leaves_the_old_file(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "items.faiss"
    ItemIndex.build(torch.ones(3, 2)).save(path)

    def fail(_: object, file: str | Path) -> None:
        if step == "faiss.write_index":
            Path(file).write_text("half")
        raise RuntimeError("disk full")

    monkeypatch.setattr(step, fail)
    with pytest.raises(OSError, match=f"disk full: '{path}'"):
        ItemIndex.build(torch.ones(4, 2)).save(path)
    assert [file.name for file in tmp_path.iterdir()] == ["items.faiss"]
    assert ItemIndex.load(path).num_items == 3


def test_other_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with pytest.raises(FileNotFoundError, match=r"'path' needs to be a saved index"):
        ItemIndex.load(path)
    ItemIndex.build(torch.ones(30, 2)).save(path)
    truncated = path.read_bytes()[:-9]
    message = r"'path' needs to be an index that 'ItemIndex.save' wrote \(got .*file\)"
    for content in (b"", b"no index", truncated, b"IxFI" + b"\xff" * 99):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=message):
            ItemIndex.load(path)
    for other in (faiss.IndexFlatL2(2), faiss.IndexHNSWFlat(2, 4)):
        faiss.write_index(other, str(path))
        with pytest.raises(ValueError, match=message):
            ItemIndex.load(path)
    with pytest.raises(ValueError, match=r"'path' needs to be an index"):
        ItemIndex.load(tmp_path)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "pq"},
            r"'kind' needs to be one of \['flat', 'ivf', 'hnsw'\] "
            r"\(got 'pq'\)",
        ),
        ({"num_lists": 0}, r"'num_lists' needs to be in \[1, 6\] \(got 0\)"),
        ({"num_lists": 7}, r"'num_lists' needs to be in \[1, 6\] \(got 7\)"),
        ({"num_lists": 3, "num_probes": 4}, r"'num_probes' needs to be in \[1, 3\]"),
        ({"num_lists": 3, "num_probes": 0}, r"'num_probes' .* \(got 0\)"),
        ({"num_links": 1}, r"'num_links' needs to be at least 2 \(got 1\)"),
        ({"ef_search": 0}, r"'ef_search' needs to be at least 1 \(got 0\)"),
    ],
)
def test_build_checks_its_options(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ItemIndex.build(torch.ones(6, 2), **options)


@pytest.mark.parametrize("shape", [(4,), (0, 3), (3, 0), (2, 2, 2)])
def test_build_checks_the_shape(shape: tuple[int, ...]) -> None:
    message = r"'item_factor' needs the shape \[num_items, channels\]"
    with pytest.raises(ValueError, match=message):
        ItemIndex.build(torch.ones(shape))


def test_search_and_recall_check_their_arguments() -> None:
    index = ItemIndex.build(torch.ones(6, 2))
    user, seen = torch.ones(3, 2), as_csr(torch.ones(3, 5))
    with pytest.raises(ValueError, match=r"'k' needs to be at least 1 \(got 0\)"):
        index.search(user[:0], 0)
    message = r"'user_factor' needs the shape \[3, 2\] \(got \[3, 4\]\)"
    with pytest.raises(ValueError, match=message):
        index.search(torch.ones(3, 4), 1)
    with pytest.raises(
        ValueError, match=r"'seen' needs the shape \[3, 6\] \(got \[3, 5"
    ):
        index.search(user, 1, seen)
    message = r"'item_factor' needs the shape \[6, 2\] \(got \[5, 2\]\)"
    with pytest.raises(ValueError, match=message):
        index.recall(user, torch.ones(5, 2), 1)


def test_faiss_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    message = r"'faiss' needs to be installed .*: pip install 'tvdiff_pyg\[faiss\]'"
    with pytest.raises(ImportError, match=message):
        ItemIndex.build(torch.ones(2, 2))
    with pytest.raises(ImportError, match=message):
        ItemIndex.load("anything")


def recommender(num_items: int = 30, channels: int = 6) -> Recommender:
    matrix = random_matrix(12, num_items, density=0.3)
    matrix[0] = 1
    graph = BipartiteGraph.from_edge_index(pairs_of(matrix), 12, num_items)
    torch.manual_seed(0)
    return Recommender(tvdiff(12, num_items, hidden_channels=channels), graph)


@pytest.mark.parametrize("filter_seen", [True, False])
@pytest.mark.parametrize("asked", [list(range(12)), [[1, 2], [3], list(range(30))]])
def test_recommending_through_a_flat_index(asked: Any, filter_seen: bool) -> None:
    one = recommender()
    exact = one.recommend(asked, 5, filter_seen)
    found = one.recommend(asked, 5, filter_seen, index=one.index())
    assert found.items == exact.items
    for scores, expected in zip(found.scores, exact.scores, strict=True):
        assert scores == pytest.approx(expected, abs=1e-6)


def test_recommending_asks_the_index() -> None:
    one = recommender()
    index = one.index("ivf", num_lists=30, num_probes=1)
    assert (index.kind, index._index.nlist) == ("ivf", 30)
    other = ItemIndex.build(-one.scorer.item_factor)
    worst = one.recommend([3], 30, filter_seen=False).items[0][::-1]
    assert one.recommend([3], 30, filter_seen=False, index=other).items[0] == worst


@pytest.mark.parametrize("size", [(29, 6), (30, 5)])
def test_the_index_is_of_this_models_items(size: tuple[int, int]) -> None:
    message = (
        r"'index' needs 30 items of 6 channels, as the model has "
        rf"\(got {size[0]} of {size[1]}\)"
    )
    with pytest.raises(ValueError, match=message):
        recommender().recommend([1], index=ItemIndex.build(torch.ones(size)))

"""The page of runs: what it tells is what the runs say, whatever the titles hold."""

import math
import re
from itertools import chain
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.explore.shop import FAR, HOSTILE, QUIET, RUNS, Page, shop_of
from tvdiff_pyg import fit
from tvdiff_pyg.cli import main
from tvdiff_pyg.explore import explore, shelf
from tvdiff_pyg.explore.curves import curves_of
from tvdiff_pyg.recommend import Recommender
from tvdiff_pyg.training import RunFolder

MODELS = ["tvdiff", "ease", "bpr-mf", "tvdiff"]


def ids(page: Page, places: list[int]) -> list[int]:
    return [int(page.content["items"][place][0]) for place in places]


@pytest.mark.parametrize("number", range(4))
def test_lists_and_reasons_are_those_of_the_run(
    page: Page, runs: list[str], number: int
) -> None:
    recommender, told = Recommender.load(runs[number]), page.content["runs"][number]
    explain = MODELS[number] != "bpr-mf"
    assert (told["name"], told["model"]) == (runs[number], MODELS[number])
    assert (told["unexplained"] is None) == explain
    for user, row in zip(page.content["users"], told["lists"], strict=True):
        found = recommender.recommend([user["id"]], k=5, explain=explain)
        assert ids(page, row["items"]) == found.items[0]
        assert row["scores"] == pytest.approx(found.scores[0], rel=1e-5)
        if not explain:
            assert row["because"] is None
            continue
        assert found.reasons is not None
        for because, expected in zip(row["because"], found.reasons[0], strict=True):
            largest = [*expected.items()][:5]
            assert ids(page, [place for place, _ in because]) == [i for i, _ in largest]
            shares = [share for _, share in because]
            assert shares == pytest.approx([share for _, share in largest], rel=1e-5)


def test_users_have_what_they_had(page: Page) -> None:
    graph = shop_of()
    degree = graph.train_index[0].bincount(minlength=graph.num_users)
    shown = []
    for user in page.content["users"]:
        [index] = graph.user_ids.index([user["id"]]).tolist()
        shown.append(int(degree[index]))
        for places, part in zip(
            user["met"], ("train", "validation", "test"), strict=True
        ):
            pairs = getattr(graph, f"{part}_index")
            item = pairs[1, pairs[0] == index]
            assert sorted(ids(page, places)) == sorted(graph.item_ids.ids(item))
    assert len(shown) == 12 and shown == sorted(shown, reverse=True)


def test_items_have_titles_and_popularity(page: Page) -> None:
    graph = shop_of()
    count = graph.train_index[1].bincount(minlength=graph.num_items)
    for name, title, popularity in page.content["items"]:
        place = int(name) - FAR
        expected = HOSTILE[place] if place < len(HOSTILE) else f"Title {place}"
        [index] = graph.item_ids.index([int(name)]).tolist()
        assert (title, popularity) == (expected, int(count[index]))


def test_popularity_and_novelty_are_means_over_a_list(page: Page) -> None:
    row = page.content["runs"][0]["lists"][3]
    counts = [page.content["items"][place][2] for place in row["items"]]
    bits = [-math.log2(count / 40) for count in counts]
    assert row["popularity"] == pytest.approx(sum(counts) / 5, abs=0.01)
    assert row["novelty"] == pytest.approx(sum(bits) / 5, abs=0.001)


def test_hostile_titles_add_nothing_to_the_page(page: Page) -> None:
    assert page.tags.count("script") == 2 and "img" not in page.tags
    assert not [name for name, _ in page.attributes if name.startswith("on")]
    script = page.text.split('id="content">')[1].split("</script>")[0]
    assert not set("<>&'") & set(script)


def test_nothing_is_loaded_from_elsewhere(page: Page) -> None:
    links = [value for name, value in page.attributes if name in ("href", "src")]
    assert links and all(value and value.startswith("#") for value in links)
    assert "default-src 'none'" in page.text
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", page.text)
    assert not re.search(r"https?://|url\(|@import|innerHTML", code)


def test_runs_differ_where_their_lists_do(page: Page) -> None:
    told, lists = page.content["differences"], page.content["runs"]
    first, second = (
        [set(row["items"]) for row in lists[run]["lists"]] for run in (0, 1)
    )
    shares = [len(a & b) / len(a | b) for a, b in zip(first, second, strict=True)]
    assert told["overlap"][0][1] == pytest.approx(sum(shares) / 12, abs=1e-4)
    assert [row[run] for run, row in enumerate(told["overlap"])] == [1.0] * 4
    user, least = told["users"][0]
    every = [set(run["lists"][user]["items"]) for run in lists]
    assert least == pytest.approx(
        len(set.intersection(*every)) / len(set.union(*every)), abs=1e-4
    )
    for item, *counts in told["items"]:
        assert counts == [
            sum(item in row["items"] for row in run["lists"]) for run in lists
        ]


def test_the_map_is_made_of_principal_components(page: Page, runs: list[str]) -> None:
    told = page.content["runs"][0]["map"]
    recommender = Recommender.load(runs[0])
    index = recommender.graph.item_ids.index(ids(page, [*range(30)]))
    factor = recommender.scorer.factors.item_factor[index].double()  # type: ignore[union-attr]
    left, value, _ = torch.linalg.svd(factor - factor.mean(0), full_matrices=False)
    assert told["shares"] == pytest.approx(
        (value**2 / (value**2).sum())[:2].tolist(), abs=1e-4
    )
    for axis, name in enumerate("xy"):
        place = torch.tensor(told[name], dtype=torch.double)
        both = torch.stack([place, left[:, axis]])
        assert abs(torch.corrcoef(both)[0, 1].item()) > 0.9999
    assert page.content["runs"][1]["map"] is None


def test_curves_are_those_of_the_logs(page: Page, runs: list[str]) -> None:
    tvdiff, ease, *_ = (run["curves"] for run in page.content["runs"])
    assert ease == {}
    assert [epoch for epoch, _ in tvdiff["loss"]] == [1, 2]
    assert {"validation/recall@20", "validation/ndcg@20"} <= set(tvdiff)
    best = max(value for _, value in tvdiff["validation/ndcg@20"])
    told = page.content["runs"][0]["validation"]["ndcg@20"]
    assert best == pytest.approx(told, abs=1e-6)


def test_items_that_are_near_are_those_that_are_alike(
    page: Page, runs: list[str]
) -> None:
    told = page.content["runs"][2]["typed"]
    found = Recommender.load(runs[2]).similar_items(ids(page, [4]), k=12)
    positive = [score for score in found.scores[0] if score > 0]
    assert ids(page, told["near"][4]) == found.ids[0][: len(positive)]
    assert told["cosine"][4] == pytest.approx(positive, abs=1e-3)
    assert page.content["runs"][1]["typed"] == {"kind": "none"}


def test_of_a_large_catalogue_the_popular_and_the_mentioned_are_kept(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("jinja2")
    monkeypatch.setattr(shelf, "MOST_ITEMS", 3)
    explore(runs[:1], tmp_path / "page.html", ["user 3"], k=1)
    content = Page(tmp_path / "page.html").content
    [user], [run] = content["users"], content["runs"]
    mentioned = {*chain(*user["met"]), *run["lists"][0]["items"]}
    assert mentioned | {0, 1, 2} == {*range(len(content["items"]))}
    assert len(content["items"]) < 30
    found = Recommender.load(runs[0]).recommend(["user 3"], k=1)
    assert [int(content["items"][run["lists"][0]["items"][0]][0])] == found.items[0]


def test_the_command_writes_it(
    runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("jinja2")
    out = tmp_path / "page.html"
    out.write_text("old")
    options = ["--users", 'user 3,"user 4"', "-k", "2", "--device", "cpu"]
    assert main(["explore", *runs[:2], "--out", str(out), *options]) == 0
    assert capsys.readouterr().out == f"page: {out}\n"
    assert [user["id"] for user in Page(out).content["users"]] == ["user 3", "user 4"]
    assert [*tmp_path.iterdir()] == [out]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"k": 0}, r"'k' needs to be in \[1, 100\] \(got 0\)"),
        ({"num_users": 1001}, r"'num_users' needs to be in \[1, 1000\] \(got 1001\)"),
        ({"users": ["nobody"]}, "'user' id 'nobody'"),
        ({"users": []}, "'users' needs at least one"),
        ({"users": "user 3"}, "'users' needs a list"),
        ({"runs": []}, r"'runs' needs a list of run folders \(got \[\]\)"),
        ({"runs": "run"}, r"'runs' needs a list of run folders \(got 'run'\)"),
    ],
)
def test_what_cannot_be_shown_is_refused(
    changed: dict[str, Any], message: str, runs: list[str], tmp_path: Path
) -> None:
    out = tmp_path / "page.html"
    out.write_text("old")
    with pytest.raises(ValueError, match=message):
        explore(**{"runs": runs[:1], "out": out, **changed})
    assert out.read_text() == "old"


def test_too_many_users_are_refused(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.explore.write.MOST_USERS", 2)
    users = ["user 1", "user 2", "user 3"]
    with pytest.raises(ValueError, match=r"'users' needs at most 2 users \(got 3\)"):
        explore(runs[:1], tmp_path / "page.html", users, num_users=1)


@pytest.mark.parametrize(
    ("other", "message"), [((1, 40), "interactions"), ((0, 41), "users")]
)
def test_runs_on_other_data_are_refused(
    other: tuple[int, int], message: str, runs: list[str], tmp_path: Path
) -> None:
    fit(shop_of(*other), RUNS["ease"], run=tmp_path / "other", options=QUIET)
    with pytest.raises(ValueError, match=f"which differ in their {message}"):
        explore([runs[0], tmp_path / "other"], tmp_path / "page.html")


def test_a_missing_package_is_named(
    runs: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tvdiff_pyg.machine.find_spec", lambda name: None)
    with pytest.raises(
        ImportError, match=r"needs jinja2 \(pip install 'tvdiff_pyg\[ex"
    ):
        explore(runs, tmp_path / "page.html")


def test_a_run_without_logs_has_no_curves(runs: list[str], tmp_path: Path) -> None:
    assert curves_of(RunFolder(tmp_path)) == {}
    for version, rows in ((2, "0,1.5\n1,nan\n"), (10, "1,0.5\n1,\n,3\n")):
        file = tmp_path / "logs" / f"version_{version}" / "metrics.csv"
        file.parent.mkdir(parents=True)
        file.write_text(f"epoch,loss\n{rows}")
    assert curves_of(RunFolder(tmp_path)) == {"loss": [(1, 1.5), (2, 0.5)]}

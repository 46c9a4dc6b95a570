"""The page of runs in a real browser, by keyboard alone, on wide and narrow screens."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.accessible import assert_accessible
from tests.browser import browser
from tests.explore.shop import FAR, HOSTILE, RUNS, Page
from tvdiff_pyg.recommend import Recommender

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as started:
        yield started


@pytest.fixture(params=[1280, 390])
def view(
    request: pytest.FixtureRequest, chromium: Any, page_file: Path
) -> Iterator[Any]:
    """Open the page; nothing may be said, loaded or thrown."""
    scheme = "dark" if request.param == 390 else "light"
    size = {"width": request.param, "height": 800}
    context = chromium.new_context(viewport=size, color_scheme=scheme)
    context.set_default_timeout(5000)
    said: list[str] = []
    opened = context.new_page()
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda asked: said.append(asked.url))
    opened.goto(page_file.as_uri())
    yield opened
    assert said == [page_file.as_uri()]
    assert opened.evaluate("window.hurt") is None
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert opened.evaluate(wide) == 0
    context.close()


def text_of(row: list[Any]) -> str:
    """Return what a browser shows of an item."""
    return " ".join((row[1] or row[0]).replace("\0", "").split())


def shown(view: Any, where: str) -> list[str]:
    titles = view.locator(f"{where} .row bdi").all_text_contents()
    return [" ".join(title.replace("\0", "").split()) for title in titles]


def test_the_page_is_accessible(view: Any) -> None:
    view.locator("summary").evaluate_all("all => all.forEach(one => one.click())")
    assert_accessible(view)


def test_a_user_is_chosen_by_keyboard(view: Any, page: Page) -> None:
    content = page.content
    view.locator("#choose-user").focus()
    view.keyboard.press("Home")
    view.keyboard.press("ArrowDown")
    view.keyboard.press("Tab")
    view.keyboard.press("Tab")
    view.keyboard.press("Enter")  # on "Next"
    assert view.locator("#choose-user").evaluate("one => one.selectedIndex") == 2
    for number, run in enumerate(content["runs"]):
        places = run["lists"][2]["items"]
        expected = [text_of(content["items"][place]) for place in places]
        assert shown(view, f"#user-lists article:nth-child({number + 1})") == expected
    view.locator("#user-lists summary").first.focus()
    view.keyboard.press("Enter")
    [place, _] = content["runs"][0]["lists"][2]["because"][0][0]
    reason = view.locator("#user-lists details[open] li bdi").first
    assert " ".join(reason.text_content().split()) == text_of(content["items"][place])


def test_a_history_is_typed_by_keyboard(view: Any, page: Page, runs: list[str]) -> None:
    view.locator("#typed-find input").focus()
    for words in (str(FAR + 20), "title 2", "title 21"):
        view.keyboard.type(words)
        view.keyboard.press("Enter")
    chips = view.locator("#typed-history bdi").all_text_contents()
    assert chips[0] == "Title 20" and len(chips) == len(set(chips))
    items = [FAR + int(chip.removeprefix("Title ")) for chip in chips]
    near = Recommender.load(runs[0]).similar_items(items, k=12)
    sums: dict[Any, float] = {}
    for row, scores in zip(near.ids, near.scores, strict=True):
        for item, score in zip(row, scores, strict=True):
            if score > 0 and item not in items:
                sums[item] = sums.get(item, 0) + score
    best = max(sums, key=sums.__getitem__)
    [expected] = [row for row in page.content["items"] if int(row[0]) == best]
    assert shown(view, "#typed-lists article:nth-child(1)")[0] == text_of(expected)
    command = view.locator("#typed-lists article:nth-child(2) code").text_content()
    assert command == f"tvdiff recommend {runs[1]} --items={','.join(map(str, items))}"
    view.keyboard.press("Tab")
    view.keyboard.press("Enter")  # takes the first item out again
    assert view.locator("#typed-history bdi").all_text_contents() == chips[1:]


def test_hostile_titles_are_shown_as_they_are(view: Any) -> None:
    for title in HOSTILE[:6]:
        view.locator("#map-parts input").fill(title)
        view.locator("#map-parts .found button").first.click()
        said = view.locator("#map-figure bdi").text_content()
        assert said == title


def test_all_parts_are_drawn(view: Any) -> None:
    assert view.locator("#run-table tbody tr").count() == len(RUNS) + 1
    assert view.locator("#curve-parts > .charts polyline").count() > 0
    assert view.locator("#map-parts circle.point").count() == 30
    view.locator("#map-parts select").select_option("2")
    assert view.locator("#map-parts polygon.best.run-2").count() == 5
    view.locator("#difference-parts button").first.click()
    focused = view.evaluate("document.activeElement.id")
    assert focused == "choose-user"


def test_everything_is_reached_by_tabbing(view: Any) -> None:
    every = "a, button:enabled, input, select, summary, [tabindex='0']"
    reachable = view.locator(every).evaluate_all(
        "all => all.filter(one => one.checkVisibility()).length"
    )
    view.evaluate(
        "window.reached = new Set(); document.addEventListener("
        "'focusin', event => reached.add(event.target))"
    )
    for _ in range(reachable + 1):
        view.keyboard.press("Tab")
    assert view.evaluate("reached.size") == reachable

"""Which columns hold users and items, told from their names."""

import logging
from typing import Any

import pandas as pd
import pytest

from tvdiff_pyg.data import from_dataframe
from tvdiff_pyg.data.roles import find_columns, quoted


def sides(header: str, **given: Any) -> tuple[str, str]:
    names = header.split(",")
    places = find_columns(names, {"user": None, "item": None, **given})
    return names[places["user"]], names[places["item"]]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("user,item", "user item"),
        ("item,user", "user item"),
        (",user,item", "user item"),
        ("book_id,user_id,rating", "user_id book_id"),
        ("userID:token,itemID:token,rating:float", "userID:token itemID:token"),
        ("InvoiceNo,StockCode,InvoiceDate,CustomerID", "CustomerID StockCode"),
        ("timestamp,visitorid,event,itemid", "visitorid itemid"),
        ("t_dat,customer_id,article_id,price", "customer_id article_id"),
        ("overall,reviewerID,asin,unixReviewTime", "reviewerID asin"),
        ("rating,title,asin,parent_asin,user_id", "user_id parent_asin"),
        ("User-ID,ISBN,Book-Title,Book-Rating", "User-ID ISBN"),
        ("users,artist-mbid,artist-name,plays", "users artist-mbid"),
        ("review_id,user_id,business_id,stars", "user_id business_id"),
        # A real user beats a session, an id a name, an item a product.
        ("session_id,item_id,user_id", "user_id item_id"),
        ("session,article", "session article"),
        ("user_name,user_id,item", "user_id item"),
        ("product_id,item_id,user", "user item_id"),
        # Names that say nothing stand where they usually do, beside what is neither.
        ("a,b,c", "a b"),
        (",0,1,2", "0 1"),
        ("Unnamed: 0,a,b", "a b"),
        ("rating,a,b", "a b"),
        ("uid,sid", "uid sid"),
        ("sku,shopper,rating", "shopper sku"),
        ("title,thing,rating", "thing title"),
    ],
)
def test_sides_are_found_by_name(header: str, expected: str) -> None:
    assert " ".join(sides(header)) == expected


def test_given_columns_win() -> None:
    assert sides("user,item,track", item="track") == ("user", "track")
    assert sides("user,item", user="item", item="user") == ("item", "user")
    assert sides("user_id:token,item_id:token", user="user_id")[0] == "user_id:token"
    # What is asked for as something else is not taken for a side.
    assert sides("a,b,c", rating=0) == ("b", "c")


@pytest.mark.parametrize(
    ("header", "given", "message"),
    [
        ("user,track,artist", {}, r"'item' \(--item-column\) needs .*\['track', 'art"),
        ("user_id,userId,item", {}, r"'user' \(--user-column\) .*\['user_id', 'userI"),
        ("item_id,item_id,user", {}, r"'item' \(--item-column\) needs to say which"),
        ("a,b,user_id", {}, r"'item' .* needs .* \(got the columns \['a', 'b', 'user"),
        ("rating,timestamp,item", {}, r"'user' .* needs to say which column holds"),
        ("user", {}, r"'item' .* needs to say which column holds the items"),
        (
            "user,item",
            {"user": "item", "item": 1},
            r"need to be different columns \(got 'item' for both\)",
        ),
        ("user,item", {"item": "user"}, r"'user' .* needs to say which column"),
        ("user,item,title", {"title": "item"}, r"'item' .* \(got 'item' for 'title'\)"),
        ("user,movie,name", {"title": 1}, r"'item' .* \(got 'movie' for 'title'\)"),
        ("a,a,b", {"user": "a"}, r"'user' needs a column number, as columns \[0, 1\]"),
    ],
)
def test_what_cannot_be_told_is_refused(
    header: str, given: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        sides(header, **given)


def test_frames_say_what_was_taken(caplog: pytest.LogCaptureFixture) -> None:
    frame = pd.DataFrame({"stars": [4, 5], "movieId": [7, 8], "who": ["a", "b"]})
    with caplog.at_level(logging.INFO, logger="tvdiff_pyg"):
        graph = from_dataframe(frame, test_ratio=0, validation_ratio=0)
    assert graph.user_ids.ids() == ["a", "b"] and graph.item_ids.ids() == [7, 8]
    assert 'users from column 2, "who"; items from column 1, "movieId"' in caplog.text


def test_names_are_shown_without_control_characters() -> None:
    assert quoted("é\x1b[31m\x9b\u202e") == r'"é\x1b[31m\x9b\u202e"'

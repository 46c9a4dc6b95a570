"""What people call the columns of interactions."""

import re
from typing import NamedTuple

_TYPE = re.compile(r":(?:token|float)(?:_seq)?$")


class Meaning(NamedTuple):
    """What a name says: the surer, the lower. Names of one tier and noun are alike."""

    tier: int
    noun: str
    suffix: int


# What may follow a noun, the best first: the id of a thing is better than its name.
_SUFFIXES = (
    "id ids key no nr num number code hash uuid mbid idx index nummer numero número "
    "номер 编号 編號 番号 번호",
    " s",
    "name names title titles",
)

# Nouns of either side, the surest tier first: a user is better than a session. Which of
# two in one tier is meant, nobody can tell.
_NOUNS = {
    "user": (
        "user usr u nutzer benutzer gebruiker användare użytkownik utilisateur usuario "
        "usuário utente kullanıcı пользователь "
        "bruger brukere bruker käyttäjä uživatel používateľ felhasználó utilizator "
        "χρήστης משתמש pengguna 用户 用戶 使用者 ユーザー ユーザ 사용자",
        "reviewer visitor customer cust client member account buyer shopper person "
        "reader listener viewer player patron borrower subscriber consumer learner "
        "student patient household rater who email login kunde kunden käufer leser "
        "klant klient cliente lecteur lector acheteur comprador mitglied kund клиент "
        "покупатель читатель 顾客 顧客 客户 会员 会員 고객",
        "session sess visit cookie device",
    ),
    "item": (
        "item itm i artikel artículo articulo "
        "vara vare tuote položka termék produs προϊόν פריט produk 物品 アイテム 아이템",
        "parentasin",  # A product in all its colours and sizes; "asin" is one of them.
        "movie film book product prod stock asin article track tra song artist album "
        "business biz venue poi place location restaurant recipe game app news video "
        "show anime course job listing hotel offer post story page produkt produit "
        "producto produto prodotto buch livre libro livro книга película фильм товар "
        "продукт 商品 产品 產品 製品 书 图书 电影 電影 映画 상품 제품 영화",
        "isbn sku ean upc url",
        "title what",
    ),
}
TITLES = 4  # The tier of all titles: any other column of items is better.
_MEANINGS = {
    side: {
        noun + suffix: Meaning(
            TITLES if side == "item" and better == 2 else tier, noun, better
        )
        for tier, nouns in enumerate(tiers)
        for noun in nouns.split()
        for better, suffixes in enumerate(_SUFFIXES)
        for suffix in suffixes.split(" ")
    }
    | {
        # As in French and Spanish: id_client.
        f"id{noun}": Meaning(tier, noun, 0)
        for tier, nouns in enumerate(tiers)
        for noun in nouns.split()
        if len(noun) > 1
    }
    for side, tiers in _NOUNS.items()
}

#: A pattern of how names of users are written; of other words, there are few.
USER_NAMES = (
    "(?i)^(?:{word}[.])?{gap}(?:id)?{gap}(?:{nouns}){gap}(?:{suffixes})?{end}$".format(
        word=r"\w+",
        gap=r"[\s_.-]*",
        nouns="|".join(
            sorted({noun for one in _NOUNS["user"] for noun in one.split()})
        ),
        suffixes="|".join(sorted({one for some in _SUFFIXES for one in some.split()})),
        end=r"(?::token)?",
    )
)

# What is beside users and items: it is taken for neither, unless somebody says so.
_OTHER = re.compile(
    r"|(?:unnamed|indexlevel|level)\d*|row(?:id|names?|numbers?)?|(?:row)?(?:index|idx)"
    r"|.*(?:rating|score|times?|date|datetime|timestamp|count|cnt|price|quantity|text"
    r"|position|length|duration|size)s?"
    r"|stars?|overall|preference|plays?|weight|value|qty|amount|sales|revenue|total"
    r"|day|ts|when|tdat|year|month|hour|createdat|updatedat|timeframe"
    r"|event|eventtype|action|actiontype|behaviou?r|type|label|clicks?|purchased?"
    r"|review|reviewid|summary|comments?|helpful|votes?|verified.*|images?"
    r"|tags?|category|categoryid|categories|genres?|description|country|city"
    r"|lat|lon|latitude|longitude|step|position|rank|split|fold"
    r"|bewertung|note|nota|datum|zeit|zeitstempel|anzahl|menge|preis|kategorie"
    r"|fecha|hora|valor|precio|heure|prix|quantité|оценка|рейтинг|дата|время"
    r"|评分|評分|评价|評価|时间|時間|日期|日時|数量|价格|価格|평점|날짜|시간"
)


def meaning(name: str, side: str) -> Meaning | None:
    """Returns how surely a column's name means users or items.

    Args:
        name: The name; case and punctuation do not matter.
        side: ``"user"`` or ``"item"``.

    Returns:
        What it says, or ``None`` if it does not mean this side.

    Example:
        >>> meaning("userId", "user")
        Meaning(tier=0, noun='user', suffix=0)
        >>> meaning("SESSION", "user").tier, meaning("rating", "user")
        (2, None)
    """
    said = _MEANINGS[side].get(plain(name))
    # Data bases put the table before it: ratings.user_id.
    return said or _MEANINGS[side].get(plain(without_type(name).rpartition(".")[2]))


def is_other(name: str) -> bool:
    """Returns whether a name is that of a rating, a time, a row number or the like."""
    return _OTHER.fullmatch(plain(name)) is not None


def is_known(name: str) -> bool:
    """Returns whether a column of interactions often has this name."""
    return bool(plain(name)) and (is_other(name) or bool(_meanings(name)))


def is_sure(name: str) -> bool:
    """Returns whether a name is hardly anything but a column's, as ``"movieId"`` is."""
    sure = any(one.tier == 0 or one.suffix == 0 for one in _meanings(name))
    return sure and len(plain(name)) > 2


def _meanings(name: str) -> list[Meaning]:
    return [one for side in _NOUNS if (one := meaning(name, side)) is not None]


def without_type(name: str) -> str:
    """Returns a name without the type that RecBole's files add to it.

    Example:
        >>> without_type("user_id:token")
        'user_id'
    """
    return _TYPE.sub("", name)


def plain(name: str) -> str:
    """Returns a name without case, punctuation, spaces and type.

    Example:
        >>> plain("User_ID:token")
        'userid'
    """
    # What is no letter elsewhere, such as a picture, is no punctuation.
    return re.sub(r"[\s!-/:-@\[-`{-~]", "", without_type(name).lower())

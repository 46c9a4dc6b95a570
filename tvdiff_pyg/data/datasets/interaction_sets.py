"""Published data sets of other kinds, dense and sparse, of files that are placed."""

from tvdiff_pyg.data.bipartite_dataset import register_dataset
from tvdiff_pyg.data.datasets.published_interactions import PublishedInteractions


@register_dataset("ml-100k")
class MovieLens100K(PublishedInteractions):
    """MovieLens 100K: 943 users' 100,000 ratings of 1,682 films, with times.

    See :class:`~tvdiff_pyg.data.datasets.PublishedInteractions` for the arguments.
    """

    folder_name = "ml-100k"
    content = "the lines of u.data in GroupLens's ml-100k: user, item, rating, time"
    rating = 2
    timestamp = 3
    checksum = "50895172a83d02aa1c2ad9f923c474bbd4f06214a0e27364f01d5daf6a3f1fc5"


@register_dataset("anime-5k-history")
class AnimeHistory(PublishedInteractions):
    """A sample of MyAnimeList: what 5,000 users have seen, 520,609 pairs with 7,390
    series.

    See :class:`~tvdiff_pyg.data.datasets.PublishedInteractions` for the arguments.
    """

    folder_name = "anime-5k-history"
    content = "a user, a tab and a series per line: 5,000 histories of MyAnimeList"
    checksum = "4baf3ad1abb0cd766dcae539386577d49b27f8825b07fc69e0a3e281f6561a22"


@register_dataset("citeulike-a")
class CiteULikeA(PublishedInteractions):
    """CiteULike-a: 5,551 users' libraries, 204,986 pairs with 16,980 articles.

    The data of collaborative topic regression.

    See :class:`~tvdiff_pyg.data.datasets.PublishedInteractions` for the arguments.
    """

    folder_name = "citeulike-a"
    content = "a user, a tab and an article per line: the pairs of its users.dat"
    checksum = "aa5b4cad6056000f85ce36ecfd3490df82a4b23f3fd4182d981b93899fe40791"


@register_dataset("steam-200k-play")
class SteamPlay(PublishedInteractions):
    """Steam: the hours that 11,350 users played 3,600 games, 70,477 pairs.

    Hours are the ratings: ``min_rating=1`` leaves out what was played for less than
    an hour. Of the 12 pairs that stand there twice, the last row counts.

    See :class:`~tvdiff_pyg.data.datasets.PublishedInteractions` for the arguments.
    """

    folder_name = "steam-200k-play"
    content = "user, game and hours played, parted by tabs: the 'play' rows of Steam"
    rating = 2
    checksum = "f02ab6da35bf1d1d63582110797880544ea2035f2fe765ae642e0b131dda1068"

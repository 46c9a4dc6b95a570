"""Benchmarks in splits that are published elsewhere, of files that are placed."""

from tvdiff_pyg.data.bipartite_dataset import register_dataset
from tvdiff_pyg.data.datasets.published_split import PublishedSplit

_LINES = "a user, a tab and an item per line"


@register_dataset("yelp2018")
class Yelp2018(PublishedSplit):
    """Yelp2018: 31,668 users, 38,048 businesses, 1,237,259 training and 324,147 test
    pairs, in the split of LightGCN.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "yelp2018"
    content = f"{_LINES}: the split that the repository of LightGCN holds"
    checksums = (
        "a361f5b2462b1278cd81c33cfe8428b92927cf063bd491dbf7dc6af49a7e93d8",
        "09b7a3a5bd28d10715cd4728c7353e8bcdf8bc9719717c8a36affbb70dfb542f",
    )


@register_dataset("douban-book")
class DoubanBook(PublishedSplit):
    """Douban-Book: 12,833 users, 22,347 books, 633,649 training pairs, in a public
    random 80/20 split of all ratings.

    It is another split than the paper's, whose training part keeps ratings of 4 and 5
    alone: figures do not compare with the published ones. Of 158,413 test pairs, those
    of users or books without a training pair are dropped.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "douban-book"
    content = f"{_LINES}: a random 80/20 split of all ratings, not the paper's"
    checksums = (
        "1c07dc8b39b88fefeb229cd0b7e0c6153029ef0e8484dc58de28af1b18a502f5",
        "5633d5e29171617931508d599190e03f6ea6c87c3fcf8f4f9748971e37b5d1dc",
    )


@register_dataset("amazon-book-kgat")
class AmazonBookKGAT(PublishedSplit):
    """Amazon-Book: 70,679 users, 24,915 books, 652,514 training and 193,920 test pairs,
    in the split of KGAT.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "amazon-book-kgat"
    content = f"{_LINES}: the split of Amazon-Book that the repository of KGAT holds"
    checksums = (
        "b9b943e2836896171e60b5537f7d945baba7ffeebef6f2d45c9ee5e2b4ce32a5",
        "2077646ff86f79fb08136182b1dd0e1b1c1b4f7b731a87a0c3b57857e350c89f",
    )

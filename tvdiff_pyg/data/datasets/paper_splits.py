"""The benchmarks that the paper reports on, in its own splits."""

from tvdiff_pyg.data.bipartite_dataset import register_dataset
from tvdiff_pyg.data.datasets.downloaded_split import DownloadedSplit


@register_dataset("lastfm")
class LastFM(DownloadedSplit):
    """Last.fm: 1,887 users, 15,313 artists, 73,758 training and 16,141 test pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "lastfm"
    commit = "d8f686314a6a9743185a00c00707808e7a04259a"
    checksums = (
        "8b7a6715dc7edcd6a7a1d7bfe7206245c5001dbdd73804409cf5044af4dab813",
        "005ae1b39b5ce4f770e2375db1ae0350abb9d53f809c4e2781a2d6f2ebb3e0e7",
    )


@register_dataset("amazon-beauty")
class AmazonBeauty(DownloadedSplit):
    """Amazon-Beauty: 22,361 users, 12,100 products, 158,802 and 39,685 pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "amazon-beauty"
    commit = "948ecdfc6f974987452f672a41c698536e9bab33"
    checksums = (
        "fdb66ec599bc705d0d2617bb5cfbf724f0989b754c62d9079fa674a06b7c3374",
        "cf4fe95347cbdf9f8f92bbd34d4c5743a45c763593e1dd2fa79966465c1656a6",
    )


@register_dataset("gowalla")
class Gowalla(DownloadedSplit):
    """Gowalla: 29,858 users, 40,981 places, 821,896 training and 205,474 test pairs.

    See :class:`~tvdiff_pyg.data.datasets.PublishedSplit` for the arguments.
    """

    folder_name = "gowalla"
    commit = "7ea946e5020cb0ac92ef6d02df974bd1dbeaa11b"
    checksums = (
        "0e896ffc7b186f1981b26d9eb8cd2226a46928c545d818c37f0c6c59d0f6c39e",
        "8f0ce76dc8efee5cd19d3f5fcca67ce296603338fc7e53a9e7bb733da575ff01",
    )

"""Peers on a public split with their published settings, and as they are by default.

    python benchmarks/peers.py --root DIR [--only gf-cf turbo-cf]

Those without training are fitted to Yelp2018 under the protocol `paper`, as theirs is:
to all training pairs, nothing chosen. With `--by-default`, all are trained on LastFM
under `standard`, untuned.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from benchmark import Benchmark, Records, Table

from tvdiff_pyg.grid.tables import MISSING, markdown_table, print_number, print_seconds
from tvdiff_pyg.study import Cell
from tvdiff_pyg.training import Settings


class Published(NamedTuple):
    """What was published of a model.

    Attributes:
        settings: Its settings there.
        source: Where the settings, and the figures if any, are from.
        figures: Recall@20 and NDCG@20.
    """

    settings: Mapping[str, Any]
    source: str
    figures: tuple[float, float] | None = None


MYTH = "[Anelli et al., 2023](https://arxiv.org/abs/2308.00404)"
PEERS = {
    "gf-cf": Published(
        {"rank": 256, "alpha": 0.3},
        "[Shen et al., 2021](https://arxiv.org/abs/2108.07567)",
        (0.0697, 0.0571),
    ),
    "turbo-cf": Published(
        {"alpha": 0.6, "power": 1.0, "order": 2},
        "[Park et al., 2024](https://arxiv.org/abs/2404.14243)",
        (0.0693, 0.0574),
    ),
    "bspm": Published(
        {
            "rank": 384,
            "alpha": 0.3,
            "sharpening_time": 1.2,
            "sharpening_steps": 1,
            "solver": "euler",
            "merge": "early",
            "average": True,
        },
        "[Choi et al., 2023](https://arxiv.org/abs/2211.09324)",
        (0.0720, 0.0593),
    ),
    "rp3beta": Published(
        {
            "num_neighbors": 342,
            "alpha": 0.7681732734954694,
            "beta": 0.4181395996963926,
            "normalize": True,
        },
        MYTH,
    ),
    "user-knn": Published({"num_neighbors": 146}, MYTH),
    "item-knn": Published({"num_neighbors": 144}, MYTH),
}
# Of LastFM, what is trained with its defaults, beside models that the tables have.
LEARNED = (
    "simgcl",
    "xsimgcl",
    "direct-au",
    "simplex",
    "ultragcn",
    "lightgcn",
    "bpr-mf",
    "multi-vae",
    "diffrec",
    "l-diffrec",
    "giffcf",
)
BY_DEFAULT = (*LEARNED, "slim", "sansa", "scaled-ials", *PEERS)
# What training takes too long without, whatever the model.
QUICK = {"learning_rate": 3e-3, "check_every": 2, "patience": 5}
# Users in a batch, as published: in larger ones an epoch would be a single step.
BATCHES = {"l-diffrec": {"batch_size": 400}, "giffcf": {"batch_size": 100}}
PeerName = Literal[BY_DEFAULT]


def cells(
    only: Sequence[PeerName] = BY_DEFAULT, root: str = "data", by_default: bool = False
) -> list[Cell]:
    """Return a fit of each.

    Args:
        only: Models.
        root: Folder of the data sets.
        by_default: On LastFM with their defaults rather than as published.
    """
    if by_default:
        return [
            Cell("defaults", "lastfm", name, _default(name), root=root, device="cpu")
            for name in only
        ]
    return [
        Cell(
            "peers",
            "yelp2018",
            name,
            Settings(model=name, **PEERS[name].settings),
            protocol="paper",
            root=root,
            device="cpu",
        )
        for name in only
        if name in PEERS
    ]


def _default(name: str) -> Settings:
    quick = QUICK if name in LEARNED else {}
    return Settings(model=name, **quick, **BATCHES.get(name, {}))


def default_table(records: Records) -> str:
    """The models by their validation metric, best first."""
    header = ["Model", "Validation NDCG@20", "Recall@20", "NDCG@20", "Epochs"]

    def validation(record: dict[str, Any]) -> float:
        return record["metrics"]["validation"]["ndcg@20"]

    rows = [
        [
            record["variant"],
            print_number(validation(record)),
            print_number(record["metrics"]["test"]["recall@20"]),
            print_number(record["metrics"]["test"]["ndcg@20"]),
            str(record.get("epochs", MISSING)),
            print_seconds(record["seconds"]["fit"]),
        ]
        for record in sorted(records, key=validation, reverse=True)
    ]
    return markdown_table([[*header, "Training"], *rows])


def table(records: Records) -> str:
    """Each with the published figures beside its own."""
    header = ["Model", "Recall@20", "NDCG@20", "Published", "Recall@20 to it"]
    further = ["NDCG@20 to it", "Fitting", "Scoring", "Settings of"]
    order = list(PEERS)
    ordered = sorted(records, key=lambda one: order.index(one["variant"]))
    return markdown_table([[*header, *further], *map(_row, ordered)])


def _row(record: dict[str, Any]) -> list[str]:
    published = PEERS[record["variant"]]
    found = [record["metrics"]["test"][name] for name in ("recall@20", "ndcg@20")]
    apart, figures = [MISSING, MISSING], MISSING
    if published.figures is not None:
        pairs = zip(found, published.figures, strict=True)
        apart = [f"{own / other - 1:+.1%}" for own, other in pairs]
        figures = " / ".join(map(print_number, published.figures))
    return [
        record["variant"],
        *map(print_number, found),
        figures,
        *apart,
        *(print_seconds(record["seconds"][name]) for name in ("fit", "score")),
        published.source,
    ]


TABLES = {"peers": Table(table), "peer-defaults": Table(default_table, "defaults")}
BENCHMARK = Benchmark("peers", cells, TABLES)

if __name__ == "__main__":
    BENCHMARK.main()

"""Synthetic interactions of any size, with skewed degrees and planted communities."""

import os
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from tvdiff_pyg.data.bipartite_dataset import (
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.pairs import key_pairs
from tvdiff_pyg.data.splits import TEST, TRAIN, VALIDATION, random_split

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_MAX_DENSITY = 0.25
_MAX_ROUNDS = 100
_CHUNK = 10_000_000


@register_dataset("synthetic")
class SyntheticBipartite(BipartiteDataset):
    """Distinct random pairs with power-law degrees and planted communities.

    A pair's user is drawn by weight; its item by weight too, from the user's community,
    or with probability ``mixing`` from all items. ``data["user"].community`` and
    ``data["item"].community`` hold the planted communities. A user or item of small
    weight may be left without a pair.

    Args:
        num_users (int): The number of users.
        num_items (int): The number of items.
        num_interactions (int): The number of distinct pairs, all parts together; at
            most a quarter of all possible ones.
        num_communities (int): The number of communities, as equal in size as can be.
            (default: ``8``)
        exponent (float): The exponent of the degrees' power law, above 2: the lower,
            the more skewed. (default: ``2.5``)
        mixing (float): The share of pairs that ignore communities, in [0, 1].
            (default: ``0.1``)
        validation_ratio (float): The share of what is not test that is validation.
            (default: ``0.1``)
        test_ratio (float): The share that is test. (default: ``0.2``)
        seed (int): The seed. (default: ``0``)
        root (str, optional): The folder of the cache. Without one, nothing is written.
            (default: ``None``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)

    Raises:
        ValueError: If an argument is out of range.

    Example:
        >>> SyntheticBipartite(100, 80, 1000)[0].counts()["train"]
        720
    """

    reads = ("validation_ratio", "test_ratio")
    source = "a synthetic graph"

    def __init__(
        self,
        num_users: int,
        num_items: int,
        num_interactions: int,
        num_communities: int = 8,
        exponent: float = 2.5,
        mixing: float = 0.1,
        validation_ratio: float = 0.1,
        test_ratio: float = 0.2,
        seed: int = 0,
        root: str | os.PathLike[str] | None = None,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        force_reload: bool = False,
    ) -> None:
        sizes = dict(num_users=num_users, num_items=num_items)
        counts = dict(
            num_interactions=num_interactions, num_communities=num_communities
        )
        _check_types(Integral, "an integer", **sizes, **counts)
        _check_types(Real, "a number", exponent=exponent, mixing=mixing)
        _check_sizes(num_users, num_items, num_interactions, num_communities)
        if exponent <= 2:
            raise ValueError(f"'exponent' needs to be above 2 (got {exponent})")
        if not 0 <= mixing <= 1:
            raise ValueError(f"'mixing' needs to be in [0, 1] (got {mixing})")
        super().__init__(
            root,
            transform,
            pre_transform,
            force_reload,
            num_users=num_users,
            num_items=num_items,
            num_interactions=num_interactions,
            num_communities=num_communities,
            exponent=exponent,
            mixing=mixing,
            validation_ratio=validation_ratio,
            test_ratio=test_ratio,
            seed=seed,
        )

    def build(self) -> BipartiteGraph:
        """Draws the pairs and splits them at random."""
        args = self.settings
        size = args["num_users"], args["num_items"]
        sampler = _PairSampler(
            *size,
            args["num_communities"],
            args["exponent"],
            args["mixing"],
            np.random.default_rng(args["seed"]),
        )
        keys = _distinct(sampler, args["num_interactions"])
        labels = torch.from_numpy(
            random_split(
                keys.numel(), args["validation_ratio"], args["test_ratio"], args["seed"]
            )
        )
        train, validation, test = (
            key_pairs(keys[labels == part], size[1])
            for part in (TRAIN, VALIDATION, TEST)
        )
        graph = BipartiteGraph.from_edge_index(
            train, *size, validation_index=validation, test_index=test
        )
        graph["user"].community = torch.from_numpy(sampler.user_community)
        graph["item"].community = torch.from_numpy(sampler.item_community)
        return graph


class _PairSampler:
    # Draws by inverting cumulative weights. Items are lined up by community, so that
    # each community is one stretch of the line: an item of it is one uniform number.
    def __init__(
        self,
        num_users: int,
        num_items: int,
        num_communities: int,
        exponent: float,
        mixing: float,
        rng: np.random.Generator,
    ) -> None:
        self.num_items, self.mixing, self.rng = num_items, mixing, rng
        self.user_community = rng.permutation(np.arange(num_users) % num_communities)
        self.item_community = rng.permutation(np.arange(num_items) % num_communities)
        self.user_ends = np.cumsum(_weights(num_users, exponent, rng))
        self.line = np.argsort(self.item_community, kind="stable")
        self.item_ends = np.cumsum(_weights(num_items, exponent, rng)[self.line])
        sizes = np.bincount(self.item_community, minlength=num_communities)
        self.borders = np.append(0.0, self.item_ends[np.cumsum(sizes) - 1])

    def draw(self, num_pairs: int) -> Ints:
        users = _invert(self.user_ends, self.rng.random(num_pairs) * self.user_ends[-1])
        community = self.user_community[users]
        low, high = self.borders[community], self.borders[community + 1]
        anywhere = self.rng.random(num_pairs) < self.mixing
        low[anywhere], high[anywhere] = 0.0, self.item_ends[-1]
        place = low + self.rng.random(num_pairs) * (high - low)
        return users * self.num_items + self.line[_invert(self.item_ends, place)]


def _weights(size: int, exponent: float, rng: np.random.Generator) -> Floats:
    # Weights that fall like rank^(-1/(exponent-1)) give degrees with that exponent.
    ranks = np.arange(1, size + 1, dtype=np.float64)
    return rng.permutation(ranks ** (-1.0 / (exponent - 1.0)))


def _invert(ends: Floats, place: Floats) -> Ints:
    return np.searchsorted(ends, place, side="right").clip(max=len(ends) - 1)


def _distinct(sampler: _PairSampler, wanted: int) -> Tensor:
    # Drawing again what was drawn before is likely among the popular, so each round
    # draws as many as are missing, and a few more.
    keys = np.empty(0, dtype=np.int64)
    for _ in range(_MAX_ROUNDS):
        missing = wanted - len(keys)
        if missing <= 0:
            surplus = sampler.rng.choice(len(keys), -missing, replace=False)
            return torch.from_numpy(np.delete(keys, surplus))
        sizes = _chunks(missing + missing // 4 + 100)
        keys = np.unique(np.concatenate([keys, *map(sampler.draw, sizes)]))
    raise ValueError(
        f"'num_interactions' needs to leave room for distinct pairs (got {wanted}, "
        f"found {len(keys)}); more items, fewer communities or more mixing make room"
    )


def _chunks(total: int) -> list[int]:
    return [min(_CHUNK, total - start) for start in range(0, total, _CHUNK)]


def _check_types(kind: type, wanted: str, **values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, kind):
            raise ValueError(f"'{name}' needs to be {wanted} (got {value!r})")


def _check_sizes(
    num_users: int, num_items: int, num_interactions: int, num_communities: int
) -> None:
    smaller = min(num_users, num_items)
    if smaller < 1:
        raise ValueError(
            f"'num_users' and 'num_items' need to be at least 1 "
            f"(got {num_users} and {num_items})"
        )
    if not 1 <= num_communities <= smaller:
        raise ValueError(
            f"'num_communities' needs to be in [1, {smaller}] (got {num_communities})"
        )
    most = int(_MAX_DENSITY * num_users * num_items)
    if not 1 <= num_interactions <= most:
        raise ValueError(
            f"'num_interactions' needs to be in [1, {most}] (got {num_interactions})"
        )

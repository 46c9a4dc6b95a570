"""Synthetic interactions of any size, with skewed degrees and planted communities."""

import os

import numpy as np
import torch
from torch import Tensor

from tvdiff_pyg.data.bipartite_dataset import (
    BipartiteDataset,
    Transform,
    register_dataset,
)
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.data.pairs import key_edges, key_pairs
from tvdiff_pyg.data.splits import TEST, TRAIN, VALIDATION, random_split
from tvdiff_pyg.data.weighted_choice import Floats, Ints, WeightedChoice
from tvdiff_pyg.machine import GIGABYTE, free_memory
from tvdiff_pyg.ranges import MOST, check_integer, check_number

_MAX_DENSITY = 0.25
_MAX_ROUNDS = 100
_CHUNK = 10_000_000
# While it is drawn: weights, their sums and communities; keys, and their sorted copy.
_BYTES_OF_NODE, _BYTES_OF_PAIR = 64, 40


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
        _check_sizes(num_users, num_items, num_interactions, num_communities)
        check_number("exponent", exponent, 2, above=True)
        check_number("mixing", mixing, 0, 1)
        check_integer("seed", seed, low=0)
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
        graph = BipartiteGraph.from_edges(
            key_edges(keys[labels == TRAIN], size[1]),
            key_pairs(keys[labels == VALIDATION], size[1]),
            key_pairs(keys[labels == TEST], size[1]),
            *size,
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
        self.users = WeightedChoice(_weights(num_users, exponent, rng))
        self.line = np.argsort(self.item_community, kind="stable")
        self.items = WeightedChoice(_weights(num_items, exponent, rng)[self.line])
        sizes = np.bincount(self.item_community, minlength=num_communities)
        self.borders = np.append(0.0, self.items.ends[np.cumsum(sizes) - 1])

    def draw(self, num_pairs: int) -> Ints:
        users = self.users.at(self.rng.random(num_pairs) * self.users.ends[-1])
        community = self.user_community[users]
        low, high = self.borders[community], self.borders[community + 1]
        anywhere = self.rng.random(num_pairs) < self.mixing
        low[anywhere], high[anywhere] = 0.0, self.items.ends[-1]
        place = low + self.rng.random(num_pairs) * (high - low)
        return users * self.num_items + self.line[self.items.at(place)]


def _weights(size: int, exponent: float, rng: np.random.Generator) -> Floats:
    # Weights that fall like rank^(-1/(exponent-1)) give degrees with that exponent.
    ranks = np.arange(1, size + 1, dtype=np.float64)
    return rng.permutation(ranks ** (-1.0 / (exponent - 1.0)))


def _distinct(sampler: _PairSampler, wanted: int) -> Tensor:
    # Drawing again what was drawn before is likely among the popular, so each round
    # draws as many as are missing, and a few more, into the same memory.
    keys, count = np.empty(_drawn(wanted), dtype=np.int64), 0
    for _ in range(_MAX_ROUNDS):
        missing = wanted - count
        if missing <= 0:
            surplus = sampler.rng.choice(count, -missing, replace=False)
            keep = np.ones(count, dtype=bool)
            keep[surplus] = False
            return torch.from_numpy(keys[:count][keep])
        for size in _chunks(_drawn(missing)):
            keys[count : count + size] = sampler.draw(size)
            count += size
        count = _sort_distinct(keys[:count])
    raise ValueError(
        f"'num_interactions' needs to leave room for distinct pairs (got {wanted}, "
        f"found {count}); more items, fewer communities or more mixing make room"
    )


def _drawn(missing: int) -> int:
    return missing + missing // 4 + 100


def _sort_distinct(keys: Ints) -> int:
    """Sort in place, distinct ones first; return how many they are."""
    # NumPy's own hashes them, in 50 times the time and several times the memory.
    keys.sort()
    count, last = 0, -1
    for start in range(0, len(keys), _CHUNK):
        block = keys[start : start + _CHUNK]
        fresh = block[np.diff(block, prepend=last) > 0]
        last = block[-1]
        keys[count : count + len(fresh)] = fresh
        count += len(fresh)
    return count


def _chunks(total: int) -> list[int]:
    return [min(_CHUNK, total - start) for start in range(0, total, _CHUNK)]


def _check_sizes(
    num_users: int, num_items: int, num_interactions: int, num_communities: int
) -> None:
    check_integer("num_users", num_users, low=-MOST)
    check_integer("num_items", num_items, low=-MOST)
    if min(num_users, num_items) < 1:
        raise ValueError(
            f"'num_users' and 'num_items' need to be at least 1 "
            f"(got {num_users} and {num_items})"
        )
    check_integer("num_communities", num_communities, 1, min(num_users, num_items))
    most = int(_MAX_DENSITY * num_users * num_items)
    check_integer("num_interactions", num_interactions, 1, most)
    needed = (
        _BYTES_OF_NODE * (num_users + num_items) + _BYTES_OF_PAIR * num_interactions
    )
    free = free_memory("cpu")
    if needed > free:
        raise ValueError(
            "'num_users', 'num_items' and 'num_interactions' need to fit into "
            f"{free / GIGABYTE:.1f} GB of memory (got a graph of about "
            f"{needed / GIGABYTE:.1f} GB)"
        )

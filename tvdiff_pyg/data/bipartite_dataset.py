"""What all data sets share: a name, and caching in PyG's folders or none at all."""

import hashlib
import inspect
import os
import re
from collections.abc import Callable, Collection
from dataclasses import fields
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from torch_geometric.data import InMemoryDataset

from tvdiff_pyg.contract import Contract
from tvdiff_pyg.data.data_options import DataOptions, dataset_arguments
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.files import check_path
from tvdiff_pyg.folders import locked
from tvdiff_pyg.registry import Registry

Transform = Callable[[Any], Any]
DatasetType = TypeVar("DatasetType", bound="type[BipartiteDataset]")

# Where a data set writes, and what it calls, is not for the name of a data set to say.
_NOT_IN_WORDS = frozenset(("root", "transform", "pre_transform", "force_reload"))

#: The data sets that ``tvdiff fit --data`` finds by name.
DATASETS: Registry[type["BipartiteDataset"]] = Registry(
    "data set", lambda: Contract(BipartiteDataset)
)


def register_dataset(name: str) -> Callable[[DatasetType], DatasetType]:
    """Return a decorator that gives a data set a name on the command line.

    Args:
        name: The name.

    Raises:
        ValueError: If another data set has it, or the class is none that can be read.
    """
    register = DATASETS.register(name)

    def add(dataset: DatasetType) -> DatasetType:
        known = {field.name for field in fields(DataOptions)}
        for one in getattr(dataset, "reads", ()):
            if one not in known:
                raise ValueError(
                    f"'reads' of data set {name!r} needs names of DataOptions "
                    f"(got {one!r}; the seed is given to all)"
                )
        return register(dataset)

    return add


class BipartiteDataset(InMemoryDataset):
    """An :class:`~torch_geometric.data.InMemoryDataset` of one
    :class:`~tvdiff_pyg.data.BipartiteGraph`.

    A subclass says in :meth:`build` how its graph comes about, and passes every
    argument the graph depends on as ``settings``: they name the cached file, so that
    other arguments never meet a stale cache. One that is registered by
    :func:`register_dataset` says in :attr:`reads` which options of
    :class:`~tvdiff_pyg.data.DataOptions` are among its arguments.

    Args:
        root (str, optional): The folder of the cache. Without one, nothing is written.
            (default: ``None``)
        transform (callable, optional): Applied at every access. (default: ``None``)
        pre_transform (callable, optional): Applied once, before caching.
            (default: ``None``)
        force_reload (bool): Whether to build anew. (default: ``False``)
        **settings: What the graph depends on.
    """

    #: The options that are arguments of the class; others are refused.
    reads: ClassVar[tuple[str, ...]] = ()
    #: What the graph comes from, as a refusal calls it.
    source: ClassVar[str] = "this data set"

    def __init__(
        self,
        root: str | os.PathLike[str] | None,
        transform: Transform | None = None,
        pre_transform: Transform | None = None,
        force_reload: bool = False,
        **settings: Any,
    ) -> None:
        if root is not None:
            check_path("root", root)
        self.settings = settings
        self._is_cached = root is not None
        folder = None if root is None else os.fspath(root)
        super().__init__(folder, transform, pre_transform, force_reload=force_reload)
        self.data = self._built() if folder is None else self._from_cache()

    @classmethod
    def from_options(cls, options: DataOptions, seed: int) -> BipartiteGraph:
        """Returns the graph that the command line asks for.

        The class is called with the options that it reads, with ``seed``, and with the
        arguments that follow the name in ``options.data``.

        Args:
            options: The options.
            seed: The seed of the splits.

        Raises:
            ValueError: If the class does not take the arguments, or needs others.
        """
        read = options.taken(*cls.reads)
        arguments = dataset_arguments(options.data)
        return cls.from_words(options.data, arguments, **read, seed=seed)

    @classmethod
    def reads_of(cls, data: str) -> tuple[str, ...]:
        """Returns the options that are read of what the command line asks for.

        Args:
            data: The name of the data set, and what follows it.
        """
        return cls.reads

    @classmethod
    def from_words(
        cls, data: str, arguments: dict[str, Any], **given: Any
    ) -> BipartiteGraph:
        """Returns the graph of arguments that were given in words.

        Args:
            data: The words, for a refusal.
            arguments: What they say.
            **given: Further arguments, which words may not say.

        Raises:
            ValueError: If the class does not take the arguments, or needs others.
        """
        try:
            for name in arguments:
                if name in (*cls.reads_of(data), "seed"):
                    raise TypeError(f"{name!r} is an option of its own")
                if name in _NOT_IN_WORDS.union(given):
                    raise TypeError(f"{name!r} cannot be given in words")
            bound = inspect.signature(cls).bind(**arguments, **given)
        except TypeError as error:
            raise ValueError(
                f"'data' needs {cls._wanted(data, given)} (got {data!r}: {error})"
            ) from error
        return cls(*bound.args, **bound.kwargs)[0]

    def build(self) -> BipartiteGraph:
        """Returns the graph."""
        raise NotImplementedError

    @property
    def processed_file_names(self) -> list[str]:
        """The cached file, named by all that the graph depends on."""
        parts = [f"{name}={value}" for name, value in self.settings.items()]
        if self.pre_transform is not None:
            # As PyG tells them apart: without addresses in memory.
            told = re.sub(r" at 0x[0-9a-f]+", "", repr(self.pre_transform))
            parts.append(hashlib.sha256(told.encode()).hexdigest()[:12])
        name = "_".join([type(self).__name__, *parts])
        return [re.sub(r"[^\w.=-]", "-", name) + ".pt"]

    @property
    def has_process(self) -> bool:
        """Whether there is a cache."""
        return self._is_cached

    def _process(self) -> None:
        """Makes the cache, if there is none.

        In the place of PyG's, which unpickles what it finds beside the cache: pickles
        run code.
        """
        cache = Path(self.processed_paths[0])
        if self.force_reload or not cache.exists():
            graph = self._built()
            if not isinstance(graph, BipartiteGraph):
                raise ValueError(
                    "'pre_transform' needs to return a BipartiteGraph to be cached "
                    f"(got {type(graph).__name__})"
                )
            with locked(cache.parent, "root"):
                graph.save(cache)

    def _from_cache(self) -> BipartiteGraph:
        """Returns the cached graph, in the place of PyG's ``load``, which unpickles."""
        cache = self.processed_paths[0]
        try:
            return BipartiteGraph.load(cache)
        except ValueError as error:
            raise ValueError(
                f"'root' needs a cache that was saved from plain values; delete "
                f"{cache} to have it made anew (got {error})"
            ) from error

    @classmethod
    def _wanted(cls, data: str, given: Collection[str]) -> str:
        """Says which arguments may follow the name of the data set."""
        parameters = inspect.signature(cls).parameters.values()
        free = [
            one
            for one in parameters
            if one.name not in (*given, *_NOT_IN_WORDS)
            and one.kind is not one.VAR_KEYWORD
        ]
        needed = ",".join(f"{one.name}=N" for one in free if one.default is one.empty)
        arguments = f"{needed} and further arguments" if needed else "arguments"
        return f"{arguments} of {cls.__name__} after '{data.partition(':')[0]}:'"

    def _built(self) -> Any:
        graph: object = self.build()
        if not isinstance(graph, BipartiteGraph):
            raise ValueError(
                f"'build' of {type(self).__name__} needs to return a BipartiteGraph "
                f"(got {type(graph).__name__})"
            )
        return graph if self.pre_transform is None else self.pre_transform(graph)

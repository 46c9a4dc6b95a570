"""What all data sets share: a name, and caching in PyG's folders or none at all."""

import inspect
import os
from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

from torch_geometric.data import InMemoryDataset

from tvdiff_pyg.data.data_options import DataOptions, dataset_arguments
from tvdiff_pyg.data.graph import BipartiteGraph
from tvdiff_pyg.registry import Registry

Transform = Callable[[Any], Any]
DatasetType = TypeVar("DatasetType", bound="type[BipartiteDataset]")

#: The data sets that ``tvdiff fit --data`` finds by name.
DATASETS: Registry[type["BipartiteDataset"]] = Registry("data set")


def register_dataset(name: str) -> Callable[[DatasetType], DatasetType]:
    """Return a decorator that gives a data set a name on the command line.

    Args:
        name: The name.

    Raises:
        ValueError: If another data set has it.
    """
    return DATASETS.register(name)


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
        in_memory (bool): Whether to leave the disk alone though there is a root.
            (default: ``False``)
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
        in_memory: bool = False,
        **settings: Any,
    ) -> None:
        self.settings = settings
        self.in_memory = in_memory or root is None
        folder = None if root is None else os.fspath(root)
        super().__init__(folder, transform, pre_transform, force_reload=force_reload)
        if self.in_memory:
            self.data = self._built()
        else:
            self.load(self.processed_paths[0], data_cls=BipartiteGraph)

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
        read = {name: getattr(options, name) for name in cls.reads}
        try:
            given = inspect.signature(cls).bind(
                **dataset_arguments(options.data), **read, seed=seed
            )
        except TypeError as error:
            raise ValueError(
                f"'data' needs {cls._wanted(options.data)} "
                f"(got {options.data!r}: {error})"
            ) from error
        return cls(*given.args, **given.kwargs)[0]

    def build(self) -> BipartiteGraph:
        """Returns the graph."""
        raise NotImplementedError

    def process(self) -> None:
        """Writes the graph to the cache."""
        self.save([self._built()], self.processed_paths[0])

    @property
    def has_download(self) -> bool:
        """Whether PyG looks for raw files and calls ``download`` without them."""
        return not self.in_memory and bool(super().has_download)

    @property
    def has_process(self) -> bool:
        """Whether PyG looks for the cached graph and calls ``process`` without it."""
        return not self.in_memory

    @property
    def raw_file_names(self) -> list[str]:
        """The files the graph is made from."""
        return []

    @property
    def processed_file_names(self) -> list[str]:
        """The cached file, named by all that the graph depends on."""
        parts = [f"{name}={value}" for name, value in self.settings.items()]
        return ["_".join([type(self).__name__, *parts]) + ".pt"]

    @classmethod
    def _wanted(cls, data: str) -> str:
        """Says which arguments may follow the name of the data set."""
        parameters = inspect.signature(cls).parameters.values()
        given = (*cls.reads, "seed")
        free = [
            one
            for one in parameters
            if one.name not in given and one.kind is not one.VAR_KEYWORD
        ]
        needed = ",".join(f"{one.name}=N" for one in free if one.default is one.empty)
        arguments = f"{needed} and further arguments" if needed else "arguments"
        return f"{arguments} of {cls.__name__} after '{data.partition(':')[0]}:'"

    def _built(self) -> Any:
        graph = self.build()
        return graph if self.pre_transform is None else self.pre_transform(graph)

"""What all bundled datasets share: caching in PyG's folders, or none at all."""

import os
from collections.abc import Callable
from typing import Any

from torch_geometric.data import InMemoryDataset

from tvdiff_pyg.data.graph import BipartiteGraph

Transform = Callable[[Any], Any]


class BipartiteDataset(InMemoryDataset):
    """An :class:`~torch_geometric.data.InMemoryDataset` of one
    :class:`~tvdiff_pyg.data.BipartiteGraph`.

    A subclass says in :meth:`build` how its graph comes about, and passes every
    argument the graph depends on as ``settings``: they name the cached file, so that
    other arguments never meet a stale cache.

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

    def _built(self) -> Any:
        graph = self.build()
        return graph if self.pre_transform is None else self.pre_transform(graph)

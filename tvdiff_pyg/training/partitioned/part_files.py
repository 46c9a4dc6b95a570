"""The rows of all processes in files, of which any number of processes reads its own.

They are written and read by :mod:`torch.distributed.checkpoint`. Reading them runs no
code, as with all files of a run.
"""

import pickle
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.distributed.checkpoint.api import CheckpointException
from torch.distributed.checkpoint.filesystem import FileSystemReader, FileSystemWriter
from torch.distributed.checkpoint.metadata import Metadata, StorageMeta
from torch.distributed.checkpoint.planner import SavePlan, SavePlanner
from torch.distributed.checkpoint.state_dict_loader import load
from torch.distributed.checkpoint.state_dict_saver import save
from torch.distributed.checkpoint.storage import WriteResult
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard
from torch.futures import Future

from tvdiff_pyg.files import sha256_of
from tvdiff_pyg.plain import archive_closing_quietly
from tvdiff_pyg.training.collectives import of_all_processes
from tvdiff_pyg.training.partitioned.users import UserPart

# Where Python keeps its paths, by its version.
PATHS = "pathlib", "pathlib._local"
_METADATA = "torch.distributed.checkpoint.metadata"
# What the description of the files is made of.
_PLAIN = {
    (_METADATA, "Metadata"),
    (_METADATA, "TensorStorageMetadata"),
    (_METADATA, "TensorProperties"),
    (_METADATA, "ChunkStorageMetadata"),
    (_METADATA, "MetadataIndex"),
    (_METADATA, "StorageMeta"),
    (_METADATA, "_MEM_FORMAT_ENCODING"),
    ("torch.distributed.checkpoint.filesystem", "_StorageInfo"),
    ("torch.serialization", "_get_layout"),
    ("torch", "Size"),
    ("torch", "float32"),
    *((home, f"{kind}Path") for home in PATHS for kind in ("Posix", "Windows")),
}


def write_parts(
    tensors: dict[str, Tensor], folder: Path, users: UserPart
) -> dict[str, str]:
    """Write the rows of all processes; each writes its own, at the same time.

    Args:
        tensors: Those of this process's users, of shape ``[len(users), channels]``.
        folder: A new folder, which all processes see.
        users: This process's users.

    Returns:
        The checksums of all files, by their names.

    Raises:
        OSError: If one could not be written.
    """
    sharded = {name: _sharded(one, users) for name, one in tensors.items()}
    _told(lambda: save(sharded, storage_writer=_StoppableWriter(folder)))
    own = [*folder.glob(f"__{users.rank}_*")]
    if users.rank == 0:
        own.append(folder / ".metadata")
    found = of_all_processes({file.name: sha256_of(file) for file in own})
    return {name: sha for one in found for name, sha in one.items()}


def read_parts(
    names: Iterable[str], folder: Path, users: UserPart | None = None
) -> dict[str, Tensor]:
    """Read rows that any number of processes has written.

    Args:
        names: What the tensors are called.
        folder: The folder.
        users: This process's users, which all processes ask for; those of all if
            ``None``. (default: ``None``)

    Returns:
        The tensors, on the CPU.
    """
    reader = _PlainReader(folder)
    known: Any = reader.read_metadata().state_dict_metadata
    whole = {name: torch.Size(known[name].size) for name in names}
    if users is None:
        found = {name: torch.empty(size) for name, size in whole.items()}
        with warnings.catch_warnings():
            # That it is read by one process is as it should be.
            warnings.simplefilter("ignore")
            _told(lambda: load(found, storage_reader=reader, no_dist=True))
        return found
    own = {n: torch.empty(len(users), *size[1:]) for n, size in whole.items()}
    sharded = {name: _sharded(one, users) for name, one in own.items()}
    _told(lambda: load(sharded, storage_reader=reader))
    return {name: one.to_local() for name, one in sharded.items()}


def _sharded(own: Tensor, users: UserPart) -> DTensor:
    """See the rows of a process as those of a whole, parted by rows."""
    own = own.detach().cpu().contiguous()
    mesh = init_device_mesh("cpu", (users.world_size,))
    shape = torch.Size((users.num_users, *own.shape[1:]))
    return DTensor.from_local(
        own, mesh, [Shard(0)], run_check=False, shape=shape, stride=own.stride()
    )


def _told(call: Callable[[], object]) -> None:
    """Call; raise what failed, or was stopped, in one of the processes."""
    try:
        call()
    except CheckpointException as failed:
        why, _ = next(iter(failed.failures.values()))
        raise why from None


class _StoppableWriter(FileSystemWriter):
    """Says what stopped it, and not that its file is not whole then."""

    def write_data(
        self, plan: SavePlan, planner: SavePlanner
    ) -> Future[list[WriteResult]]:
        with archive_closing_quietly():
            return super().write_data(plan, planner)


class _PlainReader(FileSystemReader):
    """Reads a description of the files that is nothing but one."""

    def read_metadata(self, *args: Any, **kwargs: Any) -> Metadata:
        with open(Path(self.path, ".metadata"), "rb") as file:
            metadata: Metadata = _PlainUnpickler(file).load()
        metadata.storage_meta = metadata.storage_meta or StorageMeta()
        metadata.storage_meta.load_id = self.load_id
        return metadata


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _PLAIN:
            raise pickle.UnpicklingError(f"{module}.{name} is not read")
        return super().find_class(module, name)

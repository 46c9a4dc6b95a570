"""A checkpoint whose rows of users are in files of their own, beside it.

The checkpoint says which tensors these are, where, and by which checksums. A new one
has files of other names, so that whenever a process is killed, the checkpoint that is
there is whole; those that no checkpoint tells of any more are removed.
"""

import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from tvdiff_pyg.files import sha256_of
from tvdiff_pyg.training.collectives import of_first
from tvdiff_pyg.training.partitioned.users import UserPart
from tvdiff_pyg.training.rebuilt import PREFIX

#: What a module calls the rows of its users.
USER_TABLE = f"{PREFIX}denoiser.user_embedding.weight"
#: Under which name a checkpoint tells of what is in files beside it.
PARTED = "parted"
#: What stands between the name of a checkpoint and that of its files.
BESIDE = ".parts-"

Keys = Sequence[str | int]


def user_tensors(checkpoint: dict[str, Any], learned: Sequence[str]) -> list[Keys]:
    """Return where a checkpoint has rows of users: in the table, and in its moments.

    Args:
        checkpoint: What Lightning keeps.
        learned: The names of all parameters that the optimiser has, in its order.
    """
    found: list[Keys] = [("state_dict", USER_TABLE)]
    place = learned.index(USER_TABLE)
    for number, optimizer in enumerate(checkpoint.get("optimizer_states", ())):
        for name, value in optimizer["state"].get(place, {}).items():
            # The number of steps is that of all rows.
            if isinstance(value, Tensor) and value.dim() == 2:
                found.append(("optimizer_states", number, "state", place, name))
    return found


def take_out(
    checkpoint: dict[str, Any], keys: list[Keys], file: Path, users: UserPart
) -> None:
    """Move the rows of all users to files beside a checkpoint; all processes do.

    Args:
        checkpoint: What Lightning is about to write.
        keys: Where the rows are in it.
        file: Where the checkpoint is to be.
        users: This process's users.
    """
    from tvdiff_pyg.training.partitioned.part_files import write_parts

    folder = file.with_name(f"{file.stem}{BESIDE}{of_first(uuid.uuid4().hex[:12])}")
    rows = {}
    for *way, place, name in keys:
        holder = _at(checkpoint, way)
        # A copy: the optimiser goes on with its own.
        holder[place] = dict(holder[place])
        rows[_name([*way, place, name])] = holder[place].pop(name)
    checksums = write_parts(rows, folder, users)
    kept = [list(one) for one in keys]
    checkpoint[PARTED] = {"folder": folder.name, "keys": kept, "sha256": checksums}
    # What rebuilds the model rebuilds it whole.
    whole = {"num_users": users.num_users}
    checkpoint["hyper_parameters"] = {**checkpoint["hyper_parameters"], **whole}


def put_in(checkpoint: Any, file: Path, users: UserPart | None = None) -> None:
    """Put the rows that are in files beside a checkpoint in their places.

    Args:
        checkpoint: The checkpoint, as it was read; it may have none.
        file: Where it is.
        users: Those to read the rows of; all if ``None``. (default: ``None``)

    Raises:
        ValueError: If a file is missing or damaged.
    """
    if not isinstance(checkpoint, dict) or PARTED not in checkpoint:
        return
    from tvdiff_pyg.training.partitioned.part_files import read_parts

    parted = checkpoint.pop(PARTED)
    folder = file.with_name(parted["folder"])
    for name, checksum in parted["sha256"].items():
        part = folder / name
        if not part.is_file() or sha256_of(part) != checksum:
            raise ValueError(
                f"'run' needs its files as they were written (got {part}, which is "
                f"missing or damaged: see {file.name})"
            )
    keys = parted["keys"]
    rows = read_parts([_name(one) for one in keys], folder, users)
    for one in keys:
        _at(checkpoint, one[:-1])[one[-1]] = rows[_name(one)]


def cut(checkpoint: dict[str, Any], keys: list[Keys], users: UserPart) -> None:
    """Keep the rows of some users alone, where a checkpoint has those of all.

    Args:
        checkpoint: The checkpoint, as it was read.
        keys: Where the rows are in it.
        users: The users.
    """
    for *way, name in keys:
        holder = _at(checkpoint, way)
        if holder[name].size(0) != len(users):
            holder[name] = holder[name][users.first : users.last].clone()


def remove_others(file: Path, checkpoint: dict[str, Any]) -> None:
    """Remove the files of earlier checkpoints of the same name.

    Args:
        file: Where the checkpoint is.
        checkpoint: What was written there.
    """
    for folder in file.parent.glob(f"{file.stem}{BESIDE}*"):
        if folder.name != checkpoint[PARTED]["folder"]:
            shutil.rmtree(folder, ignore_errors=True)


def _name(keys: Keys) -> str:
    return ".".join(map(str, keys))


def _at(checkpoint: Any, keys: Keys) -> Any:
    for key in keys:
        checkpoint = checkpoint[key]
    return checkpoint

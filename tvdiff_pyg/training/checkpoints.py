"""How Lightning writes and reads the checkpoints of a run folder."""

from pathlib import Path
from typing import Any

from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.plugins.io import TorchCheckpointIO

from tvdiff_pyg.plain import load_plain
from tvdiff_pyg.training.run_folder import RunFolder


def without_arrays(checkpoint: Path) -> dict[str, Any]:
    """Read all of a checkpoint but its arrays.

    Args:
        checkpoint: Its path.
    """
    state: dict[str, Any] = load_plain(
        checkpoint, "run", "a folder of whole checkpoints", mmap=True
    )
    return state


def epochs_kept(folder: RunFolder) -> str:
    """Say what a run that was cut off can go on from.

    Args:
        folder: The run folder.
    """
    if not folder.last_checkpoint.is_file():
        return "no epoch ended"
    epoch = without_arrays(folder.last_checkpoint)["epoch"] + 1
    return f"epoch {epoch} is kept in {folder.path}, for 'resume' to go on from"


class FolderCheckpoints(TorchCheckpointIO):
    """Checkpoints as files of a run folder: whole or not there, and in its manifest.

    Lightning's own pass through the folder of temporary files, and are torn where that
    is on another file system.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: RunFolder) -> None:
        super().__init__()
        self.folder = folder

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: Any, storage_options: Any = None
    ) -> None:
        """Write a checkpoint."""
        self.folder.write_tensors(self.in_folder(path), checkpoint)

    def load_checkpoint(
        self, path: Any, map_location: Any = None, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read a checkpoint, onto the CPU; Lightning moves it to where it belongs."""
        state: dict[str, Any] = self.folder.read_tensors(self.in_folder(path))
        return state

    def in_folder(self, path: Any) -> Path:
        """Return where a checkpoint is that Lightning has named."""
        # Lightning spells the folder out, with links resolved.
        return self.folder.best_checkpoint.with_name(Path(path).name)


class BestCheckpoint(ModelCheckpoint):
    """Keeps the best epoch; a run that was moved goes on from where it is now.

    Lightning's own forgets the best score where the folder's path has changed.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint."""
        moved = {**state_dict, "dirpath": self.dirpath}
        if (best := state_dict["best_model_score"]) is not None:
            here = str(
                Path(self.dirpath or "", f"{self.filename}{self.FILE_EXTENSION}")
            )
            moved |= {
                "best_model_path": here,
                "kth_best_model_path": here,
                "best_k_models": {here: best},
            }
        super().load_state_dict(moved)

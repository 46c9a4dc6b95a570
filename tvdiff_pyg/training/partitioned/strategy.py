"""Lightning's view of a training in parts."""

from typing import Any

from pytorch_lightning.strategies import DDPStrategy
from torch.nn.parallel import DistributedDataParallel

from tvdiff_pyg.training.checkpoints import FolderCheckpoints
from tvdiff_pyg.training.partitioned.checkpoint import (
    USER_TABLE,
    Keys,
    cut,
    remove_others,
    take_out,
    user_tensors,
)
from tvdiff_pyg.training.partitioned.users import UserPart


class PartitionedStrategy(DDPStrategy):
    """Lightning's DDP for all parameters but those of users, which stay where they are.

    The gradients of these come whole out of the all-reduce of the item tower.

    Args:
        users: The users of this process.
        **kwargs: As for Lightning's ``DDPStrategy``.
    """

    def __init__(self, users: UserPart, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.users = users

    def configure_ddp(self) -> None:
        """Leave the rows of users alone: no process has those of another."""
        DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(
            self.model, [USER_TABLE]
        )
        super().configure_ddp()

    def save_checkpoint(
        self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any = None
    ) -> None:
        """Write the rows of users, each process its own, and then the rest."""
        file = self._checkpoints.in_folder(filepath)
        take_out(checkpoint, self._user_tensors(checkpoint), file, self.users)
        super().save_checkpoint(checkpoint, filepath, storage_options)
        if self.is_global_zero:
            remove_others(file, checkpoint)

    def load_checkpoint(
        self, checkpoint_path: Any, weights_only: bool | None = None
    ) -> dict[str, Any]:
        """Read what all processes have, and the rows of this one's users."""
        file = self._checkpoints.in_folder(checkpoint_path)
        checkpoint = self._checkpoints.folder.read_tensors(file, self.users)
        cut(checkpoint, self._user_tensors(checkpoint), self.users)
        return dict(checkpoint)

    @property
    def _checkpoints(self) -> FolderCheckpoints:
        assert isinstance(self.checkpoint_io, FolderCheckpoints)
        return self.checkpoint_io

    def _user_tensors(self, checkpoint: dict[str, Any]) -> list[Keys]:
        assert self.lightning_module is not None
        named = self.lightning_module.named_parameters()
        return user_tensors(checkpoint, [name for name, p in named if p.requires_grad])

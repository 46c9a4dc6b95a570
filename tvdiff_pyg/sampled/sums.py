"""What a step of training sums over neighbours: those that its batch has."""

from dataclasses import dataclass

from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.nn.denoiser import Denoiser
from tvdiff_pyg.sampled.batch import TrainingBatch


@dataclass(frozen=True, eq=False)
class BatchSums:
    """The sums over the neighbours that a batch has, all or sampled ones.

    Args:
        denoiser: What they are summed for.
    """

    denoiser: Denoiser

    def embed(self, batch: TrainingBatch) -> tuple[Tensor, Tensor]:
        """Compute what the last layer reads.

        Args:
            batch: The batch.

        Returns:
            Embeddings of its users and items, ``[num_local, hidden_channels]`` each.
        """
        return self.denoiser.embed(batch.item_rows, batch.user_rows, batch.n_id)

    def project(self, batch: TrainingBatch, embedding: Tensor) -> Tensor:
        """Sum item embeddings over the items of each row.

        Args:
            batch: The batch.
            embedding: Embeddings of its items, ``[num_local, hidden_channels]``.

        Returns:
            Projected interactions, of shape ``[batch_size, hidden_channels]``.
        """
        n_id = batch.n_id
        if batch.read is not None:
            n_id = batch.user, batch.read
            _, embedding = self.denoiser.look_up(n_id)
        return self.denoiser.project(batch.messages, None, n_id, embedding)

    def item_factor(self, batch: TrainingBatch, source: Tensor) -> Tensor:
        """Compute the factors of the batch's items.

        Args:
            batch: The batch.
            source: Embeddings of its users, ``[num_users, hidden_channels]``.

        Returns:
            Item factors, of shape ``[num_local, channels]``.
        """
        rows = batch.item_rows
        return self.denoiser.item_factor(rows, rows.value, batch.n_id, source)

    def correct(
        self, loss: FreeEnergy, batch: TrainingBatch, user_factor: Tensor
    ) -> FreeEnergy:
        """Return the loss of the batch as it is.

        Args:
            loss: The loss.
            batch: The batch.
            user_factor: User factors, of shape ``[batch_size, channels]``.
        """
        return loss

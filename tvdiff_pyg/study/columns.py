"""What the tables and figures of studies show: names, labels, and how to print them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Column:
    """One measured quantity.

    Args:
        name: Its name in the flattened records.
        label: What a reader sees.
        about: What it means, in a line.
        spec: How its numbers are printed. (default: ``".4f"``)
    """

    name: str
    label: str
    about: str
    spec: str = ".4f"

    def format(self, mean: float | None, spread: float | None = None) -> str:
        """Print a mean and, if there is one, its spread.

        Args:
            mean: The mean; ``None`` where nothing is defined.
            spread: The standard deviation. (default: ``None``)

        Example:
            >>> COLUMNS["recall"].format(0.25, 0.01)
            '0.2500 ± 0.0100'
        """
        if mean is None:
            return "–"
        text = format(mean, self.spec)
        return text if spread is None else f"{text} ± {format(spread, self.spec)}"


_SOFTMAX = "rows of scores normalised by a softmax"
_CLIPPED = "rows of scores clipped at 1e-6 and divided by their sum"

COLUMNS: dict[str, Column] = {
    column.name: column
    for column in (
        Column("recall", "Recall@20", "test part, best epoch on validation"),
        Column("ndcg", "NDCG@20", "test part, best epoch on validation"),
        Column("validation_ndcg", "Validation NDCG@20", "what choices are made on"),
        Column("best_epoch", "Best epoch", "epochs until the kept one", ".0f"),
        Column("epochs", "Epochs", "epochs trained in all", ".0f"),
        Column(
            "entropy_softmax", "S softmax", f"mean bits of a row; {_SOFTMAX}", ".3f"
        ),
        Column(
            "entropy_clipped", "S clipped", f"mean bits of a row; {_CLIPPED}", ".3f"
        ),
        Column(
            "delta_entropy_softmax",
            "ΔS softmax",
            f"bits above the data, summed over users; {_SOFTMAX}",
            ",.0f",
        ),
        Column(
            "delta_entropy_clipped",
            "ΔS clipped",
            f"bits above the data, summed over users; {_CLIPPED}",
            ",.0f",
        ),
        Column(
            "delta_energy_observed_softmax",
            "ΔU softmax",
            f"mass on interactions against the data, summed; {_SOFTMAX}",
            ",.0f",
        ),
        Column(
            "delta_energy_observed_clipped",
            "ΔU clipped",
            f"mass on interactions against the data, summed; {_CLIPPED}",
            ",.0f",
        ),
        Column(
            "delta_energy_occupied_softmax",
            "ΔU occupied, softmax",
            f"items that hold an interaction's share, against the data; {_SOFTMAX}",
            ",.0f",
        ),
        Column(
            "delta_energy_occupied_clipped",
            "ΔU occupied, clipped",
            f"items that hold an interaction's share, against the data; {_CLIPPED}",
            ",.0f",
        ),
        Column(
            "dirichlet_energy",
            "Dirichlet energy",
            "Rayleigh quotient of the factors on the graph: 0 smooth, 2 rough",
        ),
        Column("mad", "MAD", "mean angular distance of neighbours: 0 alike"),
        Column(
            "score_roughness_users",
            "Roughness, users",
            "Rayleigh quotient of the score matrix along users: 0 smooth, 1 rough",
        ),
        Column(
            "score_roughness_items",
            "Roughness, items",
            "Rayleigh quotient of the score matrix along items: 0 smooth, 1 rough",
        ),
        Column(
            "effective_rank_users", "Rank, users", "effective rank of factors", ".1f"
        ),
        Column(
            "effective_rank_items", "Rank, items", "effective rank of factors", ".1f"
        ),
        Column(
            "effective_rank_scores",
            "Rank, scores",
            "effective rank of the score matrix",
            ".2f",
        ),
        Column(
            "response_4",
            "High frequencies",
            "energy of interactions kept in the roughest of five bands of graph "
            "frequency, relative to the smoothest",
            ".2g",
        ),
        Column(
            "degree_correlation_users",
            "Norm and degree, users",
            "rank correlation of a factor's length with its user's degree",
            ".3f",
        ),
        Column(
            "degree_correlation_items",
            "Norm and degree, items",
            "rank correlation of a factor's length with its item's degree",
            ".3f",
        ),
        Column(
            "epoch_seconds",
            "s a pass",
            "training steps of one epoch, in seconds",
            ".2f",
        ),
        Column(
            "batch_nodes",
            "Nodes a batch",
            "that one batch of the sampled engine would read",
            ",.0f",
        ),
        Column(
            "batch_edges",
            "Edges a batch",
            "that one batch of the sampled engine would read",
            ",.0f",
        ),
        Column(
            "peak_memory_mb", "Peak MB", "of the process, evaluation included", ",.0f"
        ),
    )
}

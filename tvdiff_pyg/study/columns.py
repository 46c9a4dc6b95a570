"""What the tables and figures of studies show: names, labels, and how to print them.

A study's own file may register further ones.
"""

from dataclasses import dataclass
from typing import Any

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.grid.tables import print_number


@dataclass(frozen=True)
class Column:
    """One measured quantity.

    Args:
        name: Its name in the flattened records.
        label: What a reader sees.
        about: What it means, in a line.
        spec: How its numbers are printed. (default: ``".4f"``)
        path: Where a record holds it, name by name; among its measures, under the
            column's own name, if not given.
        any_epoch: Whether it is the same after any epoch, so that what it says does not
            depend on whether trainings had converged. (default: ``False``)
    """

    name: str
    label: str
    about: str
    spec: str = ".4f"
    path: tuple[str, ...] = ()
    any_epoch: bool = False

    def format(
        self,
        mean: float | None,
        spread: float | None = None,
        limit: float | None = None,
    ) -> str:
        """Print a mean and, if there is one, its spread.

        Args:
            mean: The mean; ``None`` where nothing is defined.
            spread: The standard deviation. (default: ``None``)
            limit: The mean of what can be detected, which numbers below it are at.
                (default: ``None``)

        Example:
            >>> COLUMNS["recall"].format(0.25, 0.01)
            '0.2500 ± 0.0100'
            >>> COLUMNS["response_4"].format(0.0002, 0.0, limit=0.0002)
            'below 0.0002'
        """
        if is_undetected(mean, limit):
            return f"below {format(limit, self.spec)}"
        return print_number(mean, spread, self.spec)

    def read(self, record: Record) -> Any:
        """Return the number that a record holds, ``None`` if it holds none.

        Args:
            record: The record of a cell.
        """
        found: Any = record
        for name in self.path or ("measures", self.name):
            found = (found or {}).get(name)
        return found


def is_undetected(value: float | None, limit: float | None) -> bool:
    """Whether a number is at what can be detected, but for rounding of means.

    Args:
        value: The number, if it is defined.
        limit: What can be detected, if that is known.

    Example:
        >>> is_undetected(0.1, 0.1), is_undetected(0.2, 0.1), is_undetected(0.2, None)
        (True, False, False)
    """
    return value is not None and limit is not None and value <= limit * (1 + 1e-9)


#: The columns by name.
COLUMNS: dict[str, Column] = {}


def register_columns(*columns: Column) -> None:
    """Add columns to what studies can show.

    Args:
        *columns: The columns.

    Raises:
        ValueError: If another column has one of their names.
    """
    for column in columns:
        if COLUMNS.get(column.name, column) != column:
            raise ValueError(
                f"'name' needs to be new among the columns (got {column.name!r})"
            )
        COLUMNS[column.name] = column


#: How a row of scores is normalised, in the words of several columns.
SOFTMAX_ROWS = "rows of scores normalised by a softmax"
CLIPPED_ROWS = "rows of scores clipped at 1e-6 and divided by their sum"

#: What most studies show: the ranking, the training, and the shape of the scores.
RANKING = ("recall", "ndcg", "validation_ndcg")
TRAINING = ("best_epoch", "epochs")
SHAPE = (
    "entropy_softmax",
    "entropy_clipped",
    "dirichlet_energy",
    "mad",
    "score_roughness_users",
    "score_roughness_items",
    "effective_rank_scores",
    "response_4",
)

register_columns(
    Column(
        "recall",
        "Recall@20",
        "test part, best epoch on validation",
        path=("metrics", "test", "recall@20"),
    ),
    Column(
        "ndcg",
        "NDCG@20",
        "test part, best epoch on validation",
        path=("metrics", "test", "ndcg@20"),
    ),
    Column(
        "validation_ndcg",
        "Validation NDCG@20",
        "what choices are made on",
        path=("metrics", "validation", "ndcg@20"),
    ),
    Column(
        "best_epoch", "Best epoch", "epochs until the kept one", ".0f", ("best_epoch",)
    ),
    Column("epochs", "Epochs", "epochs trained in all", ".0f", ("epochs",)),
    Column(
        "epoch_seconds",
        "s a pass",
        "training steps of one epoch, in seconds",
        ".2f",
        ("seconds", "epoch"),
        any_epoch=True,
    ),
    Column(
        "entropy_softmax", "S softmax", f"mean bits of a row; {SOFTMAX_ROWS}", ".3f"
    ),
    Column(
        "entropy_clipped", "S clipped", f"mean bits of a row; {CLIPPED_ROWS}", ".3f"
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
    Column("effective_rank_users", "Rank, users", "effective rank of factors", ".1f"),
    Column("effective_rank_items", "Rank, items", "effective rank of factors", ".1f"),
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
        "frequency, relative to the smoothest; below what the estimate leaks into it, "
        "it cannot be told from none",
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
)

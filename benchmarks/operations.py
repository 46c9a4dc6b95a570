"""What an exact training step has to compute and to move, counted by hand.

Each line is a part of :meth:`tvdiff_pyg.models.TVDiff.training_loss`, its gradient and
Adam, on users as batches, in single precision. Products of dense matrices are counted
apart from the sparse ones: only they can run at the rate of a large matrix product.
"""

from dataclasses import dataclass

from tvdiff_pyg.sparse.gram import gram_share

FLOAT = 4  # bytes


@dataclass(frozen=True)
class Shape:
    """The sizes that a step depends on.

    Args:
        num_users: Users.
        num_items: Items.
        num_edges: Training interactions.
        hidden_channels: Width.
        batch_size: Users of the batch.
        batch_edges: Their interactions.
        num_pairs: Scored pairs: observed, and negatives.
        num_noise_items: Items that the noise is drawn from; ``None`` for all.
    """

    num_users: int
    num_items: int
    num_edges: int
    hidden_channels: int
    batch_size: int
    batch_edges: int
    num_pairs: int
    num_noise_items: int | None


@dataclass(frozen=True)
class Part:
    """One part of a step.

    Args:
        name: What it computes.
        formula: Its operations, as a formula.
        gemm: Floating-point operations in products of dense matrices.
        other: All other floating-point operations.
        moved: Bytes read and written, if nothing stays in a cache.
    """

    name: str
    formula: str
    gemm: float = 0.0
    other: float = 0.0
    moved: float = 0.0


def step_parts(shape: Shape) -> list[Part]:
    """Count the parts of an exact training step."""
    M, H, B = shape.num_items, shape.hidden_channels, shape.batch_size
    E, P, U = shape.num_edges, shape.num_pairs, shape.num_users
    share = gram_share(H)
    items, row = M * H * FLOAT, H * FLOAT
    return [
        Part(
            "item tower and its gradient",
            "4 E H",
            other=4 * E * H,
            moved=2 * E * row + 3 * items + U * row,
        ),
        Part(
            "user projection and its gradient",
            "4 E_B H",
            other=4 * shape.batch_edges * H,
            moved=2 * shape.batch_edges * row + items,
        ),
        Part(
            "Gram matrix of the item factors",
            f"{share:.3g} x 2 M H^2",
            gemm=share * 2 * M * H * H,
            moved=items,
        ),
        Part("its gradient", "2 M H^2", gemm=2 * M * H * H, moved=2 * items),
        Part(
            "energy and its gradient", "6 B H^2", gemm=6 * B * H * H, moved=6 * B * row
        ),
        Part(
            "pair scores and their gradient",
            "6 P H",
            other=6 * P * H,
            moved=4 * P * row + items,
        ),
        *_noise_parts(shape),
        Part(
            "tanh of the item factors, sums of gradients",
            "O(M H)",
            other=10 * M * H,
            moved=9 * items,
        ),
        Part(
            "Adam",
            "12 (U + M) H",
            other=12 * (U + M) * H,
            moved=7 * (U + M) * row,
        ),
    ]


def _noise_parts(shape: Shape) -> list[Part]:
    M, H, B = shape.num_items, shape.hidden_channels, shape.batch_size
    chosen, row = shape.num_noise_items, shape.hidden_channels * FLOAT
    if chosen is not None and chosen < M:
        return [
            Part(
                "noise from m items and its gradient",
                "4 B m H",
                gemm=4 * B * chosen * H,
                moved=6 * B * row + 2 * M * row,
            )
        ]
    share = gram_share(H)
    return [
        Part(
            "Gram matrix of the noise and its gradient",
            f"({share:.3g} + 1) x 2 M H^2",
            gemm=(share + 1) * 2 * M * H * H,
            moved=4 * M * row,
        ),
        # The gradient is a product and two triangular solves.
        Part(
            "Cholesky factor and its gradient",
            "H^3 / 3 + 4 H^3",
            gemm=2 * H**3,
            other=7 / 3 * H**3,
        ),
        Part(
            "noise and its gradient", "4 B H^2", gemm=4 * B * H * H, moved=6 * B * row
        ),
    ]

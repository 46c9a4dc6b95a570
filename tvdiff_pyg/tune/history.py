"""The picture of a tuning: what each trial ranked, and the best so far."""

from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT, MARGIN = 720, 180, 12


@dataclass(frozen=True)
class History:
    """Points and a line in a box of ``WIDTH`` by ``HEIGHT``, as SVG has them.

    Args:
        points: Across, down, and what to say of each trial.
        line: The best value so far, as the points of a polyline.
        lowest: What the bottom means.
        highest: What the top means.
    """

    points: list[tuple[float, float, str]]
    line: str
    lowest: float
    highest: float

    @staticmethod
    def of(values: Sequence[float | None], said: Sequence[str]) -> "History":
        """Lay a tuning out.

        Args:
            values: What each trial ranked, in their order; ``None`` where it was given
                up or failed. At least one is a number.
            said: What to say of each.

        Example:
            >>> History.of([0.1, 0.3, None, 0.2], ["a", "b", "c", "d"]).highest
            0.3
        """
        known = [value for value in values if value is not None]
        lowest, highest = min(known), max(known)
        span, best = (highest - lowest) or 1.0, lowest
        step = (WIDTH - 2 * MARGIN) / max(len(values) - 1, 1)
        points, line = [], []
        for place, value in enumerate(values):
            across = round(MARGIN + step * place, 1)
            best = max(best, lowest if value is None else value)
            line.append(f"{across},{_down(best, lowest, span)}")
            if value is not None:
                points.append((across, _down(value, lowest, span), said[place]))
        return History(points, " ".join(line), lowest, highest)


def _down(value: float, lowest: float, span: float) -> float:
    return round(HEIGHT - MARGIN - (value - lowest) / span * (HEIGHT - 2 * MARGIN), 1)

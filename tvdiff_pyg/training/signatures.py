"""The failure signatures of a training run, found in its curves."""

import math
from dataclasses import dataclass

from tvdiff_pyg.training.curves import Curves, count_turns
from tvdiff_pyg.training.settings import Settings
from tvdiff_pyg.training.training_config import TrainingConfig

# Swings that count. On healthy runs the energy turns back by a quarter at most twice,
# where it falls, rises and settles; the entropy never by a twentieth.
ENERGY_SWING, ENTROPY_SWING = 1.25, 1.05
MIN_ENERGY_TURNS, MIN_ENTROPY_TURNS = 3, 2
# A long run may turn slowly, and rightly so: only turns close together count.
SWING_EPOCHS = 20
# The largest temperature that was published.
LARGEST_TEMPERATURE = 10.0

# A healthy run on MovieLens with hard negatives dips to 0.73 of its first check.
FALL = 0.6
# One bad check happens to a small validation part; two in a row do not.
FALLEN_CHECKS = 2
# Later falls are overfitting, which early stopping answers.
EARLY_CHECKS = 5
# Where the paper leaves large data; more than that is hardly hard.
LARGEST_ACCEPT_RATIO = 0.2

# The smallest healthy rank was 1.2, at a first check: popularity is learned first.
COLLAPSED_RANK = 1.05
COLLAPSED_CHECKS = 3

# The slowest healthy run had gained 7% by then.
PATIENT_EPOCHS = 10
MIN_GAIN = 0.02
# Hard negatives grow harder as training goes well: a slightly larger loss is no sign.
DIVERGED = 1.1
# With steps too small, only the draw of noise and negatives moves the loss: by 0.5%.
STILL = 0.02
# A recall that grows says that the model learns, whatever the loss says.
RECALL_GAIN = 1.1
DEFAULT_LEARNING_RATE = TrainingConfig().learning_rate


@dataclass(frozen=True)
class Finding:
    """A failure signature that was seen.

    Args:
        name: Which one: ``"oscillation"``, ``"falling_recall"``, ``"collapse"`` or
            ``"no_convergence"``.
        epoch: When, counted from 1.
        message: What was seen, what it usually means, and what to try.
    """

    name: str
    epoch: int
    message: str


def oscillation(curves: Curves, settings: Settings) -> Finding | None:
    """Find energy and entropy swinging against each other, epoch after epoch.

    Args:
        curves: Energy and entropy, of which the last 20 epochs are read.
        settings: The temperature and the learning rate.

    Returns:
        The finding; ``None`` if there is nothing to report.

    Example:
        >>> swings = {"energy": [1.0, 2.0] * 3, "entropy": [-0.7, -0.5] * 3}
        >>> oscillation(Curves(6, **swings), Settings(temperature=5.0)).name
        'oscillation'
    """
    energy = curves.energy[-SWING_EPOCHS:]
    entropy = [-value for value in curves.entropy[-SWING_EPOCHS:]]
    turns = count_turns(energy, ENERGY_SWING)
    temperature, rate = settings.get("temperature"), settings.training.learning_rate
    if (
        temperature is None
        or turns < MIN_ENERGY_TURNS
        or count_turns(entropy, ENTROPY_SWING) < MIN_ENTROPY_TURNS
    ):
        return None
    return Finding(
        "oscillation",
        curves.epoch,
        f"energy and entropy oscillate: in {len(energy)} epochs the energy turned "
        f"back {turns} times, between {min(energy):.3g} and {max(energy):.3g}. Usually "
        "the learning rate is too large or, as the paper says, the temperature too "
        "high. Try 'temperature' "
        f"{min(temperature / 2, LARGEST_TEMPERATURE):g} instead of "
        f"{temperature:g}, and 'learning_rate' "
        f"{rate / 10:.1g} instead of {rate:g}.",
    )


def falling_recall(curves: Curves, settings: Settings) -> Finding | None:
    """Find a recall that falls within the first checks, with hard negatives.

    Args:
        curves: Recall, and the loss where the untrained one is known.
        settings: Negatives and accept ratio.

    Returns:
        The finding; ``None`` if there is nothing to report.

    Example:
        >>> settings = Settings(negatives="hard", accept_ratio=0.01)
        >>> falling_recall(Curves(3, recall=[0.2, 0.1, 0.1]), settings).name
        'falling_recall'
    """
    early = curves.recall[: EARLY_CHECKS + FALLEN_CHECKS]
    best = max(early[:-FALLEN_CHECKS], default=0.0)
    fallen = max(early[-FALLEN_CHECKS:], default=0.0)
    # A loss that has run away is reason enough for a recall that falls.
    start = curves.start
    diverged = start is not None and curves.loss[-1] > DIVERGED * start
    if settings.get("negatives") != "hard" or fallen >= FALL * best or diverged:
        return None
    accepted = settings["accept_ratio"]
    wider = min(max(4 * accepted, 0.05), LARGEST_ACCEPT_RATIO)
    remedy = (
        f"'accept_ratio' {wider:g} instead of {accepted:g}"
        if accepted < wider
        else "'negatives' 'uniform' instead of 'hard'"
    )
    return Finding(
        "falling_recall",
        curves.epoch,
        f"recall@{curves.cut} fell early, from {best:.4f} to {fallen:.4f}. Usually the "
        "hard negatives are so hard that they are what users would like: false "
        f"negatives. Try {remedy}.",
    )


def collapse(curves: Curves, settings: Settings) -> Finding | None:
    """Find scores that do not tell users apart, at several checks in a row.

    Args:
        curves: The effective rank.
        settings: Number of layers, learning rate and noise scale.

    Returns:
        The finding; ``None`` if there is nothing to report.

    Example:
        >>> collapse(Curves(3, rank=[1.0, 1.0, 1.0]), Settings()).name
        'collapse'
    """
    last = curves.rank[-COLLAPSED_CHECKS:]
    if len(last) < COLLAPSED_CHECKS or not all(r <= COLLAPSED_RANK for r in last):
        return None
    return Finding(
        "collapse",
        curves.epoch,
        f"predictions have collapsed: at {COLLAPSED_CHECKS} checks the effective rank "
        f"of the scores was at most {max(last):.3f}, so that all users are ranked "
        f"alike. {_uncollapse(settings)}",
    )


def _uncollapse(settings: Settings) -> str:
    """Say what to try, most likely cause first."""
    layers, rate = settings.get("num_layers", 1), settings.training.learning_rate
    if layers > 1:
        return (
            "Usually too many layers smooth all differences away. Try 'num_layers' "
            f"{layers // 2} instead of {layers}."
        )
    return (
        "With one layer, usually steps are so large that the towers saturate, or the "
        f"noise drowns the signal. Try 'learning_rate' {_smaller(rate):.1g} instead of "
        f"{rate:g}{_less_noise(settings)}."
    )


def no_convergence(curves: Curves, settings: Settings) -> Finding | None:
    """Find a loss that is not finite, has grown, or stays, with recall, where it was.

    Args:
        curves: Loss, from the untrained model on, and recall.
        settings: Learning rate and noise scale.

    Returns:
        The finding; ``None`` if there is nothing to report.

    Example:
        >>> no_convergence(Curves(1, 0.8, [float("nan")]), Settings()).name
        'no_convergence'
    """
    loss, start = curves.loss, curves.start
    if loss and not math.isfinite(loss[-1]):
        return _unconverged(curves, settings, "is not finite", too_fast=True)
    if start is None or len(loss) < PATIENT_EPOCHS:
        return None
    now = sum(loss[-3:]) / 3
    seen = f"is {now:.4g} after {len(loss)} epochs, and was {start:.4g} untrained"
    if now > DIVERGED * start:
        return _unconverged(curves, settings, seen, too_fast=True)
    recall = curves.recall
    learns = len(recall) < 2 or max(recall) > RECALL_GAIN * recall[0]
    if now < (1 - MIN_GAIN) * start or learns:
        return None
    moved = max(loss) - min(loss) > STILL * start
    return _unconverged(curves, settings, seen, too_fast=moved)


def _unconverged(
    curves: Curves, settings: Settings, seen: str, too_fast: bool
) -> Finding:
    rate = settings.training.learning_rate
    other = _smaller(rate) if too_fast else max(10 * rate, DEFAULT_LEARNING_RATE)
    return Finding(
        "no_convergence",
        curves.epoch,
        f"training does not converge: the loss {seen}. Usually the learning rate is "
        f"too {'large' if too_fast else 'small'}, or the noise too large. Try "
        f"'learning_rate' {other:.1g} instead of {rate:g}"
        f"{_less_noise(settings)}.",
    )


def _less_noise(settings: Settings) -> str:
    """Advise less noise, where the model and its schedule have a scale of it."""
    scale = settings.get("noise_scale")
    if scale is None:
        return ""
    return f"; then 'noise_scale' {scale / 10:.1g} instead of {scale:g}"


def _smaller(learning_rate: float) -> float:
    return min(learning_rate / 10, DEFAULT_LEARNING_RATE)


DETECTORS = {
    "oscillation": oscillation,
    "falling_recall": falling_recall,
    "collapse": collapse,
    "no_convergence": no_convergence,
}

"""What the diffusion adds: steps, noise and the reverse process against one pass."""

from collections.abc import Sequence

from tvdiff_pyg.study.columns import RANKING, TRAINING
from tvdiff_pyg.study.definition import Overrides, Study, register_study
from tvdiff_pyg.study.results import Results
from tvdiff_pyg.study.verdict import Verdict, decide, seeds_of

ONE = "1"
ONE_PASS = " one-pass"
MANY = 50
# The share of noise in the variance at the last step; published, next to none.
NOISE = (0.1, 0.5, 0.9)


@register_study("diffusion")
def diffusion() -> Study:
    """Many steps and much noise against one step."""
    steps = {str(number): _steps(number) for number in (1, 2, 5, MANY)}
    noisy = {f"{MANY} noise-{noise}": _noisy(noise) for noise in NOISE}
    one_pass = {
        f"{name}{ONE_PASS}": {**settings, "reverse_steps": 1}
        for name, settings in {str(MANY): _steps(MANY), **noisy}.items()
    }
    return Study(
        axis="steps",
        variants={**steps, **noisy, **one_pass},
        columns=(*RANKING, *TRAINING, "epoch_seconds"),
        figures={"ranking": RANKING},
        claims=(reverse_process, training_alone, scoring_alone),
    )


def reverse_process(results: Results) -> Verdict | None:
    """Compare several steps, in training and in scoring, with one.

    Args:
        results: The cells of the study on a graph.
    """
    several = [name for name in _several(results) if ONE_PASS not in name]
    claim = "The reverse process ranks better than one step"
    best = results.best(several)
    return None if best is None else _against(results, claim, several, best, ONE)


def training_alone(results: Results) -> Verdict | None:
    """Compare training with several steps with one step, both scored in one pass.

    Args:
        results: The cells of the study on a graph.
    """
    several = [name for name in _several(results) if ONE_PASS in name]
    claim = "Several steps in training alone rank better than one"
    best = results.best(several)
    return None if best is None else _against(results, claim, several, best, ONE)


def scoring_alone(results: Results) -> Verdict | None:
    """Compare the reverse process with one pass, both trained with several steps.

    Args:
        results: The cells of the study on a graph.
    """
    names = _several(results)
    several = [name for name in names if f"{name}{ONE_PASS}" in names]
    claim = "The reverse process in scoring alone ranks better than one pass"
    best = results.best(several)
    one_pass = f"{best}{ONE_PASS}"
    return None if best is None else _against(results, claim, several, best, one_pass)


def _against(
    results: Results, claim: str, several: Sequence[str], best: str, other: str
) -> Verdict | None:
    """Compare the variant that validation prefers of several with another."""
    gap = results.difference("ndcg", best, other)
    if gap is None:
        return None
    return decide(
        results,
        claim,
        f"Test NDCG@20 is {results.quote(best, 'ndcg')} with {best}, the best of these "
        f"on validation, and {results.quote(other, 'ndcg')} with {other}, "
        f"{seeds_of(gap.num_seeds)}.",
        [gap],
        chosen_from=several,
        stands="holds",
    )


def _several(results: Results) -> list[str]:
    return [name for name in results.variants if name != ONE]


def _steps(number: int) -> Overrides:
    return {"num_timesteps": number}


def _noisy(noise: float) -> Overrides:
    """Let noise rise evenly, to a share of the variance."""
    return {
        **_steps(MANY),
        "schedule": "linear-var",
        "noise_scale": noise,
        "noise_min": 1 / MANY,
        "noise_max": 1.0,
    }

"""How much each setting matters for ranking well."""

import warnings

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.study import Study

# Below, what is ahead is ahead by chance.
FEWEST = 8


def importance_of(study: Study) -> dict[str, float]:
    """Return how much each setting matters, the most important first.

    It is what Optuna makes of `"PED-ANOVA: Efficiently Quantifying Hyperparameter
    Importance in Arbitrary Subspaces" <https://arxiv.org/abs/2304.10255>`_: how far the
    values of the best trials are from evenly spread.

    Args:
        study: The study.

    Returns:
        Shares that add up to 1, by name; none where fewer than eight trials are
        complete, or all rank alike.
    """
    complete = [
        trial
        for trial in study.get_trials(deepcopy=False)
        if trial.state is optuna.trial.TrialState.COMPLETE
    ]
    values = {trial.value for trial in complete}
    if len(complete) < FEWEST or len(values) < 2 or not complete[0].params:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        evaluator = PedAnovaImportanceEvaluator()
        found = get_param_importances(study, evaluator=evaluator)
    return {name: float(share) for name, share in found.items()}

"""Which settings each model can be trained with, and which of them it reads."""

from collections.abc import Mapping
from typing import Any

from tvdiff_pyg.models.build import ModelName, check_model_name

# The models that learn a vector for each id do so from pairs and uniform negatives,
# on the whole graph.
EMBEDDING_NEEDS: dict[str, tuple[Any, ...]] = {
    "entropy_type": ("bpr",),
    "batches": ("interactions", "auto"),
    "negatives": ("uniform",),
    "engine": ("exact", "auto"),
    "sparse_grad": (False,),
    "score_with_dropout": (False,),
}
# Accepted values by setting; the first of them is the one to advise.
NEEDS: dict[ModelName, dict[str, tuple[Any, ...]]] = {
    "tvdiff": {},
    "diffrec": {"denoiser": ("mlp", "anisotropic"), "num_layers": (1,)},
    "bpr-mf": {**EMBEDDING_NEEDS, "num_layers": (1,)},
    "lightgcn": EMBEDDING_NEEDS,
}
# What models other than TV-Diff read, of all that makes a model.
READS: dict[ModelName, tuple[str, ...]] = {
    "bpr-mf": ("hidden_channels",),
    "lightgcn": ("hidden_channels", "num_layers"),
}


def check_needs(model: ModelName, settings: Mapping[str, Any]) -> None:
    """Check that a model can be trained with some settings.

    Args:
        model: The model's name.
        settings: Settings by name.

    Raises:
        ValueError: If there is no such model, or a setting contradicts it.

    Example:
        >>> check_needs("diffrec", {"denoiser": "gcn", "num_layers": 2})
        Traceback (most recent call last):
            ...
        ValueError: 'denoiser' needs to be 'mlp' for 'diffrec' (got 'gcn')
    """
    check_model_name(model)
    for name, accepted in NEEDS[model].items():
        if settings[name] not in accepted:
            raise ValueError(
                f"'{name}' needs to be {accepted[0]!r} for {model!r} "
                f"(got {settings[name]!r})"
            )


def needs_exact_engine(model: ModelName) -> bool:
    """Whether a model can be trained on the whole graph only."""
    return "engine" in NEEDS[model]

"""Models from outside: their scorer is tried before anything rests on it."""

from typing import Any

import torch
from torch import Tensor

from tvdiff_pyg.loss import FreeEnergy
from tvdiff_pyg.models.model import Model
from tvdiff_pyg.models.scorer import FactorScorer, Scorer
from tvdiff_pyg.sparse import BipartiteAdjacency

_KNOWN = frozenset(("tvdiff_pyg", "torch", "torch_geometric"))
_USERS = 2  # Enough to tell rows from channels.


def foreign_part(model: Model) -> str | None:
    """Returns what a plug-in adds to a model, in words; ``None`` if nothing does.

    Args:
        model: The model, of which parts may be from outside.

    Example:
        >>> from tvdiff_pyg.models import Popularity
        >>> foreign_part(Popularity()) is None
        True
    """
    for part in model.modules():
        kind = type(part)
        if kind.__module__.partition(".")[0] not in _KNOWN:
            return f"{kind.__name__} of {kind.__module__!r}"
    return None


def checked_scorer(model: Model, graph: BipartiteAdjacency) -> Scorer[Any]:
    """Prepares a model to rank; one from outside ranks for a few users at once.

    Args:
        model: The model; fitted, if it is one in closed form.
        graph: The training graph.

    Returns:
        What ``model.scorer(graph)`` does.

    Raises:
        ValueError: If that of a model from outside is no scorer, or cannot rank.
    """
    name = foreign_part(model)
    if name is None:
        return model.scorer(graph)
    mode, found, wrong = model.training, None, None
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            found = model.eval().scorer(graph)
            wrong = _what_is_wrong(found, graph)
    except Exception as error:
        wrong = f"which fails: {type(error).__name__}: {' '.join(str(error).split())}"
        raise _refusal(name, wrong) from error
    finally:
        model.train(mode)
    if wrong is not None:
        raise _refusal(name, wrong)
    return found


def check_scorer(model: Model, graph: BipartiteAdjacency) -> None:
    """Raises if a model from outside cannot rank; see :func:`checked_scorer`.

    Args:
        model: The model; others are left alone.
        graph: The training graph.

    Raises:
        ValueError: If it cannot.
    """
    if foreign_part(model) is not None:
        checked_scorer(model, graph)


def checked_loss(loss: object, model: Model) -> FreeEnergy:
    """Returns what a model, perhaps from outside, is to learn, or raises.

    Args:
        loss: What its ``training_loss`` or ``sampled_loss`` has returned.
        model: The model.

    Raises:
        ValueError: If that is no loss.
    """
    if not isinstance(loss, FreeEnergy):
        got = _kind(loss)
    elif not all(_is_of(one, []) for one in loss):
        got = f"one of {', '.join(_kind(one) for one in loss)}"
    elif not loss.free_energy.requires_grad:
        got = "one without a gradient"
    else:
        return loss
    raise ValueError(
        f"'training_loss' of {type(model).__name__} needs to return a FreeEnergy of "
        f"scalars, the first with a gradient (got {got})"
    )


def _refusal(name: str, wrong: str) -> ValueError:
    return ValueError(
        f"'model' needs a 'scorer' that ranks (got that of {name}, {wrong})"
    )


def _what_is_wrong(scorer: Any, graph: BipartiteAdjacency) -> str | None:
    """Rank for a few users, and say what is wrong with what comes of it."""
    if not isinstance(scorer, Scorer):
        return f"which returns {_kind(scorer)} and no Scorer"
    if type(scorer).query is Scorer.query:
        return f"whose {type(scorer).__name__} does not define 'query'"
    rows = graph.user_rows
    user = torch.arange(min(_USERS, rows.num_rows), device=rows.col.device)
    if isinstance(scorer, FactorScorer):
        wanted, query = [user.numel(), scorer.item_factor.size(1)], scorer.known(user)
        if not _is_of(query, wanted):
            return f"whose queries need to be of shape {wanted}, not {_kind(query)}"
    wanted = [user.numel(), rows.num_cols]
    score, item = scorer.rank(user, rows.num_cols)
    for one in (score, item):
        if not _is_of(one, wanted):
            return f"whose rankings need to be of shape {wanted}, not {_kind(one)}"
    each = torch.arange(rows.num_cols, device=item.device)
    if not torch.equal(item.sort(dim=1).values, each.expand_as(item)):
        return f"whose rankings need each of the {rows.num_cols} items once"
    return None


def _is_of(value: Any, shape: list[int]) -> bool:
    return isinstance(value, Tensor) and [*value.shape] == shape


def _kind(value: Any) -> str:
    if isinstance(value, Tensor):
        return str([*value.shape])
    return "None" if value is None else f"a {type(value).__name__}"

"""Adam that updates only the rows that a batch has read."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor


class LazyAdam(torch.optim.Optimizer):
    r"""Adam for dense gradients, lazy Adam for row-sparse ones.

    Dense Adam moves every row in every step: one without a gradient goes on by its
    decaying momentum, and its moments shrink. Lazy Adam leaves such rows and their
    moments as they are until they are read again, so a step costs what the batch
    reads rather than the whole table. Rows that every batch reads are updated alike;
    rarely read ones take the larger steps of moments that did not decay.
    :class:`torch.optim.SparseAdam` does the same, but takes sparse gradients only and
    sorts them more often.

    Args:
        params: Parameters.
        lr: Learning rate. (default: ``1e-3``)
        betas: Decay of the two moments. (default: ``(0.9, 0.999)``)
        eps: Added to the denominator. (default: ``1e-8``)

    Example:
        >>> table = torch.nn.Embedding(4, 2, sparse=True)
        >>> before = table.weight.detach().clone()
        >>> table(torch.tensor([1])).sum().backward()
        >>> LazyAdam(table.parameters()).step()
        >>> (table.weight != before).any(dim=1).tolist()
        [False, True, False, False]
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
    ) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Update all parameters that have a gradient.

        Args:
            closure: Computes the loss anew. (default: ``None``)

        Returns:
            What the closure returned.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for param in group["params"]:
                if param.grad is not None:
                    self._update(param, group)
        return loss

    def _update(self, param: Tensor, group: dict[str, Any]) -> None:
        state, grad = self.state[param], param.grad
        assert grad is not None
        if not state:
            state["step"] = 0
            state["exp_avg"] = torch.zeros_like(param)
            state["exp_avg_sq"] = torch.zeros_like(param)
        state["step"] += 1
        if not grad.is_sparse:
            moments = state["exp_avg"], state["exp_avg_sq"]
            param.add_(_step(*moments, grad, state["step"], group))
            return
        grad = grad.coalesce()
        row = grad.indices()[0]
        first, second = state["exp_avg"][row], state["exp_avg_sq"][row]
        change = _step(first, second, grad.values(), state["step"], group)
        state["exp_avg"][row], state["exp_avg_sq"][row] = first, second
        param.index_add_(0, row, change)


def _step(
    first: Tensor, second: Tensor, grad: Tensor, step: int, group: dict[str, Any]
) -> Tensor:
    """Update both moments in place and return the change (Adam, Algorithm 1)."""
    beta1, beta2 = group["betas"]
    first.lerp_(grad, 1 - beta1)
    second.mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
    rate = group["lr"] / (1 - beta1**step)
    denominator = (second / (1 - beta2**step)).sqrt_().add_(group["eps"])
    return (first / denominator).mul_(-rate)

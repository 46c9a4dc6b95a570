"""A denoiser in one file: channels of the item tower that it can close.

tvdiff fit --plugin examples/plugins/gated_denoiser.py --denoiser gated \
    --data movielens-small --run runs/gated
"""

from dataclasses import dataclass

import torch
from torch.nn import Parameter

from tvdiff_pyg.nn import AnisotropicConfig, AnisotropicDenoiser, register_denoiser


@dataclass(frozen=True)
class GatedConfig(AnisotropicConfig):
    """Settings of the gated denoiser.

    Args:
        open_gates: How far the gates are open at first, above 0 and below 1.
    """

    open_gates: float = 0.9

    def __post_init__(self):
        super().__post_init__()
        self.check("open_gates", 0 < self.open_gates < 1, "between 0 and 1")


@register_denoiser("gated", GatedConfig)
class GatedDenoiser(AnisotropicDenoiser):
    """The anisotropic denoiser with a gate on each channel of its item tower."""

    def __init__(self, num_users, num_items, open_gates=0.9, **settings):
        super().__init__(num_users, num_items, **settings)
        self.config = GatedConfig(**vars(self.config), open_gates=open_gates)
        start = torch.full((self.hidden_channels,), open_gates).logit()
        self.gate = Parameter(start)

    def item_factor(self, *args, **kwargs):
        return super().item_factor(*args, **kwargs) * self.gate.sigmoid()

"""Negative samplers by name, and one of one's own."""

from dataclasses import dataclass
from inspect import signature

import pytest
import torch

from tvdiff_pyg.config import Config, from_flat, to_flat
from tvdiff_pyg.negatives import (
    SAMPLERS,
    ARGumbelConfig,
    ARGumbelSampler,
    NegativeSampler,
    register_sampler,
)
from tvdiff_pyg.sparse import CSR

NAMES = ["uniform", "hard"]
OBSERVED = CSR.from_edge_index(torch.tensor([[0, 1], [0, 2]]), (2, 3))
WANTED = torch.tensor([1, 1])


def test_all_are_registered() -> None:
    assert SAMPLERS.names()[:2] == NAMES
    assert all(len(SAMPLERS[name].about) > 20 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_config_builds_its_sampler(name: str) -> None:
    entry = SAMPLERS[name]
    config = from_flat(entry.config, to_flat(entry.config()))
    sampler = SAMPLERS.of(config).part.from_config(config, num_timesteps=5)
    assert type(sampler) is entry.part
    assert sampler.config == config
    factors = torch.ones(2, 1), torch.ones(3, 1), torch.zeros(2, dtype=torch.long)
    assert sampler(OBSERVED, WANTED, *factors).degree().tolist() == [1, 1]


def test_settings_reach_the_sampler() -> None:
    values = {"accept_ratio": 0.2, "gumbel_decay": 1.0}
    sampler = ARGumbelSampler.from_config(from_flat(ARGumbelConfig, values), 7)
    read = sampler.num_timesteps, sampler.accept_ratio, sampler.gumbel_decay
    assert read == (7, 0.2, 1.0)


def test_arguments_have_the_defaults_of_the_config() -> None:
    arguments = dict(signature(ARGumbelSampler).parameters)
    del arguments["num_timesteps"]
    defaults = {key: value.default for key, value in arguments.items()}
    assert defaults == vars(ARGumbelConfig())


def test_unknown_samplers_are_named() -> None:
    message = r"'negatives' needs to be one of \['uniform', 'hard'\] \(got 'easy'\)"
    with pytest.raises(ValueError, match=message):
        SAMPLERS.find("easy", "negatives")


def test_settings_have_types() -> None:
    message = r"'accept_ratio' needs to be a number \(got 'all'\)"
    with pytest.raises(ValueError, match=message):
        ARGumbelConfig("all")


@dataclass(frozen=True)
class FirstConfig(Config):
    """Settings of :class:`First`."""

    start: int = 0


class First(NegativeSampler):
    """The first items, observed or not."""

    def __init__(self, start: int = 0) -> None:
        super().__init__()
        self.config = FirstConfig(start)

    def forward(self, observed: CSR, num_samples: torch.Tensor, *_: object) -> CSR:
        pairs = torch.stack([torch.arange(2), torch.full((2,), self.config.start)])
        return CSR.from_edge_index(pairs, (2, 3))


def test_a_sampler_of_ones_own() -> None:
    register_sampler("first", FirstConfig)(First)
    try:
        sampler = SAMPLERS["first"].part.from_config(FirstConfig(2), num_timesteps=5)
    finally:
        del SAMPLERS._entries["first"]
    assert sampler(OBSERVED, WANTED).col.tolist() == [2, 2]

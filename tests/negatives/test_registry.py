"""Negative samplers by name, and one of one's own."""

from dataclasses import dataclass
from inspect import signature

import pytest
import torch

from tests.builders import tvdiff
from tvdiff_pyg.config import Config, from_flat, to_flat
from tvdiff_pyg.negatives import (
    SAMPLERS,
    ARGumbelConfig,
    ARGumbelSampler,
    NegativeSampler,
    UniformNegativeSampler,
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


@pytest.mark.parametrize("name", NAMES)
def test_one_number_is_for_every_row(name: str) -> None:
    sampler = SAMPLERS[name].part.from_config(SAMPLERS[name].config(), 5)
    observed = CSR.from_edge_index(torch.tensor([[0, 1], [1, 0]]), (2, 40))
    factors = torch.rand(2, 3), torch.rand(40, 3), torch.zeros(2).long()
    drawn = [
        sampler(observed, wanted, *factors, torch.manual_seed(0))
        for wanted in (2, torch.tensor([2, 2]), torch.tensor([2, 2], dtype=torch.int32))
    ]
    assert drawn[0].degree().tolist() == [2, 2]
    for other in drawn[1:]:
        assert torch.equal(other.key(), drawn[0].key())


@pytest.mark.parametrize("name", NAMES)
def test_one_timestep_is_for_every_row(name: str) -> None:
    sampler = SAMPLERS[name].part.from_config(SAMPLERS[name].config(), 5)
    observed = CSR.from_edge_index(torch.tensor([[0, 1], [1, 0]]), (2, 40))
    factors = torch.rand(2, 3), torch.rand(40, 3)
    one, other = (
        sampler(observed, 2, *factors, timestep, torch.manual_seed(0))
        for timestep in (3, torch.tensor([3, 3]))
    )
    assert torch.equal(one.key(), other.key())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (-1, r"'num_samples' needs to be at least 0 \(got -1\)"),
        (torch.tensor([1]), r"'num_samples' needs to be of shape \[2\] \(got \[1\]"),
        (torch.tensor([1.0, 1.0]), r"'num_samples' needs to hold integers"),
        (1.5, r"'num_samples' needs to be an integer \(got 1.5\)"),
        (True, r"'num_samples' needs to be an integer \(got True\)"),
        (None, r"'num_samples' needs to be an integer \(got None\)"),
    ],
)
def test_numbers_of_samples_are_checked(
    name: str, wanted: object, message: str
) -> None:
    sampler = SAMPLERS[name].part.from_config(SAMPLERS[name].config(), 5)
    observed = CSR.from_edge_index(torch.tensor([[0, 1], [1, 0]]), (2, 4))
    factors = torch.rand(2, 3), torch.rand(4, 3), torch.zeros(2).long()
    with pytest.raises(ValueError, match=message):
        sampler(observed, wanted, *factors)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("user_factor", torch.rand(3, 3), r"'user_factor' .* \[2, channels\]"),
        ("item_factor", torch.rand(9, 3), r"'item_factor' .* \[4, channels\]"),
        ("timestep", torch.zeros(2, 1).long(), r"'timestep' .* \[2\] \(got \[2, 1\]"),
        ("timestep", torch.zeros(2), r"'timestep' needs to hold integers"),
    ],
)
def test_what_hard_negatives_read_is_checked(
    name: str, value: torch.Tensor, message: str
) -> None:
    observed = CSR.from_edge_index(torch.tensor([[0, 1], [1, 0]]), (2, 4))
    read = {
        "user_factor": torch.rand(2, 3),
        "item_factor": torch.rand(4, 3),
        "timestep": torch.zeros(2).long(),
        name: value,
    }
    with pytest.raises(ValueError, match=message):
        ARGumbelSampler(5)(observed, 1, **read)


@pytest.mark.parametrize("drawn", [None, OBSERVED], ids=["None", "rows"])
def test_what_is_no_draw_for_the_batch_is_refused(drawn: CSR | None) -> None:
    class Odd(UniformNegativeSampler):
        def forward(self, *_: object, **__: object) -> CSR | None:
            return drawn

    model = tvdiff(3, 4, hidden_channels=2)
    model.sampler = Odd()
    adjacency = model.adjacency(torch.tensor([[0, 1, 2], [0, 1, 2]]))
    message = r"Odd\(\) needs to return a CSR of shape \[3, 4\] \(got "
    with pytest.raises(ValueError, match=message):
        model.training_loss(adjacency, torch.arange(3))

"""Denoisers by name, and one of one's own."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from inspect import signature

import pytest
import torch
from torch import Tensor
from torch.nn import Parameter

from tests.oracle import normalise, pairs_of, random_matrix
from tvdiff_pyg.config import from_flat, to_flat
from tvdiff_pyg.nn import (
    DENOISERS,
    Denoiser,
    DenoiserConfig,
    GCNDenoiser,
    MLPDenoiser,
    register_denoiser,
)
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency, Normalization

SIZE = (6, 8)
MATRIX = random_matrix(*SIZE)
PAIRS = pairs_of(MATRIX)
TIMESTEP = torch.arange(SIZE[0])
NAMES = ["anisotropic", "gcn", "mlp"]


def test_all_are_registered() -> None:
    assert DENOISERS.names()[:3] == NAMES
    assert all(len(DENOISERS[name].about) > 20 for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_config_builds_its_denoiser(name: str) -> None:
    entry = DENOISERS[name]
    config = replace(entry.config(), hidden_channels=5, dropout=0.25, sparse_grad=True)
    again = from_flat(entry.config, to_flat(config))
    denoiser = DENOISERS.of(again).part.from_config(again, *SIZE)
    assert type(denoiser) is entry.part
    assert denoiser.config == config
    read = denoiser.hidden_channels, denoiser.dropout, denoiser.sparse
    assert read == (5, 0.25, True)
    assert denoiser.num_layers == config.num_layers == 1
    assert denoiser.reads_graph is (config.normalization != "none")
    user_factor, item_factor = denoiser(PAIRS, TIMESTEP)
    assert denoiser.decode(user_factor, item_factor).shape == SIZE


@pytest.mark.parametrize("name", NAMES)
def test_arguments_have_the_defaults_of_the_config(name: str) -> None:
    entry = DENOISERS[name]
    arguments = dict(signature(entry.part).parameters)
    del arguments["num_users"], arguments["num_items"]
    default = {key: value.default for key, value in arguments.items()}
    assert default == entry.config().arguments()
    assert entry.config.from_arguments(**default) == entry.config()


def test_depth_is_what_the_config_says() -> None:
    denoiser = GCNDenoiser(*SIZE, num_layers=3)
    assert denoiser.num_layers == denoiser.config.num_layers == 3


@dataclass(frozen=True)
class FeatureConfig(DenoiserConfig):
    """Settings of :class:`FeatureDenoiser`."""

    gain: float = 1.0
    normalization: Normalization = "left"


class FeatureDenoiser(Denoiser):
    """No tables: users and items are what a graph of fixed features says."""

    def __init__(
        self,
        num_users: int,
        num_items: int,
        hidden_channels: int = 64,
        dropout: float = 0.5,
        sparse: bool = False,
        gain: float = 1.0,
        normalization: Normalization = "left",
    ) -> None:
        config = FeatureConfig(hidden_channels, dropout, sparse, gain, normalization)
        super().__init__(num_users, num_items, config)
        self.feature = Parameter(torch.rand(num_users, hidden_channels))
        self.gain = gain

    def embed(
        self, item_rows: CSR, user_rows: CSR | None = None, n_id: object = None
    ) -> tuple[Tensor, Tensor]:
        return self.feature, self.gather(item_rows, item_rows.value, None, self.feature)

    def user_factor(self, hidden: Tensor, timestep: Tensor) -> Tensor:
        return self.gain * hidden

    def item_factor(
        self,
        edge_index: object,
        norm_weight: Tensor | None = None,
        n_id: object = None,
        embedding: Tensor | None = None,
    ) -> Tensor:
        return self.gather(edge_index, norm_weight, n_id, embedding)


@pytest.fixture
def feature_denoiser() -> Iterator[FeatureDenoiser]:
    torch.manual_seed(0)
    register_denoiser("feature", FeatureConfig)(FeatureDenoiser)
    config = from_flat(FeatureConfig, {"hidden_channels": 4, "gain": 2.0})
    yield DENOISERS["feature"].part.from_config(config, *SIZE).double().eval()
    del DENOISERS._entries["feature"]


def test_a_denoiser_of_ones_own(feature_denoiser: FeatureDenoiser) -> None:
    edges = normalise(MATRIX, "left").t()
    item = edges @ feature_denoiser.feature
    expected = 2 * MATRIX @ item, item
    torch.testing.assert_close(feature_denoiser(PAIRS, TIMESTEP), expected)
    for layout in (torch.sparse_csr, torch.sparse_csc):
        adj_t = MATRIX.t().to_sparse(layout=layout)
        torch.testing.assert_close(feature_denoiser(adj_t, TIMESTEP), expected)

    rows = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, "left")
    _, embedding = feature_denoiser.embed(rows.item_rows)
    hidden = feature_denoiser.project(rows.user_rows, embedding=embedding)
    torch.testing.assert_close(hidden, MATRIX @ item)
    assert str(feature_denoiser) == "FeatureDenoiser(6, 8, hidden_channels=4)"


def test_without_tables_nothing_is_looked_up(feature_denoiser: FeatureDenoiser) -> None:
    message = r"'embedding' needs to be given to FeatureDenoiser \(got None\)"
    with pytest.raises(ValueError, match=message):
        feature_denoiser.project(PAIRS.flip(0))
    with pytest.raises(ValueError, match=message):
        feature_denoiser.item_factor(PAIRS)


def test_a_spectral_start_needs_to_be_offered(
    feature_denoiser: FeatureDenoiser,
) -> None:
    rows = CSR.from_edge_index(PAIRS, SIZE)
    message = r"'denoiser' needs to offer a spectral start \(got FeatureDenoiser\)"
    with pytest.raises(ValueError, match=message):
        feature_denoiser.reset_spectral(rows)
    message = r"'normalization' needs to read the graph .*\(got 'none'\)"
    with pytest.raises(ValueError, match=message):
        MLPDenoiser(*SIZE).reset_spectral(rows)


def test_the_base_is_abstract() -> None:
    with pytest.raises(TypeError, match="abstract"):
        Denoiser(*SIZE, DenoiserConfig())


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"hidden_channels": 0}, r"'hidden_channels' needs to be at least 1 \(got 0\)"),
        ({"hidden_channels": 2.5}, r"'hidden_channels' needs to be an integer"),
        ({"dropout": 1.0}, r"'dropout' needs to be in \[0, 1\) \(got 1.0\)"),
        ({"dropout": float("nan")}, r"'dropout' needs to be in \[0, 1\) \(got nan\)"),
        ({"sparse_grad": 1}, r"'sparse_grad' needs to be true or false \(got 1\)"),
        ({"time_channels": 1}, r"'time_channels' needs to be at least 2 \(got 1\)"),
    ],
)
def test_configs_check_themselves(name: str, values: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_flat(DENOISERS[name].config, values)


NOISE = torch.ones(SIZE[0], 4)
WRONG_NOISE = {
    "one number": torch.tensor(1.0),
    "of three dimensions": NOISE[:, None],
    "a float": 1.0,
    "elsewhere": NOISE.to("meta"),
}


@pytest.mark.parametrize("noise", WRONG_NOISE.values(), ids=WRONG_NOISE)
@pytest.mark.parametrize("name", NAMES)
def test_noise_is_not_broadcast(name: str, noise: object) -> None:
    denoiser = DENOISERS[name].part(*SIZE, hidden_channels=4)
    with pytest.raises(ValueError, match="'noise' needs to"):
        denoiser(PAIRS, TIMESTEP, noise=noise)


@pytest.mark.parametrize("pairs", [None, PAIRS])
def test_factors_are_not_broadcast(pairs: Tensor | None) -> None:
    denoiser = MLPDenoiser(*SIZE, hidden_channels=4)
    user, item = torch.ones(SIZE[0], 3), torch.ones(SIZE[1], 3)
    message = r"'item_factor' needs to be of shape \[\*, {}\]"
    with pytest.raises(ValueError, match=message.format(1)):
        denoiser.decode(user[:, :1], item, pairs)
    with pytest.raises(ValueError, match=message.format(3)):
        denoiser.decode(user, item[:, :1], pairs)
    assert denoiser.decode(user.double(), item, pairs).dtype == torch.double


def test_an_mlp_has_a_bias_for_each_item() -> None:
    denoiser = MLPDenoiser(*SIZE, hidden_channels=4)
    with pytest.raises(ValueError, match=r"'embedding' needs to be of shape \[8, "):
        denoiser.item_factor(PAIRS, embedding=torch.ones(SIZE[1] + 1, 4))


WRONG_IDS = {
    "one tensor": torch.arange(SIZE[0]),
    "one of two": (torch.arange(SIZE[0]),),
    "lists": ([0], [0]),
    "without items": (torch.arange(SIZE[0]), None),
    "of another node type": {"user": torch.arange(SIZE[0]), "film": torch.arange(8)},
    "floats": (torch.arange(6.0), torch.arange(8)),
    "a mask": (torch.ones(6).bool(), torch.ones(8).bool()),
    "of two dimensions": (torch.arange(6)[:, None], torch.arange(8)),
    "elsewhere": (torch.arange(6), torch.arange(8).to("meta")),
}


@pytest.mark.parametrize("n_id", WRONG_IDS.values(), ids=WRONG_IDS)
@pytest.mark.parametrize("name", NAMES)
def test_ids_of_a_batch_are_two_vectors(name: str, n_id: object) -> None:
    denoiser = DENOISERS[name].part(*SIZE, hidden_channels=4)
    with pytest.raises(ValueError, match="'n_id' needs to"):
        denoiser(PAIRS, TIMESTEP, n_id=n_id)

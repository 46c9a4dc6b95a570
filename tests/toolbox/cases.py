"""What each tool of PyTorch and PyG is tried on: operator, denoisers and TV-Diff."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import Module

from tests.builders import tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.nn import (
    AnisotropicDenoiser,
    BipartiteConv,
    FeaturesBeside,
    FeaturesInstead,
    GCNDenoiser,
    MLPDenoiser,
)
from tvdiff_pyg.sparse import CSR

SIZE = (4, 6)
MATRIX = random_matrix(*SIZE, density=0.5)
PAIRS = pairs_of(MATRIX).clone()
#: Fewer edges: what was traced on the others needs to take these, too.
FEWER = PAIRS[:, :-3].clone()
TIMESTEP = torch.tensor([0, 3, 1, 2])
X = torch.linspace(-1, 1, SIZE[0] * 3).view(SIZE[0], 3)
CHANNELS = 5

LAYERS: dict[str, Callable[..., Module]] = {
    "operator": lambda **_: BipartiteConv(),
    "anisotropic": lambda **options: _make(AnisotropicDenoiser, **options),
    "gcn": lambda **options: _make(GCNDenoiser, num_layers=3, **options),
    "gcn, weights": lambda **options: _make(
        GCNDenoiser, num_layers=2, layer_weights=True, **options
    ),
    "mlp": lambda **options: _make(MLPDenoiser, **options),
    "features": lambda **options: _make(
        AnisotropicDenoiser, features=FeaturesBeside(), **options
    ).set_features(item=torch.linspace(0, 1, SIZE[1] * 2).view(-1, 2)),
    "sparse features": lambda **options: _make(
        GCNDenoiser, num_layers=2, features=FeaturesInstead(), **options
    ).set_features(*(torch.eye(size).to_sparse_csr() for size in SIZE)),
}
DENOISERS = {name: make for name, make in LAYERS.items() if name != "operator"}
#: Those that are all there once their weights are drawn, for features are of the data.
DRAWN = [name for name in LAYERS if "features" not in name]
layers = pytest.mark.parametrize("name", LAYERS)
denoisers = pytest.mark.parametrize("name", DENOISERS)


def _make(kind: type[Module], **options: object) -> Module:
    torch.manual_seed(0)
    return kind(*SIZE, CHANNELS, 4, **{"dropout": 0.0, **options})


def inputs(name: str, edge_index: object = PAIRS) -> tuple[object, ...]:
    """What a layer is called with."""
    if name == "operator":
        return (X, torch.zeros(SIZE[1], 2)), edge_index
    return edge_index, TIMESTEP


def outputs(layer: Module, *args: object) -> tuple[Tensor, ...]:
    """What it answers, as a tuple."""
    out = layer(*args)
    return out if isinstance(out, tuple) else (out,)


traced = pytest.mark.skipif(
    torch.__version__ < "2.10", reason="PyTorch before 2.10 traces fewer functions"
)
#: The settings of TV-Diff with each denoiser.
MODELS: dict[str, dict[str, object]] = {
    "anisotropic": {},
    "gcn": {"denoiser": "gcn", "num_layers": 3},
    "gcn, weights": {"denoiser": "gcn", "num_layers": 2, "layer_weights": True},
    "mlp": {"denoiser": "mlp"},
}
models = pytest.mark.parametrize("name", MODELS)


def model(name: str, **options: object) -> TVDiff:
    """TV-Diff of few channels, noisy, without dropout."""
    torch.manual_seed(0)
    noise = {"noise_scale": 1.0, "noise_min": 0.05, "noise_max": 0.8}
    small = {"hidden_channels": CHANNELS, "num_timesteps": 3, "dropout": 0.0, **noise}
    return tvdiff(*SIZE, **{**small, **MODELS[name], **options})


def step(model: TVDiff, seed: int = 0) -> Tensor:
    """The loss of a batch of all users, each time with the same noise."""
    adjacency = model.adjacency(PAIRS)
    user = torch.arange(SIZE[0])
    generator = torch.Generator().manual_seed(seed)
    return model.training_loss(adjacency, user, generator=generator).free_energy


def negatives() -> CSR:
    """An unobserved item for each observed one."""
    free = pairs_of(1 - MATRIX)
    places = torch.arange(PAIRS.size(1)) % free.size(1)
    rows = free[:, places.sort().values]
    return CSR.from_edge_index(rows, SIZE)

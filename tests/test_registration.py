"""What is registered keeps to the contract of its kind, or is refused at once."""

import re
import sys
from dataclasses import dataclass, make_dataclass
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.data import HeteroData

from tvdiff_pyg import HelmholtzFreeEnergyLoss, Settings
from tvdiff_pyg.cli import main
from tvdiff_pyg.cli.refusals import refuse
from tvdiff_pyg.data import BipartiteDataset, register_dataset
from tvdiff_pyg.entropies import Entropy, register_entropy
from tvdiff_pyg.models import ClosedFormModel, ModelConfig, register_model
from tvdiff_pyg.nn import AnisotropicConfig, AnisotropicDenoiser, register_denoiser
from tvdiff_pyg.registry import load_plugin
from tvdiff_pyg.sparse import CSR

pytestmark = pytest.mark.usefixtures("forgetful_registries")


@dataclass(frozen=True)
class SumConfig(ModelConfig):
    """No settings."""

    def memory(self, size: Any, step: Any) -> dict[str, int]:
        return {"parameters": 4 * size.num_items}


class Sum(ClosedFormModel):
    """Computes a tensor, which it names or not."""

    def __init__(self) -> None:
        super().__init__(SumConfig())

    def fit(self, graph: Any, seed: int = 0) -> "Sum":
        self.total = torch.ones(3)
        return self

    def scorer(self, graph: Any) -> Any:
        raise AssertionError


class Named(Sum):
    fitted = ("total",)


class Misnamed(Sum):
    fitted = ("totl",)


class Plain(SumConfig):
    """A config that is no dataclass of its own."""

    width: int = 3


def without(part: type, method: str) -> type:
    """Take a method back to the base class's."""
    for base in part.__mro__[1:]:
        if method in vars(base) and base.__module__.startswith("tvdiff_pyg."):
            return type(part.__name__, (part,), {method: vars(base)[method]})
    raise AssertionError(method)


NO_DEFAULT = make_dataclass("NoDefault", [("x", int)], bases=(SumConfig,), frozen=True)
SEEDED = type("Seeded", (BipartiteDataset,), {"reads": ("root", "seed")})
CONFIG = r"'config' of model 'sum' needs to be a class derived from ModelConfig, with"


@pytest.mark.parametrize(
    ("register", "name", "config", "part", "message"),
    [
        (register_model, "", SumConfig, Sum, "'name' of the model needs to be a word"),
        (register_model, "a b", SumConfig, Sum, r"of the model .*\(got 'a b'\)"),
        (register_model, 7, SumConfig, Sum, r"of the model .*\(got 7\)"),
        (register_model, "ease", SumConfig, Sum, "'name' of the model needs to be new"),
        (register_model, "sum", None, Sum, CONFIG + r".*\(got None\)"),
        (register_model, "sum", dict, Sum, CONFIG + ".*got <class 'dict'>"),
        (register_model, "sum", SumConfig(), Sum, CONFIG + r".*got SumConfig\(\)"),
        (register_model, "sum", Plain, Sum, CONFIG + ".*Plain"),
        (register_model, "sum", NO_DEFAULT, Sum, "a default for each field.*'x'"),
        (register_model, "sum", SumConfig, torch.nn.Linear, "derived from Model "),
        (register_model, "sum", SumConfig, without(Sum, "fit"), "needs to define fit"),
        (register_model, "sum", SumConfig, without(Sum, "scorer"), "define scorer"),
        (
            register_model,
            *("sum", dataclass(frozen=True)(without(SumConfig, "memory")), Sum),
            r"'config' of model 'sum' needs to define memory \(SumConfig does not\)",
        ),
        (register_denoiser, "x", None, AnisotropicDenoiser, "from DenoiserConfig"),
        (register_denoiser, "x", SumConfig, AnisotropicDenoiser, "DenoiserConfig"),
        (register_entropy, "x", None, object, "from Entropy"),
        (register_entropy, "x", None, type("E", (Entropy,), {}), "define __call__"),
        (register_dataset, "x", None, dict, "from BipartiteDataset"),
        (register_dataset, "x", None, SEEDED, r"'reads' of data set 'x' .*got 'seed'"),
        (register_dataset, "x y", None, BipartiteDataset, "of the data set"),
    ],
)
def test_mistakes_are_refused_where_they_are_made(
    register: Any, name: Any, config: Any, part: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        (register(name, config) if config else register(name))(part)


def test_what_fit_computes_is_kept_or_refused() -> None:
    graph = torch.tensor([[0, 1], [0, 1]])
    model = Named().prepare(graph)
    assert model.get_extra_state()["total"].tolist() == [1, 1, 1]
    for kind, got in ((Sum, r"\(\), of which \[\]"), (Misnamed, r"\['totl'\] are")):
        message = f"'fitted' of {kind.__name__} needs to name .*{got}.*'total'"
        with pytest.raises(ValueError, match=message):
            kind().prepare(graph)


@pytest.mark.parametrize("value", [None, 1.0, torch.ones(2)], ids=str)
def test_an_entropy_that_is_no_scalar_is_refused(value: Any) -> None:
    @dataclass(frozen=True)
    class Odd(Entropy):
        needs_negatives = False

        def __call__(self, positive: Tensor, *_: Any) -> Any:
            return value

    loss = HelmholtzFreeEnergyLoss(1.0, Odd())
    observed = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
    with pytest.raises(ValueError, match=r"Odd\(\) needs to return a scalar \(got"):
        loss(torch.ones(1, 2), torch.ones(3, 2), observed)


def test_an_entropy_that_does_not_learn_is_refused() -> None:
    """What reads detached scores would leave the energy to be trained alone."""

    @dataclass(frozen=True)
    class Still(Entropy):
        needs_negatives = False

        def __call__(self, positive: Tensor, *_: Any) -> Tensor:
            return -positive.detach().sum()

    loss = HelmholtzFreeEnergyLoss(1.0, Still())
    observed = CSR.from_edge_index(torch.tensor([[0], [1]]), (1, 3))
    with pytest.raises(ValueError, match=r"Still\(\) needs .* gradient of the scores"):
        loss(torch.ones(1, 2, requires_grad=True), torch.ones(3, 2), observed)
    # Where nothing is trained, there is none to have.
    assert loss(torch.ones(1, 2), torch.ones(3, 2), observed).entropy == -2


def test_a_data_set_that_builds_no_graph_is_refused() -> None:
    built = type("Built", (BipartiteDataset,), {"build": lambda self: HeteroData()})
    message = r"'build' of Built needs .* BipartiteGraph \(got HeteroData\)"
    with pytest.raises(ValueError, match=message):
        built(None)


@dataclass(frozen=True)
class WideConfig(AnisotropicConfig):
    """One setting more."""

    extra: int = 3


class Wide(AnisotropicDenoiser):
    """A denoiser that keeps the settings of its base class."""

    def __init__(self, *size: int, extra: int = 3, **settings: Any) -> None:
        super().__init__(*size, **settings)


def test_a_part_that_keeps_other_settings_is_refused() -> None:
    """What is rebuilt from them would be another model."""
    register_denoiser("wide", WideConfig)(Wide)
    message = r"needs the 'denoiser' .* built from, 'wide' \(got 'anisotropic'\)"
    with pytest.raises(ValueError, match=message):
        Settings(denoiser="wide", extra=7).model.build(3, 4)


@pytest.fixture
def plugin(tmp_path: Path) -> Any:
    """A module of somebody else's, loaded as a plug-in."""
    path = tmp_path / "broken_plugin.py"
    path.write_text("def work(text):\n    return text + 1\n")
    load_plugin(str(path))
    return sys.modules["broken_plugin"]


def test_a_fault_of_a_plugin_is_called_that(
    plugin: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TypeError) as raised:
        plugin.work("a")
    assert refuse(raised.value) == 1
    said = capsys.readouterr().err
    assert re.search(r"a fault of the plug-in '.*broken_plugin.py', in line 2 \(", said)
    assert refuse(KeyError("x")) == 1
    assert "a fault of tvdiff or of a plug-in, '" in capsys.readouterr().err


def test_a_setting_that_is_an_option_already_is_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    fields = [("run", int, 0)]
    config = make_dataclass("Own", fields, bases=(SumConfig,), frozen=True)
    config.__doc__ = "Settings.\n\nArgs:\n    run: A number.\n"
    register_model("sum", config)(Named)
    assert main(["fit", "--data", "x.csv", "--run", "x"]) == 2
    said = capsys.readouterr().err
    assert "setting 'run' of model 'sum' needs another name" in said

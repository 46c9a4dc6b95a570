"""What importing brings along, in a process of its own."""

import importlib
import json
import subprocess
import sys
from types import ModuleType
from typing import Any

import pytest

import tvdiff_pyg

BASE = ["config", "contract", "field_types", "ranges", "registry"]
OURS = ("sparse", "nn", "diffusion", "entropies", "loss", "negatives")
IN_ORDER = """
import json, os, sys, warnings
import tvdiff_pyg.machine
out = {"machine": sorted(sys.modules)}
import torch_geometric
out |= {"pyg": sorted(sys.modules)}
before = dict(os.environ), list(warnings.filters)
from tvdiff_pyg.nn import AnisotropicDenoiser
out["nn"] = sorted(sys.modules)
import tvdiff_pyg
for name in ("diffusion", "loss", "negatives"):
    getattr(tvdiff_pyg, name)
out["parts"] = sorted(sys.modules)

import torch
from tvdiff_pyg.sparse import CSR, pair_scores
out["heard"] = []
warnings.showwarning = lambda *args: out["heard"].append(str(args[0]))
csr = CSR.from_edge_index(torch.tensor([[0, 0, 1], [0, 1, 1]]), (2, 2))
pair_scores(csr, torch.ones(2, 3), torch.ones(2, 3))
out["environment"] = dict(os.environ) == before[0]
out["filters"] = warnings.filters == before[1]

import tvdiff_pyg.recommend, tvdiff_pyg.training.settings
out["recommend"] = sorted(sys.modules)
print(json.dumps(out))
"""
ALONE = """
import json, sys
import tvdiff_pyg
print(json.dumps(sorted(sys.modules)))
"""
SHOWN = """
import json, sys
from tvdiff_pyg.cli import main
out = {}
for words in ("--version", "recommend --help"):
    try:
        main(words.split())
    except SystemExit:
        out[words] = sorted(sys.modules)
print(json.dumps(out))
"""


def run(code: str) -> Any:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def imported() -> dict[str, Any]:
    return run(IN_ORDER)


@pytest.mark.parametrize("after", ["nn", "parts"])
def test_parts_import_torch_and_pyg_only(imported: dict[str, Any], after: str) -> None:
    # What PyG imports itself counts as PyG: NumPy and, where it is installed, pandas.
    new = set(imported[after]) - set(imported["pyg"])
    roots = {name.partition(".")[0] for name in new} - sys.stdlib_module_names
    assert roots <= {"tvdiff_pyg", "torch", "torch_geometric"}
    ours = {name.split(".")[1] for name in new if name.startswith("tvdiff_pyg.")}
    assert ours <= {*OURS, *BASE}


def test_the_machine_is_known_by_torch_and_psutil_only(
    imported: dict[str, Any],
) -> None:
    roots = {name.partition(".")[0] for name in imported["machine"]}
    assert not roots & {"polars", "pytorch_lightning", "torch_geometric", "yaml"}


def test_importing_changes_no_surroundings(imported: dict[str, Any]) -> None:
    assert imported["environment"]
    assert imported["filters"]


def test_sparse_products_are_quiet(imported: dict[str, Any]) -> None:
    assert imported["heard"] == []


def test_the_package_alone_imports_nothing() -> None:
    roots = {name.partition(".")[0] for name in run(ALONE)}
    assert not roots & {"numpy", "polars", "pytorch_lightning", "torch"}


def test_help_is_there_before_what_it_tells_of() -> None:
    told = run(SHOWN)
    assert not {"torch", "jsonargparse", "polars"} & set(told["--version"])
    heavy = {"torch_geometric", "polars", "pytorch_lightning"}
    assert not heavy & set(told["recommend --help"])


def test_recommending_and_settings_need_no_lightning(imported: dict[str, Any]) -> None:
    assert not {"pytorch_lightning", "torchmetrics"} & set(imported["recommend"])


@pytest.mark.parametrize("package", ["tvdiff_pyg", "tvdiff_pyg.training"])
def test_names_that_are_read_late_are_all_there(package: str) -> None:
    module = importlib.import_module(package)
    assert sorted(module._HOMES) == sorted(module.__all__)
    assert set(module.__all__) <= set(dir(module))
    for name in module.__all__:
        value = getattr(module, name)
        assert value.__name__ == name and not isinstance(value, ModuleType)


def test_every_public_name_has_a_home() -> None:
    for name in tvdiff_pyg.__all__:
        assert getattr(tvdiff_pyg, name).__module__.startswith("tvdiff_pyg.")
    assert set(tvdiff_pyg.__all__) <= set(dir(tvdiff_pyg))


def test_unknown_names_are_said() -> None:
    message = "module 'tvdiff_pyg' has no attribute 'missing'"
    with pytest.raises(AttributeError, match=message):
        _ = tvdiff_pyg.missing

"""What importing brings along, in a process of its own."""

import json
import subprocess
import sys
from typing import Any

import pytest

import tvdiff_pyg

OURS = ("sparse", "nn", "diffusion", "entropies", "loss", "negatives")
IN_ORDER = """
import json, os, sys, warnings
import torch_geometric
out = {"pyg": sorted(sys.modules)}
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
print(json.dumps(out))
"""
ALONE = """
import json, sys
import tvdiff_pyg
print(json.dumps(sorted(sys.modules)))
"""


def run(code: str) -> Any:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


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
    assert ours <= {*OURS, "config", "registry"}


def test_importing_changes_no_surroundings(imported: dict[str, Any]) -> None:
    assert imported["environment"]
    assert imported["filters"]


def test_sparse_products_are_quiet(imported: dict[str, Any]) -> None:
    assert imported["heard"] == []


def test_the_package_alone_imports_nothing() -> None:
    roots = {name.partition(".")[0] for name in run(ALONE)}
    assert not roots & {"numpy", "polars", "pytorch_lightning", "torch"}


def test_every_public_name_has_a_home() -> None:
    assert sorted(tvdiff_pyg._HOMES) == sorted(tvdiff_pyg.__all__)
    for name in tvdiff_pyg.__all__:
        assert getattr(tvdiff_pyg, name).__module__.startswith("tvdiff_pyg.")
    assert set(tvdiff_pyg.__all__) <= set(dir(tvdiff_pyg))


def test_unknown_names_are_said() -> None:
    message = "module 'tvdiff_pyg' has no attribute 'missing'"
    with pytest.raises(AttributeError, match=message):
        _ = tvdiff_pyg.missing

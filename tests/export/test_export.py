"""Exported runs: what serves them ranks as this library does."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.builders import build, tvdiff
from tests.oracle import pairs_of, random_matrix
from tvdiff_pyg.data import BipartiteGraph, IdMap
from tvdiff_pyg.export import export
from tvdiff_pyg.export.user_tower import UserTower
from tvdiff_pyg.models import EASE, Blend, LocalEASE, Model
from tvdiff_pyg.ranking import ItemIndex
from tvdiff_pyg.recommend import Recommender

SIZE = (40, 60)
MATRIX = random_matrix(*SIZE, density=0.15)
MATRIX[3] = 0  # a user without an item
EXAMPLE = Path(__file__).parents[2] / "examples/serve_exported.py"
HISTORY = [f"item {one}" for one in (3, 14, 15, 44)]


def built(name: str) -> Model:
    torch.manual_seed(0)
    if name == "ease":
        return EASE(l2=1.0)
    if name == "bpr-mf":
        model: Model = build(name, *SIZE, hidden_channels=6)
        return model
    if name.startswith("blend"):
        linear = EASE(l2=1.0) if name == "blend-ease" else LocalEASE(5, l2=1.0)
        model = tvdiff(*SIZE, hidden_channels=6, num_timesteps=3)
        return Blend(model, linear, 1.0, 2.0 if name == "blend-popular" else 0.0)
    denoiser = {"anisotropic": {}, "gcn": {"num_layers": 2}, "mlp": {}}[name]
    return tvdiff(*SIZE, denoiser=name, hidden_channels=6, num_timesteps=3, **denoiser)


def recommender(name: str, **parts: Any) -> Recommender:
    model = built(name)
    graph = BipartiteGraph.from_edge_index(
        pairs_of(MATRIX),
        *SIZE,
        item_ids=IdMap([f"item {one}" for one in range(60)], "item"),
        **parts,
    )
    return Recommender(model.prepare(model.adjacency_of(graph)), graph)


@pytest.mark.parametrize("name", ["anisotropic", "gcn", "mlp"])
def test_a_tower_gives_the_factors_of_the_model(name: str) -> None:
    scorer = recommender(name).scorer
    tower: Any = UserTower(scorer)  # type: ignore[arg-type]
    tower.check()
    rows = scorer.rows
    users = torch.arange(40)
    history = torch.full((40, int(rows.degree().max()) + 2), -1)
    history[rows.row(), rows.position()] = rows.col
    torch.testing.assert_close(tower(history), scorer.known(users))


def test_a_tower_that_is_not_the_model_is_refused() -> None:
    tower: Any = UserTower(recommender("anisotropic").scorer)  # type: ignore[arg-type]
    tower.embedding += 1
    with pytest.raises(ValueError, match="'run' needs a model whose user factors foll"):
        tower.check()


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", ["anisotropic", "gcn", "mlp", "blend", "blend-ease", "blend-popular"]
)
def test_the_example_ranks_the_same(name: str, tmp_path: Path) -> None:
    for package in ("onnxruntime", "onnxscript", "scipy"):
        pytest.importorskip(package, reason="needs the extra 'export'")
    shop = recommender(name)
    files = export(shop, tmp_path / "served", "onnx")
    blended = name.startswith("blend") + (name == "blend-popular")
    assert all(file.is_file() for file in files) and len(files) == 3 + blended
    # Nothing of this library is there to be imported.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [sys.executable, EXAMPLE, tmp_path / "served", *HISTORY]
    done = subprocess.run(
        command, cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    served = [line.split("\t") for line in done.stdout.splitlines()]
    expected = shop.recommend([HISTORY], k=20)
    assert [item for item, _ in served] == expected.items[0]
    scores = [float(score) for _, score in served]
    assert scores == pytest.approx(expected.scores[0], abs=1e-5)


def test_the_example_is_short_and_stands_alone() -> None:
    text = EXAMPLE.read_text()
    lines = [line for line in text.splitlines() if line and "import" not in line]
    assert len(lines) <= 16 and "import tvdiff" not in text


@pytest.mark.parametrize("name", ["anisotropic", "bpr-mf", "blend", "blend-popular"])
def test_factors_of_safetensors_rank_the_same(name: str, tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors.numpy")
    shop = recommender(name, item_titles=[f"Film {one}" for one in range(60)])
    export(shop, tmp_path, "safetensors")
    found = safetensors.load_file(tmp_path / "factors.safetensors")
    items = json.loads((tmp_path / "items.json").read_text())
    users = json.loads((tmp_path / "users.json").read_text())["ids"]
    assert items["titles"][7] == "Film 7" and users == list(range(40))
    score = found["user_factor"] @ found["item_factor"].T
    for user in (0, 3, 39):
        met = MATRIX[user].nonzero().flatten().numpy()
        if name.startswith("blend"):
            for one in met:
                row = slice(*found["linear.rowptr"][one : one + 2])
                score[user, found["linear.col"][row]] += found["linear.value"][row]
        score[user] += found.get("item_bias", 0.0)
        score[user, met] = -np.inf
        best = [items["ids"][one] for one in np.argsort(-score[user])[:20]]
        assert best == shop.recommend([user], k=20).items[0]


def test_what_only_a_blend_has_does_not_stay_behind(tmp_path: Path) -> None:
    for package in ("onnxruntime", "onnxscript", "scipy"):
        pytest.importorskip(package, reason="needs the extra 'export'")
    names = {"user_tower.onnx", "item_factor.npy", "items.json"}
    for earlier in ("own.txt", "item_bias.npy"):
        (tmp_path / earlier).touch()
    for name, more in (("blend", {"linear.npz"}), ("anisotropic", set())):
        files = export(recommender(name), tmp_path, "onnx")
        there = {file.name for file in tmp_path.iterdir()}
        assert there == {"own.txt", *(file.name for file in files)}
        assert there == {"own.txt"} | names | more


def test_an_index_finds_the_same(tmp_path: Path) -> None:
    pytest.importorskip("faiss")
    shop = recommender("anisotropic")
    export(shop, tmp_path, "faiss")
    index = ItemIndex.load(tmp_path / "items.faiss")
    found = shop.recommend([HISTORY], k=20, index=index)
    assert found.items == shop.recommend([HISTORY], k=20).items
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "items.faiss",
        "items.json",
    ]


@pytest.mark.parametrize(
    ("name", "to", "message"),
    [
        ("ease", "safetensors", r"needs a model that scores by dense factors \(got EA"),
        ("ease", "onnx", r"needs a model that scores by dense factors \(got EASE\)"),
        ("bpr-mf", "onnx", r"'onnx' needs a model that denoises hist.*\(got BPRMF\)"),
        ("blend", "faiss", r"'model' needs dense factors to be indexed \(got Blend\)"),
        ("bpr-mf", "pickle", r"'to' needs to be one of .* \(got 'pickle'\)"),
    ],
)
def test_what_cannot_be_exported_leaves_nothing(
    name: str, to: Any, message: str, tmp_path: Path
) -> None:
    if to == "safetensors":
        pytest.importorskip("safetensors")
    with pytest.raises(ValueError, match=message):
        export(recommender(name), tmp_path / "served", to)
    assert list(tmp_path.iterdir()) == []


def test_scoring_with_dropout_is_not_exported(tmp_path: Path) -> None:
    model = tvdiff(*SIZE, hidden_channels=6, score_with_dropout=True)
    graph = BipartiteGraph.from_edge_index(pairs_of(MATRIX), *SIZE)
    with pytest.raises(ValueError, match="needs a model that scores by dense factors"):
        export(Recommender(model, graph), tmp_path / "served", "onnx")


@pytest.mark.parametrize(
    ("to", "package"), [("onnx", "onnxscript"), ("safetensors", "safetensors.torch")]
)
def test_what_is_missing_is_said(
    to: Any, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=r"pip install 'tvdiff_pyg\[export\]'"):
        export(recommender("anisotropic"), tmp_path / "served", to)
    assert not any(tmp_path.glob("served/*"))

"""PyG's explainers: which interactions one score comes from."""

import pytest
import torch
from torch import Tensor
from torch.nn import Module
from torch_geometric.explain import CaptumExplainer, Explainer, GNNExplainer

from tests.toolbox.cases import LAYERS, PAIRS, SIZE, layers

USER, ITEM = 0, 1
X = torch.linspace(0.5, 1, SIZE[1]).view(-1, 1)
CAPTUM: dict[str, dict[str, int]] = {
    "IntegratedGradients": {"n_steps": 20},
    "Saliency": {},
    "InputXGradient": {},
    "Deconvolution": {},
    "ShapleyValueSampling": {"n_samples": 3},
    "GuidedBackprop": {},
}


class Score(Module):
    """What PyG explains: scores of pairs, from ``(x, edge_index)``."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.layer, self.name = LAYERS[name](), name

    def forward(self, x: Tensor, edge_index: Tensor, pairs: Tensor) -> Tensor:
        if self.name == "operator":
            item = self.layer((x[: SIZE[0]], x), edge_index)
            return item[pairs[1]].sum(dim=-1)
        # The features are not read, and need a gradient nevertheless.
        return self.layer.decode(*self.layer(edge_index, 1), pairs) + 0 * x.sum()


def explain(score: Score, algorithm: object, **options: object) -> Tensor:
    explainer = Explainer(
        score,
        algorithm,
        explanation_type="model",
        edge_mask_type="object",
        model_config={"mode": "regression", "task_level": "edge", "return_type": "raw"},
        **options,
    )
    torch.manual_seed(0)
    explanation = explainer(X, PAIRS, pairs=torch.tensor([[USER], [ITEM]]))
    assert explanation.validate()
    assert score.layer.explain is None
    assert score.layer.fuses
    return explanation.edge_mask


def reached(score: Score) -> Tensor:
    """Which edges the score depends on: those around the user and around the item."""
    sides = [] if score.name == "operator" else [(0, USER)]
    sides += [] if score.name == "mlp" else [(1, ITEM)]
    read = torch.zeros(PAIRS.size(1), dtype=torch.bool)
    for side, index in sides:
        nodes = torch.tensor([index])
        for hop in range(getattr(score.layer, "num_layers", 1)):
            now = (side + hop) % 2
            edges = torch.isin(PAIRS[now], nodes)
            read |= edges
            nodes = PAIRS[1 - now][edges]
    return read


@layers
def test_gnn_explainer_names_what_is_read(name: str) -> None:
    score = Score(name)
    for options in ({}, {"node_mask_type": "attributes"}):
        mask = explain(score, GNNExplainer(epochs=20), **options)
        assert torch.equal(mask > 0, reached(score))


@pytest.mark.filterwarnings("ignore:Setting backward hooks on ReLU")
@pytest.mark.parametrize("method", CAPTUM)
@pytest.mark.parametrize("name", ["operator", "gcn, weights"])
def test_captum_names_what_is_read(name: str, method: str) -> None:
    pytest.importorskip("captum", reason="needs the extra 'explain'")
    score = Score(name)
    mask = explain(score, CaptumExplainer(method, **CAPTUM[method]))
    assert not mask[~reached(score)].any()
    assert mask.abs().max() > 1e-3


@layers
def test_integrated_gradients_add_up_to_the_score(name: str) -> None:
    pytest.importorskip("captum", reason="needs the extra 'explain'")
    score = Score(name)
    pair = torch.tensor([[USER], [ITEM]])
    mask = explain(score, CaptumExplainer("IntegratedGradients", n_steps=200))
    none = score(X, PAIRS[:, :0], pair)
    torch.testing.assert_close(mask.sum(), (score(X, PAIRS, pair) - none).sum())

"""Metrics by name: optional ones, and those that others register."""

import json
import math
from pathlib import Path

import pytest
import torch
import torchmetrics
from torch import Tensor
from torch_geometric.metrics import LinkPredF1, LinkPredMetric

from tvdiff_pyg.cli import main
from tvdiff_pyg.metrics import (
    METRICS,
    Catalogue,
    RankingMetrics,
    default_metrics,
    register_metric,
)
from tvdiff_pyg.metrics.monitor import check_monitored
from tvdiff_pyg.sparse import CSR

DEFAULT = ["recall", "ndcg", "precision", "hit_ratio", "map", "mrr"]
DEFAULT += ["coverage", "popularity"]


def test_optional_metrics_are_asked_for() -> None:
    assert default_metrics() == DEFAULT
    assert {"diversity", "personalization"} <= set(METRICS.names())
    chosen = RankingMetrics(torch.ones(7), (2, 3), metrics=["personalization"])
    assert list(chosen.shown) == ["personalization@2", "personalization@3"]
    assert list(chosen.ranking) == []
    assert METRICS["diversity"].about.startswith("Share of the pairs")


def test_unknown_and_unfit_metrics() -> None:
    message = r"'metrics' needs to be one of \['recall', .*\] \(got 'speed'\)"
    with pytest.raises(ValueError, match=message):
        RankingMetrics(torch.ones(3), metrics=["speed"])
    message = r"'diversity' needs a category of each item \(got none\)"
    with pytest.raises(ValueError, match=message):
        RankingMetrics(torch.ones(3), metrics=["diversity"])


@pytest.fixture
def registered(forgetful_registries: None) -> None:
    """Three metrics of somebody else's."""
    register_metric("f1")(LinkPredF1)

    @register_metric("longest")
    class Longest(LinkPredMetric):
        """The share of users whose last place is taken."""

        weighted = False

        def _compute(self, data: object) -> Tensor:
            item = data.pred_index_mat[:, self.k - 1]  # type: ignore[attr-defined]
            return (item < 5).float()

    @register_metric("rarest")
    class Rarest(torchmetrics.MinMetric):
        """The fewest interactions of an item that is shown."""

        def __init__(self, k: int, catalogue: Catalogue) -> None:
            super().__init__()
            self.popularity = catalogue.popularity

        def update(self, item: Tensor, label_index: Tensor) -> None:
            shown = item[item < len(self.popularity)]
            super().update(self.popularity[shown])


def test_registered_metrics_are_measured(registered: None) -> None:
    assert default_metrics() == [*DEFAULT, "f1", "longest", "rarest"]
    metrics = RankingMetrics(torch.tensor([7, 1, 0, 2, 5]), ks=(1, 3))
    held_out = torch.tensor([[0, 0, 1], [1, 4, 0]])
    label = CSR.from_edge_index(held_out, (2, 5))
    metrics.update(torch.tensor([[3, 1, 4], [0, 2, -1]]), label)
    out = metrics.compute()
    # F1 is 2 h / (k + |held out|) of h hits.
    assert out["f1@3"] == pytest.approx((2 * 2 / (3 + 2) + 2 * 1 / (3 + 1)) / 2)
    assert out["longest@1"] == 1 and out["longest@3"] == 1 / 2
    assert out["rarest@1"] == 2 and out["rarest@3"] == 0
    metrics.reset()
    assert metrics.compute()["rarest@1"] == math.inf


def test_registered_metrics_are_kept_and_printed(
    registered: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = str(tmp_path / "run")
    data = "synthetic:num_users=60,num_items=40,num_interactions=500"
    args = ["fit", "--data", data, "--run", run, "--hidden-channels", "4"]
    args += ["--num-timesteps", "1", "--device", "cpu", "--progress", "false"]
    assert main([*args, "--max-epochs", "1"]) == 0
    assert capsys.readouterr().out.count("longest") == 2
    reported = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert {"f1@10", "f1@20", "rarest@20"} <= set(reported["test"])
    assert main(["evaluate", run, "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["test"]
    assert found["f1@20"] == pytest.approx(reported["test"]["f1@20"])


def test_a_metric_of_which_more_is_better_may_choose(registered: None) -> None:
    assert check_monitored((5, 20), "f1@5") == (5, 20)
    # Nothing says so of this one.
    with pytest.raises(ValueError, match=r"'monitor' needs a metric of which more is"):
        check_monitored((5, 20), "longest@5")


def test_what_computes_no_number_is_refused(forgetful_registries: None) -> None:
    register_metric("three")(lambda k, catalogue: 3)
    with pytest.raises(ValueError, match=r"metric 'three' needs .* \(got int\)"):
        RankingMetrics(torch.ones(3), (1,), metrics=["three"])

    class Vector(LinkPredF1):
        def compute(self) -> Tensor:
            return torch.ones(3)

    register_metric("vector")(Vector)
    metrics = RankingMetrics(torch.ones(3), (1,), metrics=["vector"])
    with pytest.raises(ValueError, match=r"'vector@1' needs to compute a number .*3"):
        metrics.compute()

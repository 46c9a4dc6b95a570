"""The final fit: everything is trained on, for as many epochs as were best."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.training.runs import plain
from tvdiff_pyg import Recommender
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.models import Blend
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, fit_final


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"linear_share": 0.3, "choose_linear_share": True, "check_every": 2},
        {"engine": "sampled", "num_neighbors": 4, "num_pool": 30},
    ],
    ids=str,
)
def test_a_final_fit_is_a_fit_of_the_whole(
    change: dict[str, Any],
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
) -> None:
    chosen = settings.but(max_epochs=2, **change)
    seeded = replace(options, seed=3)
    told = fit(graph, chosen, run=tmp_path / "run", options=seeded)
    final = fit_final(tmp_path / "run", run=tmp_path / "final", options=seeded)
    assert final["epochs"] == final["best_epoch"] == told["best_epoch"]
    assert final["data"]["train"] == graph.known_index.size(1)
    assert final["selected_on"] is None and final["test"] == final["validation"] == {}
    assert final["linear_share"] == told["linear_share"]
    selected = final["selected_by"]
    assert told["selected_by"] is None and selected.pop("run") == str(tmp_path / "run")
    assert selected == {name: told[name] for name in selected}
    assert selected["validation"]["ndcg@20"] > 0 and selected["test"]
    model = RunFolder(tmp_path / "final").model()
    if change.get("linear_share"):
        assert isinstance(model, Blend) and model.share == told["linear_share"]
    # By hand: all pairs as the training part, and the best number of epochs.
    merged = BipartiteGraph.from_edge_index(
        graph.known_index, graph.num_users, graph.num_items
    )
    best = {"max_epochs": told["best_epoch"]}
    if change.get("linear_share"):
        best |= {"linear_share": told["linear_share"], "choose_linear_share": False}
    other = fit(
        merged,
        chosen.but(**best),
        run=tmp_path / "other",
        options=replace(seeded, final=True),
    )
    assert other["data"] == final["data"]
    expected = RunFolder(tmp_path / "other").model().state_dict()
    assert plain(model.state_dict()) == plain(expected)


def test_in_closed_form(
    graph: BipartiteGraph, options: FitOptions, tmp_path: Path
) -> None:
    fit(graph, Settings(model="ease"), run=tmp_path / "run", options=options)
    final = fit_final(tmp_path / "run", run=tmp_path / "final", options=options)
    assert final["epochs"] == 0 and final["data"]["test"] == 0
    whole = fit(
        graph.without_held_out(),
        Settings(model="ease"),
        run=tmp_path / "whole",
        options=options,
    )
    assert whole["test"] == {}
    weights = [
        RunFolder(tmp_path / name).model().state_dict() for name in ("final", "whole")
    ]
    assert plain(weights[0]) == plain(weights[1])


def test_in_a_shell(
    graph: BipartiteGraph,
    fitted: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, final = str(fitted), str(tmp_path / "final")
    assert main(["final", run, "--run", final, "--progress", "false"]) == 0
    said = capsys.readouterr().out
    assert f"metrics are those of {run}" in said
    assert main(["evaluate", final]) == 2
    said = capsys.readouterr().err
    assert "'graph' needs held-out test interactions (got none)" in said
    again = tmp_path / "again"
    assert main(["final", final, "--run", str(again)]) == 2
    assert "which is a final fit itself" in capsys.readouterr().err
    assert not again.exists()
    user = graph.user_ids.ids(graph.test_index[0, :1])
    met = int((graph.known_index[0] == graph.test_index[0, 0]).sum())
    found = Recommender.load(final, "cpu").recommend(user, graph.num_items)
    assert len(found.items[0]) == graph.num_items - met


def test_a_finished_final_fit_is_not_gone_on_with(
    fitted: Path, options: FitOptions, tmp_path: Path
) -> None:
    final = tmp_path / "final"
    told = fit_final(fitted, run=final, options=options)
    with pytest.raises(
        ValueError,
        match=r"'resume' needs a final fit that is unfinished \(got .*final, which has "
        rf"been trained for {told['epochs']} epochs, as many as were best\)",
    ):
        fit_final(fitted, run=final, options=replace(options, resume=True))
    assert RunFolder(final).metrics() == told


def test_what_cannot_be_final(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    chosen = settings.but(linear_share=0.3, choose_linear_share=True)
    with pytest.raises(ValueError, match="'choose_linear_share' needs a held-out part"):
        fit(graph, chosen, run=tmp_path / "a", options=replace(options, final=True))
    assert not (tmp_path / "a").exists()
    with pytest.raises(FileNotFoundError, match=r"holding metrics\.json"):
        fit_final(tmp_path / "a", run=tmp_path / "b")
    with pytest.raises(ValueError, match=r"'protocol' has no use .*\(got 'paper'\)"):
        replace(options, final=True, protocol="paper")

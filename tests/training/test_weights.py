"""Runs on weighed interactions: what is kept, gone on with and refused."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
import torch
import yaml

from tests.training.ranks import carry_out, difference
from tests.training.runs import PowerCutError, cut_off, state
from tvdiff_pyg import Recommender
from tvdiff_pyg.cli import main
from tvdiff_pyg.data import BipartiteGraph, prepare
from tvdiff_pyg.data.interaction_data import RATES
from tvdiff_pyg.training import FitOptions, RunFolder, Settings, fit, fit_final

FAST = ["--hidden-channels", "8", "--max-epochs", "2", "--num-timesteps", "2"]
FAST += ["--device", "cpu", "--progress", "false", "--batch-size", "64"]
SAMPLED = {"engine": "sampled", "num_neighbors": 4, "num_pool": 30}


def weighed(graph: BipartiteGraph, seed: int | None = 0) -> BipartiteGraph:
    """Return a graph of the same pairs, each with a weight unless there is no seed."""
    parts = graph.train_index, graph.validation_index, graph.test_index
    weights: list[torch.Tensor | None] = [None, None, None]
    if seed is not None:
        generator = torch.Generator().manual_seed(seed)
        size = graph.num_users, graph.num_items
        table = torch.rand(size, generator=generator) + 0.1
        weights = [table[tuple(index)] for index in parts]
    return BipartiteGraph.from_edge_index(
        parts[0],
        graph.num_users,
        graph.num_items,
        validation_index=parts[1],
        test_index=parts[2],
        edge_weight=weights[0],
        validation_weight=weights[1],
        test_weight=weights[2],
    )


@pytest.mark.parametrize("engine", [{}, SAMPLED], ids=["exact", "sampled"])
def test_a_resumed_run_is_the_run(
    engine: dict[str, Any],
    graph: BipartiteGraph,
    settings: Settings,
    options: FitOptions,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, bare = weighed(graph), weighed(graph, seed=None)
    chosen = settings.but(max_epochs=2, **engine)
    told = fit(given, chosen, run=tmp_path / "whole", options=options)
    other = fit(bare, chosen, run=tmp_path / "bare", options=options)
    assert told["test"] != other["test"]
    assert state(tmp_path / "whole") != state(tmp_path / "bare")
    with monkeypatch.context() as patched:
        cut_off(patched, epoch=1)
        with pytest.raises(PowerCutError):
            fit(given, chosen, run=tmp_path / "cut", options=options)
    resumed = replace(options, resume=True)
    for changed in (bare, weighed(graph, seed=1)):
        with pytest.raises(ValueError, match=r"the run began with \(.*weight\)"):
            fit(changed, chosen, run=tmp_path / "cut", options=resumed)
    again = fit(given, chosen, run=tmp_path / "cut", options=resumed)
    assert state(tmp_path / "cut") == state(tmp_path / "whole")
    assert again["test"] == told["test"]


def test_what_was_held_out_is_trained_on_by_its_weight(
    graph: BipartiteGraph, settings: Settings, options: FitOptions, tmp_path: Path
) -> None:
    given, fewer = weighed(graph), settings.but(max_epochs=1)
    paper = replace(options, protocol="paper")
    fit(given, fewer, run=tmp_path / "paper", options=paper)
    merged = RunFolder(tmp_path / "paper").graph()
    assert merged.train_weight is not None
    assert merged.train_weight.equal(given.without_validation().train_weight)
    fit_final(tmp_path / "paper", run=tmp_path / "final", options=options)
    recommender = Recommender.load(tmp_path / "final", device="cpu")
    whole = given.without_held_out()
    assert recommender.graph.train_index.equal(whole.train_index)
    value = recommender.adjacency.user_rows.value
    assert value is not None and value.equal(whole[RATES].edge_weight)


@pytest.fixture(scope="module")
def ratings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rng = np.random.default_rng(0)
    lines = [
        f"{user},{item},{rng.integers(1, 11) / 2},{rng.integers(10**9)}"
        for user in range(1, 31)
        for item in rng.choice(200, size=12) % 25
    ]
    path = tmp_path_factory.mktemp("ratings") / "ratings.csv"
    path.write_text("\n".join(["userId,movieId,rating,timestamp", *lines]) + "\n")
    return path


def test_ratings_as_weights_on_the_command_line(
    ratings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    given = ["--data", str(ratings), "--weight-column", "rating"]
    given += ["--timestamp-column", "timestamp", "--duplicate-weights", "last"]
    assert main(["fit", *given, "--run", str(run), *FAST]) == 0
    said = "".join(capsys.readouterr())
    assert 'weights from column 2, "rating"' in said
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["weight_column"] == "rating"
    assert config["duplicate_weights"] == "last"
    graph = RunFolder(run).graph()
    # The last of each pair, read by other means.
    rows = [line.split(",") for line in ratings.read_text().split()[1:]]
    rows.sort(key=lambda row: int(row[3]))
    expected = {(int(row[0]), int(row[1])): float(row[2]) for row in rows}
    user, item = (
        ids.ids(index)
        for ids, index in zip(
            (graph.user_ids, graph.item_ids), graph.train_index, strict=True
        )
    )
    weight = graph[RATES].edge_weight.tolist()
    assert weight == [expected[pair] for pair in zip(user, item, strict=True)]
    assert main(["evaluate", str(run), "--device", "cpu"]) == 0
    assert main(["recommend", str(run), "--user", "1", "--device", "cpu"]) == 0
    assert main(["recommend", str(run), "--items", "1,2", "--device", "cpu"]) == 0
    capsys.readouterr()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--model", "ease"], "'weight_column' has no use with model 'ease'"),
        (["--preset", "recommended"], "the linear model that 'linear_share' blends in"),
    ],
)
def test_models_without_use_for_them_leave_nothing(
    options: list[str],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    run = tmp_path / "run"
    # Before the file is looked for.
    given = ["fit", "--data", "nowhere.csv", "--weight-column", "rating"]
    assert main([*given, "--run", str(run), *options]) == 2
    said = capsys.readouterr().err
    assert message in " ".join(said.split()) and not run.exists()


@pytest.mark.slow
def test_each_process_reads_the_weights_of_its_own_users(
    graph: BipartiteGraph, tmp_path: Path
) -> None:
    user, item = graph.known_index.numpy()
    # Who comes late has nothing to train on, weighed or not.
    time = (item * 7 + user) % 80 + 100 * (user >= graph.num_users // 2)
    columns = {"user": user, "item": item, "time": time, "stars": (user + item) % 5 + 1}
    pl.DataFrame(columns).write_parquet(tmp_path / "log.parquet")
    split = {"split": "global_time", "validation_ratio": 0.4, "test_ratio": 0.25}
    given = {"timestamp": "time", "weight": "stars", **split}
    data = prepare(tmp_path / "log.parquet", tmp_path / "data", 2, **given)
    late = data.part(data.num_users // 2, data.num_users)
    assert late.train_index.size(1) == 0 and late.is_weighed
    read = {"data": data.folder}
    (one,) = carry_out(1, "torchrun", "train", tmp_path / "one", {}, **read)
    (bare,) = carry_out(1, "torchrun", "train", tmp_path / "bare", {})
    assert one["told"]["test"] != bare["told"]["test"]
    read["strategy"] = "partitioned"
    for other in carry_out(2, "torchrun", "train", tmp_path / "two", {}, **read):
        for part in ("validation", "test"):
            assert other["told"][part] == pytest.approx(one["told"][part], rel=1e-4)
    weights = [RunFolder(tmp_path / n).model().state_dict() for n in ("one", "two")]
    assert difference(*weights) < 1e-5

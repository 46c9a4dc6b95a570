"""What leaving dropout on while scoring, as the published code does, costs.

One trained model, the same test users: scored once without dropout, then several times
with it, by the dense reference.

    python benchmarks/dropout_while_scoring.py runs/lastfm-paper
"""

import argparse
from pathlib import Path

import torch
from records import RESULTS, append_record, hardware

from tvdiff_pyg.evaluation import (
    EvaluationTask,
    RankingMetrics,
    evaluate,
    rank_scores,
)
from tvdiff_pyg.models import TVDiff
from tvdiff_pyg.models.reference import dense_scores
from tvdiff_pyg.sparse import BipartiteAdjacency
from tvdiff_pyg.training import RunFolder
from tvdiff_pyg.training.run_folder import versions

USERS_AT_ONCE = 512


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run", type=Path)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument(
        "--file", type=Path, default=RESULTS / "dropout_while_scoring.jsonl"
    )
    options = parser.parse_args()
    folder = RunFolder(options.run)
    model, graph, config = folder.trained_model(), folder.graph(), folder.config()
    adjacency = model.adjacency(graph.train_index)
    task = EvaluationTask.from_graph(graph, "test")
    without = evaluate(model, adjacency, task)
    for seed in [None, *range(options.draws)]:
        if seed is None:
            metrics = without
        else:
            metrics = evaluate_with_dropout(model, adjacency, task, seed)
        record = {
            "dataset": config["data"],
            "preset": config["preset"],
            "protocol": config["protocol"],
            "dropout_while_scoring": seed is not None,
            "scoring_seed": seed,
            "metrics": {"test": metrics},
            "hardware": hardware(),
            "versions": versions(),
        }
        append_record(options.file, record)
        print(seed, metrics["recall@20"], metrics["ndcg@20"], flush=True)


@torch.no_grad()
def evaluate_with_dropout(
    model: TVDiff, adjacency: BipartiteAdjacency, task: EvaluationTask, seed: int
) -> dict[str, float]:
    torch.manual_seed(seed)
    metrics = RankingMetrics(task.popularity)
    items = model.encode_items(adjacency)
    model.train()
    for user in task.user.split(USERS_AT_ONCE):
        score = dense_scores(model, adjacency.user_rows.select(user), items)
        item = rank_scores(score, max(metrics.ks), task.seen.select(user))[1]
        metrics.update(item, task.label.select(user))
    model.eval()
    return metrics.compute()


if __name__ == "__main__":
    main()

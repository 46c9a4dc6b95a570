"""Training on sampled neighbours with PyG's loaders, in a loop of your own.

Each batch holds some users, a sample of their items, and of the users of every item
that the step reads. The whole graph is only touched for ranking.

    python examples/neighbor_sampling.py [--epochs N] [--num-neighbors K] [--num-pool N]
"""

import argparse
import time

import torch

from tvdiff_pyg import TVDiff, evaluate
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.evaluation import EvaluationTask
from tvdiff_pyg.models import TVDiffConfig
from tvdiff_pyg.sampled import neighbor_loader


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--num-neighbors", type=int, default=16, help="-1 for all")
    parser.add_argument("--num-pool", type=int, default=512, help="random items")
    options = parser.parse_args()
    torch.manual_seed(0)

    graph = MovieLensSmall(min_rating=4, k_core=5)[0]
    config = TVDiffConfig.of(
        hidden_channels=64, entropy_type="bce", temperature=10.0, num_timesteps=5
    )
    model = TVDiff.from_config(config, graph.num_users, graph.num_items)
    adjacency = model.adjacency(graph.train_index)
    loader = neighbor_loader(
        adjacency,
        torch.arange(graph.num_users),
        options.num_neighbors,
        options.num_pool,
        batch_size=128,
        shuffle=True,
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    start = time.perf_counter()
    for epoch in range(1, options.epochs + 1):
        for batch in loader:
            optimizer.zero_grad()
            loss = model.sampled_loss(adjacency, batch)
            loss.free_energy.backward()
            optimizer.step()
        if epoch % 10 == 0:
            print(f"epoch {epoch}: energy {loss.energy:.4f} entropy {loss.entropy:.4f}")
    sizes = {side: batch[side].num_nodes for side in ("user", "item")}
    print(f"{time.perf_counter() - start:.0f} s; nodes of the last batch: {sizes}")

    task = EvaluationTask.from_graph(graph, "validation")
    metrics = evaluate(model.scorer(adjacency), task)
    print(f"validation: Recall@20 {metrics['recall@20']:.4f}")


if __name__ == "__main__":
    main()

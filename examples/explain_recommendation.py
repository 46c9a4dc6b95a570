"""Why this film? PyG's explainer on the denoiser, drawn as a picture.

The score of one user and one film comes from edges: what the user likes, and who likes
the film. Integrated gradients say what each adds; together they add up to the score.

    python examples/explain_recommendation.py [--user ID] [--steps N] [--out FILE]
"""

import argparse
from textwrap import fill

import matplotlib.pyplot as plt
import torch
from torch_geometric.explain import CaptumExplainer, Explainer

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.models import TVDiffConfig
from tvdiff_pyg.sparse import bipartite_norm


class Score(torch.nn.Module):
    """The score of one user and one item, as PyG explains models: from all edges."""

    def __init__(self, denoiser, graph, user: int, item: int) -> None:
        super().__init__()
        self.denoiser, self.user, self.item = denoiser, user, item
        edge_index, size = graph.train_index, (graph.num_users, graph.num_items)
        norm = bipartite_norm(edge_index, size, denoiser.normalization)
        # Others are not read: one hop around both is all there is.
        near = (edge_index[0] == user) | (edge_index[1] == item)
        self.edge_index, self.norm_weight = edge_index[:, near], norm[near]

    def forward(self, x, edge_index):
        user_factor, item_factor = self.denoiser(
            edge_index, timestep=0, norm_weight=self.norm_weight
        )
        return (user_factor[self.user] @ item_factor[self.item]).view(1, 1)


def train(graph, steps: int):
    """Train a model of one timestep: its scores are those of the denoiser at once."""
    config = TVDiffConfig.of(
        hidden_channels=64, num_timesteps=1, entropy_type="bce", temperature=10.0
    )
    model = config.build(graph.num_users, graph.num_items)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    adjacency, users = model.adjacency_of(graph), torch.arange(graph.num_users)
    for _ in range(steps):
        optimizer.zero_grad()
        model.training_loss(adjacency, users).free_energy.backward()
        optimizer.step()
    return model.eval()


def explain(score: Score) -> torch.Tensor:
    """Return what each of the edges adds to the score."""
    explainer = Explainer(
        score.eval(),
        CaptumExplainer("IntegratedGradients"),
        explanation_type="model",
        edge_mask_type="object",
        model_config={
            "mode": "regression",
            "task_level": "graph",
            "return_type": "raw",
        },
    )
    return explainer(torch.ones(1, 1), score.edge_index).edge_mask.detach()


def most_telling(score: Score, mask: torch.Tensor, side: int, most: int = 8):
    """Return the edges of the user, or of the item, that add most to the score."""
    own = (score.user, score.item)[side]
    edges = (score.edge_index[side] == own).nonzero().view(-1)
    return edges[mask[edges].argsort(descending=True)[:most]].tolist()


def draw(score: Score, mask: torch.Tensor, graph, path: str) -> None:
    """Draw the edges that add most to the score: the wider, the more they add."""
    axes = plt.subplots(figsize=(7, 3.5))[1]
    axes.axis("off")
    names = [f"user {user}" for user in graph.user_ids.ids()], graph.item_titles
    middle = (1, 0.5), (2.1, 0.5)
    axes.plot(*zip(*middle, strict=True), ":", color="grey")
    for side, own in enumerate((score.user, score.item)):
        edges = most_telling(score, mask, side)
        for place, edge in enumerate(edges):
            end = (3 * side, 1 - place / max(len(edges) - 1, 1))
            width = 5 * float(mask[edge] / mask[edges[0]])
            axes.plot(*zip(middle[side], end, strict=True), "C0", linewidth=width)
            name = names[1 - side][int(score.edge_index[1 - side, edge])]
            axes.text(*end, f" {name} ", ha=("right", "left")[side], va="center")
        box = {"boxstyle": "round", "facecolor": "white"}
        name = fill(names[side][own], 16)
        axes.text(*middle[side], name, ha="center", va="center", bbox=box)
    axes.figure.savefig(path, bbox_inches="tight", dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--user", type=int, default=10)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--out", default="explanation.png")
    options = parser.parse_args()
    torch.manual_seed(0)

    graph = MovieLensSmall(min_rating=4, k_core=5)[0]
    model = train(graph, options.steps)
    found = Recommender(model, graph).recommend([options.user], k=1)
    user = int(graph.user_ids.index([options.user]))
    item = int(graph.item_ids.index(found.items[0]))
    print(f"for user {options.user}: {found.titles[0][0]}, {found.scores[0][0]:.4f}")

    score = Score(model.denoiser, graph, user, item)
    mask = explain(score)
    print(f"what {mask.numel()} edges add to it: {mask.sum():.4f}")
    for edge in most_telling(score, mask, side=0)[:3]:
        title = graph.item_titles[int(score.edge_index[1, edge])]
        print(f"{mask[edge]:.4f} because of {title}")
    draw(score, mask, graph, options.out)
    print("picture:", options.out)


if __name__ == "__main__":
    main()

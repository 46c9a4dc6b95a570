"""Films that came after training, by their features and by who has met them.

A tenth of the films is left out of training altogether. A model that reads genres and
decades beside its embeddings then offers them, and nothing is trained again.

    python examples/new_items.py [--steps N]
"""

import argparse

import torch

from tvdiff_pyg import Recommender
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.models import TVDiffConfig


def train(graph, steps: int):
    """Train a model that reads the features of the items."""
    config = TVDiffConfig.of(
        hidden_channels=64,
        num_timesteps=1,
        entropy_type="bce",
        temperature=10.0,
        features="beside",
        message_dropout=0.5,
    )
    model = config.build(graph.num_users, graph.num_items).read_features(graph)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    adjacency, users = model.adjacency_of(graph), torch.arange(graph.num_users)
    for _ in range(steps):
        optimizer.zero_grad()
        model.training_loss(adjacency, users).free_energy.backward()
        optimizer.step()
    return model.eval()


def recall_of_new(recommender, liked: dict[int, set[int]], new: set[int]) -> float:
    """Return the share of new films that users like among the first 20 new ones."""
    ranked = recommender.recommend(list(liked), k=len(recommender.items)).items
    shares = []
    for items, likes in zip(ranked, liked.values(), strict=True):
        best = [item for item in items if item in new][:20]
        shares.append(len(likes.intersection(best)) / min(len(likes), 20))
    return sum(shares) / len(shares)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=60)
    steps = parser.parse_args().steps
    torch.manual_seed(0)

    films = MovieLensSmall(min_rating=4, k_core=10, features=True)[0].without_held_out()
    is_new = torch.rand(films.num_items) < 0.1
    known = films.subgraph({"item": ~is_new})
    recommender = Recommender(train(known, steps), known)

    new = films.item_ids.ids(is_new.nonzero())
    titles = dict(zip(films.item_ids.ids(), films.item_titles, strict=True))
    pairs = films.train_index[:, is_new[films.train_index[1]]]
    met, liked = {item: [] for item in new}, {}
    users, items = films.user_ids.ids(pairs[0]), films.item_ids.ids(pairs[1])
    for user, item in zip(users, items, strict=True):
        if len(met[item]) < 3:
            met[item].append(user)
        else:
            liked.setdefault(user, set()).add(item)

    x = films.subgraph({"item": is_new})["item"].x
    by_features = recommender.with_items({item: [] for item in new}, titles, x)
    by_both = recommender.with_items(met, titles, x)
    print(f"Recall@20 among {len(new)} new films; at random: {20 / len(new):.4f}")
    for how, wider in (("features", by_features), ("and three users", by_both)):
        print(f"by {how}: {recall_of_new(wider, liked, set(new)):.4f}")
    user = next(iter(liked))
    best = [i for i in by_both.recommend([user], k=2000).items[0] if i in set(new)]
    print(f"new films for user {user}:", [titles[item] for item in best[:3]])


if __name__ == "__main__":
    main()

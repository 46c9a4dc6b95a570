"""PyG's loaders around the denoiser: batches of links to train on, of nodes to score.

The loaders sample each direction by itself. A batch numbers its nodes anew: ``n_id``
says which rows of the tables they are, ``rev_edge_index`` which items a user is read
from, and the weights of edges come from the degrees of the whole graph.

    python examples/neighbor_loaders.py [--epochs N] [--num-neighbors K]
"""

import argparse

import torch
from torch_geometric.data import HeteroData
from torch_geometric.loader import LinkNeighborLoader, NeighborLoader
from torch_geometric.metrics import LinkPredRecall

from tvdiff_pyg import AnisotropicDenoiser, top_k
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.sparse import bipartite_norm, interaction_rows

RATES, RATED_BY = ("user", "rates", "item"), ("item", "rated_by", "user")


def weigh(data: HeteroData) -> HeteroData:
    """Keep what edges weigh beside them: the degrees of a batch are not the graph's."""
    size = data["user"].num_nodes, data["item"].num_nodes
    data[RATES].norm_weight = bipartite_norm(data[RATES].edge_index, size)
    return data


def denoise(denoiser, batch):
    """Read a batch: users from the edges back, items from those that are weighed."""
    return denoiser(
        batch[RATES].edge_index,
        timestep=0,
        n_id=(batch["user"].n_id, batch["item"].n_id),
        rev_edge_index=batch[RATED_BY].edge_index,
        norm_weight=batch[RATES].norm_weight,
    )


def train_epoch(denoiser, loader, optimizer) -> float:
    """Let each user prefer an item that they have met to one drawn at random."""
    denoiser.train()
    for batch in loader:
        user_factor, item_factor = denoise(denoiser, batch)
        user = batch["user"].src_index
        better, worse = batch["item"].dst_pos_index, batch["item"].dst_neg_index
        margin = denoiser.decode(
            user_factor, item_factor, torch.stack([user, better])
        ) - denoiser.decode(user_factor, item_factor, torch.stack([user, worse]))
        loss = -torch.nn.functional.logsigmoid(margin).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@torch.no_grad()
def factors(denoiser, data, side: str, position: int):
    """Compute the factors of one side, batch by batch, from all of their neighbours."""
    denoiser.eval()
    parts = [
        denoise(denoiser, batch)[position][: batch[side].batch_size]
        for batch in NeighborLoader(data, [-1], input_nodes=side, batch_size=512)
    ]
    return torch.cat(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=8)
    parser.add_argument("--num-neighbors", type=int, default=32)
    options = parser.parse_args()
    torch.manual_seed(0)

    data = weigh(MovieLensSmall(min_rating=4, k_core=5)[0])
    denoiser = AnisotropicDenoiser(data.num_users, data.num_items, hidden_channels=64)
    optimizer = torch.optim.Adam(denoiser.parameters(), lr=2e-2)
    loader = LinkNeighborLoader(
        data,
        num_neighbors=[options.num_neighbors],
        edge_label_index=(RATES, data[RATES].edge_index),
        neg_sampling="triplet",
        batch_size=2048,
        shuffle=True,
    )
    for epoch in range(1, options.epochs + 1):
        print(f"epoch {epoch}: loss {train_epoch(denoiser, loader, optimizer):.4f}")

    user_factor = factors(denoiser, data, "user", position=0)
    item_factor = factors(denoiser, data, "item", position=1)
    whole = denoiser(data[RATES].edge_index, timestep=0)
    gap = max(
        (one - other).abs().max().item()
        for one, other in zip((user_factor, item_factor), whole, strict=True)
    )
    print(f"factors of batches differ from those of the whole graph by {gap:.0e}")
    _, item = top_k(user_factor, item_factor, k=20, seen=interaction_rows(data))
    metric = LinkPredRecall(k=20)
    metric.update(item, data.validation_index)
    print(f"validation: Recall@20 {metric.compute():.4f}")


if __name__ == "__main__":
    main()

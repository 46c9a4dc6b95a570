"""The denoiser as a plain PyG layer: a ``HeteroData`` of yours, a loop of yours.

No trainer, no run folder: PyG's split and PyG's metrics around the layer, the
diffusion, the negatives and the loss. The types of nodes have any names.

    python examples/hetero_loop.py [--epochs N]
"""

import argparse

import torch
import torch_geometric.transforms as T
from torch_geometric.data import HeteroData
from torch_geometric.metrics import LinkPredRecall
from torch_geometric.utils import degree

from tvdiff_pyg import (
    AnisotropicDenoiser,
    GaussianDiffusion,
    HelmholtzFreeEnergyLoss,
    UniformNegativeSampler,
    top_k,
)
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.diffusion import ProjectedNoise
from tvdiff_pyg.sparse import interaction_rows

LIKES = ("viewer", "likes", "film")


def likes() -> HeteroData:
    """Who likes which film, as anybody's ``HeteroData`` would say it."""
    graph = MovieLensSmall(min_rating=4, k_core=5)[0]
    data = HeteroData()
    data["viewer"].num_nodes, data["film"].num_nodes = graph.num_users, graph.num_items
    data[LIKES].edge_index = graph.known_index
    return data


def train_epoch(train, denoiser, diffusion, loss_fn, optimizer):
    """Take one step on all users."""
    denoiser.train()
    edge_index = train[LIKES].edge_index
    num_users = train["viewer"].num_nodes
    timestep = diffusion.sample_timestep(num_users)
    # x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps: the first term weighs the edges, the
    # second is drawn where the layer reads it, in hidden_channels dimensions.
    edge_weight = diffusion.sqrt_alphas_cumprod[timestep][edge_index[0]]
    noise = ProjectedNoise(denoiser.item_embedding.weight, dropout=denoiser.dropout)
    scale = diffusion.sqrt_one_minus_alphas_cumprod[timestep].unsqueeze(-1)
    user_factor, item_factor = denoiser(
        edge_index, timestep, edge_weight, noise=scale * noise.draw(num_users)
    )
    as_many = degree(edge_index[0], num_users).long()
    negative = UniformNegativeSampler()(train, as_many)
    loss = loss_fn(user_factor, item_factor, train, negative=negative)
    optimizer.zero_grad()
    loss.free_energy.backward()
    optimizer.step()
    return loss


@torch.no_grad()
def recall(denoiser, part) -> float:
    """Rank all films for each user, but for those that they are known to like."""
    denoiser.eval()
    user_factor, item_factor = denoiser(part[LIKES].edge_index, timestep=0)
    _, film = top_k(user_factor, item_factor, k=20, seen=interaction_rows(part))
    metric = LinkPredRecall(k=20)
    metric.update(film, part[LIKES].edge_label_index)
    return metric.compute().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    epochs = parser.parse_args().epochs
    torch.manual_seed(0)

    split = T.RandomLinkSplit(0.1, 0.1, edge_types=[LIKES], neg_sampling_ratio=0.0)
    train, validation, test = split(likes())
    size = train["viewer"].num_nodes, train["film"].num_nodes
    denoiser = AnisotropicDenoiser(*size, hidden_channels=64)
    diffusion = GaussianDiffusion(num_timesteps=5)
    loss_fn = HelmholtzFreeEnergyLoss(temperature=10.0, entropy="bce")
    optimizer = torch.optim.Adam(denoiser.parameters(), lr=5e-3)
    for epoch in range(1, epochs + 1):
        loss = train_epoch(train, denoiser, diffusion, loss_fn, optimizer)
        if epoch % 20 == 0:
            found = recall(denoiser, validation)
            print(f"epoch {epoch}: energy {loss.energy:.4f}, Recall@20 {found:.4f}")
    print(f"test: Recall@20 {recall(denoiser, test):.4f}")


if __name__ == "__main__":
    main()

"""How PyG's own LightGCN smooths its embeddings away, layer by layer.

The instruments read the embeddings of any model: here of PyG's, trained in a plain PyG
loop on a homogeneous graph.

    python examples/lightgcn_oversmoothing.py [--epochs N] [--layers N]
"""

import argparse

import torch
from torch_geometric.data import Data
from torch_geometric.nn import LightGCN
from torch_geometric.transforms import ToUndirected

from tvdiff_pyg import analysis
from tvdiff_pyg.data import MovieLensSmall


def joined(graph) -> Data:
    """Return users and items as nodes of one type, as PyG's LightGCN has them."""
    user, item = graph.train_index
    edge_index = torch.stack([user, item + graph.num_users])
    data = Data(edge_index=edge_index, num_nodes=graph.num_users + graph.num_items)
    return ToUndirected()(data)


def train(model: LightGCN, data: Data, num_users: int, epochs: int) -> None:
    """Let users prefer what they have met to what is drawn at random."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    user, item = data.edge_index[:, data.edge_index[0] < num_users]
    for _ in range(epochs):
        other = torch.randint(num_users, data.num_nodes, item.shape)
        score = model(
            data.edge_index,
            torch.stack([user.repeat(2), torch.cat([item, other])]),
        )
        loss = model.recommendation_loss(*score.chunk(2), node_id=None, lambda_reg=0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


@torch.no_grad()
def measure(model: LightGCN, data: Data, num_users: int, layers: int) -> None:
    """Print what the instruments say of the vectors that each layer passes on."""
    x = model.embedding.weight
    print("layer  roughness  angles  directions  in the smoothest ninth")
    for layer in range(layers + 1):
        roughness = analysis.dirichlet_energy(x, None, data, normalize=True)
        angles = analysis.mean_average_distance(x, None, data)
        directions = analysis.effective_rank(x[:num_users], x[num_users:])
        smoothest = analysis.frequency_share(x, None, data)[0]
        print(
            f"{layer:5}  {roughness:9.4f}  {angles:6.4f}  {directions:10.1f}  "
            f"{smoothest:.1%}"
        )
        x = model.convs[0](x, data.edge_index)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--layers", type=int, default=8)
    options = parser.parse_args()
    torch.manual_seed(0)

    graph = MovieLensSmall(min_rating=4, k_core=20)[0]
    data = joined(graph)
    model = LightGCN(data.num_nodes, embedding_dim=32, num_layers=2)
    train(model, data, graph.num_users, options.epochs)
    measure(model, data, graph.num_users, options.layers)


if __name__ == "__main__":
    main()

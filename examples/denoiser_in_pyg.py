"""The anisotropic denoiser as a plain PyG layer, in a training loop of your own.

No trainer, no run folder: a ``HeteroData``, the layer, the diffusion and the loss.

    python examples/denoiser_in_pyg.py [--epochs N]
"""

import argparse

import torch

from tvdiff_pyg import (
    AnisotropicDenoiser,
    GaussianDiffusion,
    HelmholtzFreeEnergyLoss,
    UniformNegativeSampler,
    top_k,
)
from tvdiff_pyg.data import MovieLensSmall
from tvdiff_pyg.diffusion import ProjectedNoise
from tvdiff_pyg.entropies import BCEEntropy
from tvdiff_pyg.sparse import CSR


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, default=60)
    epochs = parser.parse_args().epochs
    torch.manual_seed(0)

    data = MovieLensSmall(min_rating=4, k_core=5)[0]
    edge_index = data["user", "rates", "item"].edge_index
    size = (data["user"].num_nodes, data["item"].num_nodes)
    denoiser = AnisotropicDenoiser(*size, hidden_channels=64)
    diffusion = GaussianDiffusion(num_timesteps=5)
    loss_fn = HelmholtzFreeEnergyLoss(temperature=10.0, entropy=BCEEntropy())
    sampler = UniformNegativeSampler()
    optimizer = torch.optim.Adam(denoiser.parameters(), lr=5e-3)

    observed = CSR.from_edge_index(edge_index, size)
    for epoch in range(1, epochs + 1):
        timestep = diffusion.sample_timestep(size[0])
        # x_t = sqrt(abar) x_0 + sqrt(1 - abar) eps: the first term weighs the edges,
        # the second is drawn where the layer reads it, in hidden_channels dimensions.
        edge_weight = diffusion.sqrt_alphas_cumprod[timestep][edge_index[0]]
        noise = ProjectedNoise(denoiser.item_embedding, dropout=denoiser.dropout)
        scale = diffusion.sqrt_one_minus_alphas_cumprod[timestep].unsqueeze(-1)
        user_factor, item_factor = denoiser(
            edge_index, timestep, edge_weight, noise=scale * noise.draw(size[0])
        )
        negative = sampler(observed, observed.degree())
        loss = loss_fn(user_factor, item_factor, observed, negative=negative)
        optimizer.zero_grad()
        loss.free_energy.backward()
        optimizer.step()
        if epoch % 20 == 0:
            print(f"epoch {epoch}: energy {loss.energy:.4f} entropy {loss.entropy:.4f}")

    denoiser.eval()
    with torch.no_grad():
        last_step = torch.zeros(size[0], dtype=torch.long)
        user_factor, item_factor = denoiser(edge_index, last_step)
    _, item = top_k(
        user_factor[:1], item_factor, k=5, seen=observed.select(torch.tensor([0]))
    )
    print("first user:", [data.item_titles[index] for index in item[0].tolist()])


if __name__ == "__main__":
    main()

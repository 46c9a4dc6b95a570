"""Samples of several processes: the same items, and of their users what each holds."""

import pytest
import torch

from tests.training.threads import NUMBER, TABLE, InThreads, Rank, indices
from tvdiff_pyg import TVDiff
from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.sampled import TrainingBatch
from tvdiff_pyg.sampled.loader import loader_of
from tvdiff_pyg.training.partitioned.pool import SharedPoolSampler


@pytest.mark.parametrize("kind", ["users", "pairs", "few"])
@pytest.mark.parametrize("caps", [(3, 10), (1, 80), (-1, 5)])
def test_all_have_the_same_items_and_draw_their_users_among_their_own(
    kind: str,
    caps: tuple[int, int],
    whole: TVDiff,
    graph: BipartiteGraph,
    in_threads: InThreads,
) -> None:
    index, num_items = indices(graph)[kind], graph.num_items
    ranks = [Rank(whole, graph, rank) for rank in range(NUMBER)]
    found = in_threads(lambda rank: ranks[rank].sample(index, *caps))
    item = found[0]["item"].n_id
    assert item.unique().numel() == item.numel() >= caps[1]
    degree = torch.bincount(graph.train_index[1], minlength=num_items)[item]
    drawn = torch.zeros_like(degree)
    for own, batch in zip(ranks, found, strict=True):
        assert torch.equal(batch["item"].n_id, item)
        user, place = batch["user", "item"].edge_index
        rows = own.adjacency.item_rows.select(item)
        pairs = set(zip(rows.row().tolist(), rows.col.tolist(), strict=True))
        sampled = batch["user"].n_id[user].tolist()
        assert set(zip(place.tolist(), sampled, strict=True)) <= pairs
        count = place.bincount(minlength=item.numel())
        # None is left out by all: its process would sum nothing for it.
        assert torch.equal(count > 0, rows.degree() > 0)
        drawn += count
        if caps[0] == -1:
            assert torch.equal(count, rows.degree())
    if caps[0] > 0:
        few = degree <= caps[0]
        assert torch.equal(drawn[few], degree[few])
        assert (drawn >= degree.clamp(max=caps[0])).all()
        assert (drawn <= caps[0] + NUMBER - 1).all()


@pytest.mark.parametrize("has_history", [False, True])
def test_sums_over_the_users_of_all_are_unbiased(
    has_history: bool, whole: TVDiff, graph: BipartiteGraph
) -> None:
    draws, adjacency = 40, whole.adjacency_of(graph)
    ranks = [Rank(whole, graph, rank) for rank in range(NUMBER)]
    channels = whole.config.denoiser.hidden_channels
    total = torch.zeros(draws, graph.num_items, channels, dtype=torch.double)
    # One after the other: alone, a process adds up what it has. All items are pooled.
    for own in ranks:
        model = own.model
        history = model.historical_sums(own.adjacency) if has_history else None
        table = model.get_parameter(TABLE)
        with torch.no_grad():
            table.copy_(table + 0.1 * torch.randn_like(table))
        sampler = SharedPoolSampler(own.adjacency, 3, graph.num_items, is_first=True)
        users = torch.arange(len(own.users))
        loader = loader_of(sampler, own.adjacency, users, batch_size=1, shuffle=True)
        for draw in range(draws):
            batch = TrainingBatch.sampled(
                own.adjacency, next(iter(loader)), "symmetric", True
            )
            source, _ = model.denoiser.look_up(batch.n_id)
            if history is None:
                rows = batch.item_rows
                sums = model.denoiser.gather(rows, rows.value, batch.n_id, source)
            else:
                sums = history.item_factor(batch, source).atanh()
            total[draw] += sums.detach()
    tables = [own.model.get_parameter(TABLE).detach() for own in ranks]
    rows = adjacency.item_rows
    expected = whole.denoiser.gather(rows, rows.value, None, torch.cat(tables))
    error = total.std(0) / draws**0.5
    assert ((total.mean(0) - expected).abs() <= 5 * error + 1e-9).all()
    assert total.var(0).sum() > 0

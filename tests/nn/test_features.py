"""Features of nodes in both towers, against the equations."""

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.oracle import normalise, pairs_of, random_matrix, sinusoid
from tvdiff_pyg.nn import (
    AnisotropicDenoiser,
    Denoiser,
    FeatureEncoder,
    FeaturesBeside,
    FeaturesInstead,
    GCNDenoiser,
    MLPDenoiser,
)

SIZE = (5, 7)
MATRIX = random_matrix(*SIZE, density=0.5)
PAIRS = pairs_of(MATRIX)
TIMESTEP = torch.tensor([0, 3, 1, 7, 2])
USES = [FeaturesBeside(), FeaturesInstead()]
SIDES = [("item",), ("user",), ("user", "item")]


def features(side: str, sparse: bool = False) -> Tensor:
    count, width = {"user": (SIZE[0], 3), "item": (SIZE[1], 4)}[side]
    generator = torch.Generator().manual_seed(width)
    x = torch.randn(count, width, generator=generator)
    x[x.abs() < 0.6] = 0
    x[1] = 0
    return x.to_sparse_csr() if sparse else x


def make(
    kind: type[Denoiser], use: Any, sides: Any, sparse: bool = False, **kwargs: Any
) -> Any:
    torch.manual_seed(0)
    denoiser = kind(*SIZE, hidden_channels=6, dropout=0.0, features=use, **kwargs)
    denoiser.set_features(**{side: features(side, sparse) for side in sides})
    for encoder in (denoiser.user_encoder, denoiser.item_encoder):
        if encoder is not None:
            encoder.scale.mul_(20)  # or they say little beside all else
    return denoiser.double()


def image(denoiser: Any, side: str, name: str) -> Tensor | float:
    encoder = getattr(denoiser, f"{side}_encoder")
    if encoder is None:
        return 0.0
    return encoder.scale * features(side).double() @ getattr(encoder, name)


def table(module: Any) -> Tensor | float:
    return 0.0 if module is None else module.weight


def by_hand(denoiser: Any, norm: Tensor | None) -> tuple[Tensor, Tensor]:
    """Both towers of one layer."""
    sent = table(denoiser.item_embedding) + image(denoiser, "item", "sent")
    own = table(denoiser.user_embedding)
    if norm is not None:
        own = norm.t() @ (own + image(denoiser, "user", "sent"))
    item_factor = own + image(denoiser, "item", "kept")
    time = denoiser.time_lin(sinusoid(TIMESTEP, denoiser.time_channels))
    time = denoiser.time_projection(time)
    user_factor = MATRIX @ sent + image(denoiser, "user", "kept") + time
    return user_factor.tanh(), item_factor


@pytest.mark.parametrize("sparse", [False, True])
@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("use", USES, ids=str)
def test_both_towers_read_them(use: Any, sides: Any, sparse: bool) -> None:
    denoiser = make(AnisotropicDenoiser, use, sides, sparse)
    found = denoiser(PAIRS, TIMESTEP)
    user, item = by_hand(denoiser, normalise(MATRIX, "symmetric"))
    torch.testing.assert_close(found, (user, item.tanh()))
    weights = list(denoiser.parameters())
    gradients = [
        torch.autograd.grad(denoiser.decode(*factors).sin().sum(), weights)
        for factors in (found, (user, item.tanh()))
    ]
    torch.testing.assert_close(*gradients, rtol=1e-5, atol=1e-6)
    for name, weight in denoiser.named_parameters():
        if "encoder" in name:
            place = [id(one) for one in weights].index(id(weight))
            assert gradients[0][place].abs().max() > 0, name


@pytest.mark.parametrize("use", USES, ids=str)
def test_without_a_graph_items_alone_have_them(use: Any) -> None:
    free = make(AnisotropicDenoiser, use, ("item",), normalization="none")
    user, item = by_hand(free, None)
    torch.testing.assert_close(free(PAIRS, TIMESTEP), (user, item.tanh()))
    mlp = make(MLPDenoiser, use, ("item",))
    user, item = by_hand(mlp, None)
    found = mlp(PAIRS, TIMESTEP)
    torch.testing.assert_close(found[0][:, :-1], user)
    torch.testing.assert_close(found[1][:, :-1], item)


@pytest.mark.parametrize("jk", ["last", "mean"])
def test_several_layers_pass_what_is_sent_on(jk: str) -> None:
    kwargs = {"num_layers": 2, "jk": jk}
    denoiser = make(GCNDenoiser, FeaturesBeside(), ("user", "item"), **kwargs)
    norm = normalise(MATRIX, "symmetric")
    users = [table(denoiser.user_embedding) + image(denoiser, "user", "sent")]
    items = [table(denoiser.item_embedding) + image(denoiser, "item", "sent")]
    users, items = (
        [*users, (norm @ items[0]).tanh()],
        [*items, (norm.t() @ users[0]).tanh()],
    )
    if jk == "mean":
        users, items = [(sum(users)) / 2], [(sum(items)) / 2]
    expected = (norm.t() @ users[-1] + image(denoiser, "item", "kept")).tanh()
    user, item = denoiser(PAIRS, TIMESTEP)
    torch.testing.assert_close(item, expected)
    time = denoiser.time_lin(sinusoid(TIMESTEP, denoiser.time_channels))
    hidden = MATRIX @ items[-1] + image(denoiser, "user", "kept")
    torch.testing.assert_close(user, (hidden + denoiser.time_projection(time)).tanh())


@pytest.mark.parametrize("sparse", [False, True])
def test_a_batch_reads_the_rows_of_its_nodes(sparse: bool) -> None:
    denoiser = make(AnisotropicDenoiser, FeaturesBeside(), ("user", "item"), sparse)
    n_id = torch.tensor([4, 0, 2]), torch.tensor([6, 1, 1, 3])
    source, embedding = denoiser.look_up(n_id)
    whole = denoiser.look_up()
    torch.testing.assert_close(source, whole[0][n_id[0]])
    torch.testing.assert_close(embedding, whole[1][n_id[1]])
    hidden = torch.zeros(3, 6, dtype=torch.double)
    found = denoiser.add_user_features(hidden, n_id[0])
    torch.testing.assert_close(found, denoiser.user_encoder.keep(None)[n_id[0]])
    with pytest.raises(ValueError, match=r"'n_id' needs to be in \[0, 5\) \(got 5\)"):
        denoiser.user_encoder.send(torch.tensor([5]))


def test_a_node_that_none_reaches_has_what_it_keeps() -> None:
    denoiser = make(AnisotropicDenoiser, FeaturesInstead(), ("user", "item"))
    alone = denoiser(PAIRS[:, PAIRS[1] != 2], TIMESTEP)[1][2]
    torch.testing.assert_close(alone, image(denoiser, "item", "kept")[2].tanh())
    twins = denoiser(PAIRS[:, :0], TIMESTEP)[1]
    assert torch.equal(twins[1], torch.zeros(6).double())  # it has no features, either


def test_messages_are_left_out_while_training() -> None:
    use = FeaturesBeside(message_dropout=0.5)
    denoiser = make(AnisotropicDenoiser, use, ("item",))
    kept = image(denoiser, "item", "kept").tanh()
    whole = denoiser.eval()(PAIRS, TIMESTEP)[1]
    denoiser.train()
    drawn = torch.stack([denoiser(PAIRS, TIMESTEP)[1] for _ in range(300)])
    alone = (drawn - kept).abs().amax(dim=2) < 1e-12
    is_whole = (drawn - whole).abs().amax(dim=2) < 1e-12
    reached = MATRIX.any(dim=0)
    assert (alone | is_whole).all()
    assert (alone[:, reached].double().mean() - 0.5).abs() < 0.05


def test_images_begin_as_rows_of_a_table_do() -> None:
    torch.manual_seed(0)
    x = torch.nn.functional.one_hot(torch.arange(2000) % 50).float() * 7
    encoder = FeatureEncoder(x, channels=64)
    table = torch.nn.init.xavier_uniform_(torch.empty(2000, 64))
    for images in (encoder.send(), encoder.keep(None)):
        assert images.std().item() == pytest.approx(table.std().item(), rel=0.05)
    silent = FeatureEncoder(torch.zeros(3, 2), channels=4)
    assert silent.send(x=torch.ones(1, 2)).abs().max() < 2


@pytest.mark.parametrize("sparse", [False, True])
def test_copies_read_the_same(sparse: bool) -> None:
    denoiser = make(AnisotropicDenoiser, FeaturesBeside(), ("user", "item"), sparse)
    expected = denoiser(PAIRS, TIMESTEP)
    assert not any("encoder.x" in name for name in denoiser.state_dict())
    for copied in (copy.deepcopy(denoiser), pickle.loads(pickle.dumps(denoiser))):
        torch.testing.assert_close(copied(PAIRS, TIMESTEP), expected)
    again = make(AnisotropicDenoiser, FeaturesBeside(), ("user", "item"), sparse)
    again.reset_parameters()
    again.load_state_dict(denoiser.state_dict())
    torch.testing.assert_close(again(PAIRS, TIMESTEP), expected)
    single = again.float()(PAIRS, TIMESTEP)
    assert single[0].dtype == torch.float
    torch.testing.assert_close(single[1].double(), expected[1], rtol=1e-4, atol=1e-5)


def test_tables_are_gone_where_features_stand_instead() -> None:
    items = make(AnisotropicDenoiser, FeaturesInstead(), ("item",))
    assert items.item_embedding is None and items.user_embedding is not None
    both = make(AnisotropicDenoiser, FeaturesInstead(), ("user", "item"))
    assert not any("embedding" in name for name in both.state_dict())
    both.reset_parameters()
    with pytest.raises(
        ValueError, match=r"leave the tables alone for a spectral start"
    ):
        both.reset_spectral(None)


def test_what_is_refused() -> None:
    denoiser = AnisotropicDenoiser(*SIZE, features=FeaturesBeside())
    for given, message in (
        ({}, r"'features' needs 'x' of users or of items for FeaturesBeside"),
        ({"item": features("user")}, r"'x of items' needs to be of shape \[7, "),
        ({"user": features("user") / 0}, r"'x of users' needs to be finite"),
    ):
        with pytest.raises(ValueError, match=message):
            denoiser.set_features(**given)
    with pytest.raises(ValueError, match=r"'features' needs 'set_features' before"):
        denoiser(PAIRS, TIMESTEP)
    with pytest.raises(ValueError, match=r"needs to be 'beside' or 'instead' \(got No"):
        AnisotropicDenoiser(*SIZE).set_features(item=features("item"))
    with pytest.raises(ValueError, match=r"'message_dropout' needs to be in \[0, 1\)"):
        FeaturesInstead(message_dropout=1.0)

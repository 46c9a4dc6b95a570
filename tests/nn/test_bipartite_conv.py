"""The operator: every format the same, fused where it may be, PyG's own otherwise."""

import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch_geometric import EdgeIndex
from torch_geometric.nn import LGConv, MessagePassing
from torch_geometric.testing import assert_module
from torch_geometric.typing import Adj, OptPairTensor, OptTensor
from torch_geometric.utils import scatter, spmm

from tests.nn.formats import FORMATS, MATRIX, PAIRS, SIZE, VALUED
from tests.oracle import CORNERS, NORM_POWERS, normalise, pairs_of
from tvdiff_pyg.nn import BipartiteConv
from tvdiff_pyg.sparse import CSR, BipartiteAdjacency
from tvdiff_pyg.sparse.order import stable_order

X = torch.randn(SIZE[0], 4, generator=torch.manual_seed(0), dtype=torch.double)
PAIR = (X, torch.randn(SIZE[1], 2, dtype=torch.double))
WEIGHT = torch.linspace(0.5, 2, PAIRS.size(1), dtype=torch.double)
ONES = torch.ones_like(WEIGHT)
WEIGHTED = torch.zeros_like(MATRIX)
WEIGHTED[PAIRS[0], PAIRS[1]] = WEIGHT


def expected(normalization: str, matrix: Tensor = MATRIX) -> Tensor:
    if normalization == "none":
        return matrix.t() @ X
    return normalise(matrix, normalization).t() @ X


@pytest.mark.parametrize("normalization", [*NORM_POWERS, "none"])
@pytest.mark.parametrize("name", FORMATS)
def test_every_format_follows_the_equation(name: str, normalization: str) -> None:
    conv = BipartiteConv(normalization)
    adj, order = FORMATS[name](ONES)
    torch.testing.assert_close(conv(PAIR, adj), expected(normalization))
    out = conv((X, None), adj, WEIGHT[order], size=SIZE)
    torch.testing.assert_close(out, expected(normalization, WEIGHTED))


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize("name", VALUED)
def test_weights_that_are_given_replace_those_that_are_stored(
    name: str, fuse: bool
) -> None:
    conv = BipartiteConv()
    conv.fuse = fuse
    adj, order = VALUED[name](WEIGHT)
    torch.testing.assert_close(conv(PAIR, adj), expected("symmetric", WEIGHTED))
    out = conv(PAIR, adj, (WEIGHT * WEIGHT)[order])
    torch.testing.assert_close(out, expected("symmetric", WEIGHTED * WEIGHTED))


@pytest.mark.parametrize("name", FORMATS)
def test_fused_and_unfused_are_the_same(name: str) -> None:
    adj, order = FORMATS[name](WEIGHT)
    found = []
    for fuse in (True, False):
        conv = BipartiteConv("left")
        conv.fuse = fuse
        x = X.clone().requires_grad_()
        weight = WEIGHT[order].requires_grad_()
        out = conv((x, PAIR[1]), adj, weight)
        found.append((out, *torch.autograd.grad(out.square().sum(), (x, weight))))
    torch.testing.assert_close(found[0], found[1])


@pytest.mark.parametrize("corner", CORNERS)
def test_corners(corner: str) -> None:
    matrix = torch.tensor(CORNERS[corner], dtype=torch.double)
    x = torch.randn(matrix.size(0), 3, dtype=torch.double)
    out = BipartiteConv("linkprop")((x, None), pairs_of(matrix), size=matrix.shape)
    torch.testing.assert_close(out, normalise(matrix, "linkprop").t() @ x)


@pytest.mark.parametrize("name", ["edge_index", "torch csc", "CSR"])
def test_gradients_reach_the_weights(name: str) -> None:
    conv = BipartiteConv()
    adj, order = FORMATS[name](ONES)
    inputs = X.clone().requires_grad_(), WEIGHT[order].requires_grad_()

    def out(x: Tensor, weight: Tensor) -> Tensor:
        return conv((x, PAIR[1]), adj, weight)

    assert gradcheck(out, inputs)
    assert gradgradcheck(out, inputs)


@pytest.mark.parametrize("name", [name for name in VALUED if "uncoal" not in name])
def test_gradients_reach_stored_values(name: str) -> None:
    value = WEIGHT.clone().requires_grad_()
    adj, _ = VALUED[name](value)
    out = BipartiteConv()(PAIR, adj)
    (found,) = torch.autograd.grad(out.square().sum(), value)
    out = BipartiteConv()(PAIR, PAIRS, value)
    (wanted,) = torch.autograd.grad(out.square().sum(), value)
    torch.testing.assert_close(found, wanted)


def test_gradients_of_uncoalesced_values_are_refused() -> None:
    adj, _ = VALUED["torch coo, uncoalesced"](WEIGHT.clone().requires_grad_())
    with pytest.raises(ValueError, match="'edge_index' needs to be coalesced"):
        BipartiteConv()(PAIR, adj)


@pytest.mark.parametrize("dtype", [torch.long, torch.bool])
def test_weights_may_be_integers(dtype: torch.dtype) -> None:
    weight = (torch.arange(PAIRS.size(1)) % 2).to(dtype)
    wanted = BipartiteConv()(PAIR, PAIRS, weight.double())
    for fuse in (True, False):
        conv = BipartiteConv()
        conv.fuse = fuse
        out = conv(PAIR, PAIRS, weight)
        torch.testing.assert_close(out, wanted, rtol=1e-6, atol=1e-6)


def test_duplicates_are_messages_of_their_own() -> None:
    pairs = torch.tensor([[0, 0, 1, 0], [1, 1, 0, 1]])
    weight = torch.tensor([1.0, 2.0, 3.0, 4.0])
    x = torch.tensor([[1.0], [10.0]])
    adj_t = torch.sparse_coo_tensor(
        pairs.flip(0), weight, (2, 2), check_invariants=True
    )
    for out in (
        BipartiteConv("none")(x, pairs, weight),
        BipartiteConv("none")(x, adj_t),
        BipartiteConv("none")(x, adj_t, weight),
    ):
        assert out.tolist() == [[30.0], [7.0]]
    degree = BipartiteConv("left")
    torch.testing.assert_close(degree(x, adj_t), degree(x, pairs, weight))


def test_item_rows_of_an_adjacency_are_not_normalised_again() -> None:
    rows = BipartiteAdjacency.from_edge_index(PAIRS, SIZE, "left").item_rows
    for conv in (BipartiteConv("left"), BipartiteConv("none")):
        torch.testing.assert_close(
            conv((X.float(), None), rows), expected("left").float()
        )


def test_sizes_are_taken_from_where_they_stand() -> None:
    conv = BipartiteConv("none")
    pairs = torch.tensor([[0, 1], [0, 1]])
    assert conv(X, pairs).size(0) == SIZE[0]
    assert conv((X, None), pairs).size(0) == SIZE[0]
    assert conv((X, None), pairs, size=(None, 3)).size(0) == 3
    assert conv((X, None), pairs, size=(SIZE[0], 9)).size(0) == 9
    assert conv((X, PAIR[1]), pairs).size(0) == SIZE[1]
    assert conv([X, None], VALUED["torch csr"](ONES)[0]).size(0) == SIZE[1]


@pytest.mark.parametrize("fuse", [True, False])
@pytest.mark.parametrize(
    ("x", "adj", "size", "message"),
    [
        (PAIR, PAIRS, (4, 7), r"'size' needs to be \(5, 7\), .* \(got \(4, 7\)\)"),
        (PAIR, PAIRS, (5, 6), r"'size' needs to be \(5, 7\), .* \(got \(5, 6\)\)"),
        (X, PAIRS, None, r"'edge_index\[1\]' needs to be in \[0, 5\) \(got 6\)"),
        (PAIR, PAIRS - 1, None, r"'edge_index\[.\]' needs .* \(got -1\)"),
        (PAIR, PAIRS.double(), None, r"'edge_index\[.\]' needs to hold integers"),
        (PAIR, MATRIX.to_sparse_csr(), None, r"transposed shape \[7, 5\] \(got \[5, 7"),
        (PAIR, CSR.from_edge_index(PAIRS, SIZE), None, r"transposed shape \[7, 5\]"),
        (X[:, 0], PAIRS, None, r"'x' .* shape \[num_nodes, channels\] \(got \[5\]"),
        (X.long(), PAIRS, None, r"'x' needs to hold floating-point numbers"),
        ((None, X), PAIRS, None, r"'x' needs to be a dense tensor \(got NoneType\)"),
    ],
)
def test_what_does_not_fit_is_refused(
    x: object, adj: object, size: object, message: str, fuse: bool
) -> None:
    conv = BipartiteConv()
    conv.fuse = fuse
    with pytest.raises(ValueError, match=message):
        conv(x, adj, size=size)


def test_weights_need_to_be_one_for_each_edge() -> None:
    message = r"'edge_weight' needs to be of shape \[\d+\] \(got \[3\]\)"
    for make in FORMATS.values():
        with pytest.raises(ValueError, match=message):
            BipartiteConv()(PAIR, make(ONES)[0], torch.ones(3))


@pytest.mark.parametrize(
    "wrong",
    [
        EdgeIndex([[0, 9], [0, 1]], sparse_size=SIZE, sort_order="row"),
        EdgeIndex([[1, 0], [0, 1]], sparse_size=SIZE, sort_order="row"),
        EdgeIndex([[0, 1], [1, 0]], sparse_size=SIZE, sort_order="col"),
        EdgeIndex([[0, 1], [0, 9]], sparse_size=SIZE, sort_order="col"),
        torch.sparse_csr_tensor(
            torch.tensor([0, 1, 1, 1, 1, 1, 1, 1]),
            torch.tensor([99_999_999]),
            torch.ones(1),
            SIZE[::-1],
            check_invariants=False,
        ),
        torch.sparse_csc_tensor(
            torch.tensor([0, 1, 1, 1, 1, 9]),
            torch.tensor([1]),
            torch.ones(1),
            SIZE[::-1],
            check_invariants=False,
        ),
        torch.sparse_coo_tensor(
            torch.tensor([[0], [-5]]),
            torch.ones(1),
            SIZE[::-1],
            check_invariants=False,
            is_coalesced=True,
        ),
    ],
    ids=["row", "not by row", "not by col", "col", "csr", "csc", "coo"],
)
def test_formats_that_are_not_what_they_say_are_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"needs to (be in|ascend|go from)"):
        BipartiteConv()(PAIR, wrong)


class CountCalls:
    """Counts how often each hook of PyG is called."""

    HOOKS = (
        "propagate_forward_pre",
        "propagate_forward",
        "message_forward_pre",
        "message_forward",
        "aggregate_forward_pre",
        "aggregate_forward",
        "message_and_aggregate_forward_pre",
        "message_and_aggregate_forward",
    )

    def __init__(self, conv: MessagePassing, *names: str) -> None:
        self.seen: dict[str, int] = dict.fromkeys(names, 0)
        self.handles = [
            getattr(conv, f"register_{name}_hook")(self.counting(name))
            for name in names
        ]

    def counting(self, name: str) -> Callable[..., None]:
        def hook(*_: object) -> None:
            self.seen[name] += 1

        return hook


@pytest.mark.parametrize("hook", CountCalls.HOOKS)
@pytest.mark.parametrize("name", FORMATS)
def test_every_hook_is_called_in_every_format(name: str, hook: str) -> None:
    conv = BipartiteConv()
    calls = CountCalls(conv, hook)
    adj, _ = FORMATS[name](ONES)
    torch.testing.assert_close(conv(PAIR, adj), expected("symmetric"))
    assert calls.seen == {hook: 1}
    calls.handles[0].remove()
    conv(PAIR, adj)
    assert calls.seen == {hook: 1}


@pytest.mark.parametrize("name", FORMATS)
def test_hooks_change_messages_in_the_order_of_the_format(name: str) -> None:
    conv = BipartiteConv("none")
    adj, order = FORMATS[name](ONES)
    weight = WEIGHT[order].view(-1, 1)
    conv.register_message_forward_hook(lambda _, __, out: weight * out)
    torch.testing.assert_close(conv(PAIR, adj), expected("none", WEIGHTED))


def test_hooks_on_the_fused_product_change_what_it_reads_and_returns() -> None:
    conv = BipartiteConv("none")

    def double(_: object, inputs: tuple[Adj, dict]) -> tuple[Adj, dict]:
        adj_t, read = inputs
        return adj_t, {**read, "x": (2 * read["x"][0], None)}

    def other(_: object, inputs: tuple[Adj, dict]) -> tuple[Adj, dict]:
        return WEIGHTED.t().to_sparse_csr(), inputs[1]

    handle = conv.register_message_and_aggregate_forward_pre_hook(double)
    torch.testing.assert_close(conv(PAIR, PAIRS), 2 * expected("none"))
    handle.remove()
    handle = conv.register_message_and_aggregate_forward_pre_hook(other)
    torch.testing.assert_close(conv(PAIR, PAIRS), expected("none", WEIGHTED))
    handle.remove()
    conv.register_message_and_aggregate_forward_hook(lambda *inputs: -inputs[2])
    torch.testing.assert_close(conv(PAIR, PAIRS), -expected("none"))


def test_what_a_hook_keeps_is_not_written_over() -> None:
    conv, kept = BipartiteConv(), []
    conv.register_propagate_forward_hook(lambda *inputs: kept.append(inputs[2]))
    out = conv(PAIR, PAIRS)
    assert kept[0] is out


class Squared(BipartiteConv):
    """A message of its own."""

    def message(self, x_j: Tensor, edge_weight: OptTensor) -> Tensor:
        return super().message(x_j.square(), edge_weight)


class Largest(BipartiteConv):
    """An aggregation of its own."""

    def aggregate(self, inputs: Tensor, index: Tensor, dim_size: int) -> Tensor:
        return scatter(inputs, index, 0, dim_size, reduce="max")


class Doubled(BipartiteConv):
    """A fused product of its own, as PyG's layers write it."""

    def message_and_aggregate(self, adj_t: Adj, x: OptPairTensor) -> Tensor:
        return 2 * spmm(adj_t, x[0])


@pytest.mark.filterwarnings("ignore:.*CSR tensor support is in beta")
@pytest.mark.parametrize("name", FORMATS)
def test_what_a_subclass_defines_is_heeded_in_every_format(name: str) -> None:
    adj, order = FORMATS[name](ONES)
    weight = WEIGHT[order]
    out = Squared("none")(PAIR, adj, weight)
    torch.testing.assert_close(out, WEIGHTED.t() @ X.square())
    out = Largest("none")(PAIR, adj)
    columns = [X[MATRIX[:, item] > 0] for item in range(SIZE[1])]
    wanted = torch.stack([x.amax(0) if len(x) else 0 * X[0] for x in columns])
    torch.testing.assert_close(out, wanted)
    out = Doubled()(PAIR, adj, weight)
    torch.testing.assert_close(out, 2 * expected("symmetric", WEIGHTED))


@pytest.mark.parametrize("name", FORMATS)
def test_a_message_that_an_instance_is_given_is_heeded(name: str) -> None:
    conv = BipartiteConv("none")
    conv.message = lambda x_j, edge_weight: -x_j
    torch.testing.assert_close(conv(PAIR, FORMATS[name](ONES)[0]), -expected("none"))


@pytest.mark.parametrize("aggr", ["mean", "max", "sum"])
@pytest.mark.parametrize("name", FORMATS)
def test_aggregations_never_depend_on_the_format(name: str, aggr: str) -> None:
    conv = BipartiteConv("none", aggr=aggr)
    out = conv(PAIR, FORMATS[name](ONES)[0])
    torch.testing.assert_close(out, conv(PAIR, PAIRS))
    if aggr == "mean":
        degree = MATRIX.sum(0).clamp(min=1).unsqueeze(1)
        torch.testing.assert_close(out, expected("none") / degree)


def test_the_other_way_is_to_flip_the_edges() -> None:
    with pytest.raises(ValueError, match=r"'flow' needs to be 'source_to_target'"):
        BipartiteConv(flow="target_to_source")


#: How often a step sorts: not at all what a format remembers, never more than twice.
SORTS = dict.fromkeys(FORMATS, 1) | {
    "edge_index": 2,
    "edge_index, int32": 2,
    "EdgeIndex": 2,
    "EdgeIndex, sized": 2,
    "torch coo, uncoalesced": 2,
    "EdgeIndex by row, sized": 0,
    "EdgeIndex by row, filled": 0,
    "EdgeIndex by col, sized": 0,
    "EdgeIndex by col, filled": 0,
    "EdgeIndex by col, int32": 0,
    "torch_sparse": 0,
    "torch_sparse, no values": 0,
    "CSR": 0,
}


@pytest.mark.parametrize("name", FORMATS)
def test_a_step_sorts_no_more_than_it_has_to(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sorts = []

    def counted(index: Tensor, size: int) -> Tensor:
        sorts.append(size)
        return stable_order(index, size)

    adj, order = FORMATS[name](ONES)
    x, weight = X.clone().requires_grad_(), WEIGHT[order].requires_grad_()
    conv = BipartiteConv()
    conv((x, PAIR[1]), adj).sum().backward()
    for module in ("order", "csr", "read_rows"):
        monkeypatch.setattr(f"tvdiff_pyg.sparse.{module}.stable_order", counted)
    conv((x, PAIR[1]), adj).sum().backward()
    assert len(sorts) == SORTS[name]
    conv((x, PAIR[1]), adj, weight).sum().backward()
    assert len(sorts) == 2 * SORTS[name]


@pytest.mark.parametrize("aggr", ["add", "mean"])
def test_as_a_pyg_module(aggr: str) -> None:
    size = (SIZE[1], 4)
    conv = BipartiteConv(aggr=aggr)
    assert_module(conv, PAIR, PAIRS, expected_size=size, edge_weight=None)
    square = torch.tensor([[0, 1, 2, 3, 4, 1], [1, 2, 3, 4, 0, 0]])
    assert_module(conv, X, square, expected_size=(5, 4))


def test_on_one_set_of_nodes_it_is_pygs() -> None:
    square = torch.tensor([[0, 1, 2, 3, 4, 1, 2], [1, 0, 3, 2, 1, 4, 2]])
    square = torch.unique(torch.cat([square, square.flip(0)], dim=1), dim=1)
    weight = torch.ones(square.size(1), dtype=torch.double)
    out = BipartiteConv()(X, square, weight)
    torch.testing.assert_close(out, LGConv()(X, square, weight))


def test_other_shapes_of_vectors() -> None:
    conv = BipartiteConv()
    batch = torch.stack([X, 2 * X, -X])
    out = conv((batch, None), PAIRS, WEIGHT, size=SIZE)
    wanted = expected("symmetric", WEIGHTED)
    torch.testing.assert_close(out, torch.stack([wanted, 2 * wanted, -wanted]))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("fuse", [True, False])
def test_half_precision(dtype: torch.dtype, fuse: bool) -> None:
    conv = BipartiteConv()
    conv.fuse = fuse
    x = X.to(dtype).requires_grad_()
    weight = WEIGHT.to(dtype).requires_grad_()
    out = conv((x, None), PAIRS, weight, size=SIZE)
    assert out.dtype == dtype
    torch.testing.assert_close(
        out.double(), expected("symmetric", WEIGHTED), rtol=3e-2, atol=3e-2
    )
    out.sum().backward()
    assert x.grad.dtype == weight.grad.dtype == dtype


@pytest.mark.parametrize("name", ["edge_index", "EdgeIndex by col, filled", "CSR"])
def test_function_transforms(name: str) -> None:
    conv = BipartiteConv()
    adj, order = FORMATS[name](ONES)
    inputs = X, WEIGHT[order]

    def out(x: Tensor, weight: Tensor) -> Tensor:
        return conv((x, PAIR[1]), adj, weight).sin()

    found = torch.func.jacrev(out, argnums=(0, 1))(*inputs)
    wanted = torch.autograd.functional.jacobian(
        out, tuple(value.clone().requires_grad_() for value in inputs)
    )
    torch.testing.assert_close(found, wanted)
    batch = torch.stack([X, 2 * X])
    many = torch.vmap(lambda x: conv((x, PAIR[1]), adj))(batch)
    torch.testing.assert_close(many[1], 2 * many[0])
    torch.testing.assert_close(many[0], conv(PAIR, adj))


@pytest.mark.parametrize("name", ["torch csr", "torch csc", "torch coo"])
def test_function_transforms_need_pairs(name: str) -> None:
    adj, _ = FORMATS[name](ONES)
    message = r"'edge_index' needs to be pairs in 'torch.func', .* \(got torch.sparse_"
    with pytest.raises(ValueError, match=message):
        torch.func.grad(lambda x: BipartiteConv()((x, PAIR[1]), adj).sum())(X)


def test_copies_and_pickles() -> None:
    conv = BipartiteConv("left")
    for again in (copy.deepcopy(conv), pickle.loads(pickle.dumps(conv))):
        assert torch.equal(again(PAIR, PAIRS), conv(PAIR, PAIRS))
        assert again.fuses


def test_repr() -> None:
    assert str(BipartiteConv("left")) == "BipartiteConv(normalization='left')"


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"'normalization' needs .* \(got 'right'\)"):
        BipartiteConv("right")

"""Which tools of PyTorch and PyG take the layers, in each of PyG's formats.

    python benchmarks/compatibility.py --keep --again

Nothing is timed: each tool is tried on each layer and format, on a few edges, and has
to give what plain pairs give without it. What raises is recorded with what it says.
ONNX needs the extra ``export``.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark import Benchmark, Records, Table
from toolbox import TOOLS, WORKS, graphs, layers, tried
from two_processes import WRAPS, in_two_processes

from tvdiff_pyg.grid import GridCell, Record
from tvdiff_pyg.grid.tables import markdown_table

#: The sentence for what an error says, where it is of PyTorch or PyG.
REASONS = {
    "Attempted to wrap sparse Tensor": "`torch.compile` takes no sparse tensors.",
    "pairs or COO in 'torch.export'": "Traced by PyTorch, compressed tensors have no "
    "entries; a `ValueError` says so.",
    "SparseTensor'>. Export only": "`torch.export` takes no `SparseTensor`.",
    "a traceable wrapper subclass": "`torch.onnx` takes no subclasses of tensors: pass "
    "`edge_index.as_tensor()`.",
    "No ONNX function found": "ONNX has no sparse tensors.",
    "aten::ne.Tensor": "PyG's explainers mask plain pairs.",
    "must have same number of dimensions": "PyG's explainers mask plain pairs.",
    "object has no attribute 'size'": "PyG's explainers mask plain pairs.",
}


@dataclass(frozen=True)
class Compatibility(GridCell):
    """All tools on all layers in one format, which the variant names."""

    protocol: None = None

    def measure(self) -> Record:
        found = {
            name: {
                layer: tried(tool, module, graphs()[self.variant])
                for layer, module in layers().items()
            }
            for name, tool in TOOLS.items()
        }
        return {"measures": {**found, **in_two_processes(self.variant)}}


def cells(names: Sequence[str] = (), /) -> list[Compatibility]:
    """Return a cell for each format.

    Args:
        names: Formats; all if none are named.
    """
    known = graphs()
    for name in names:
        if name not in known:
            raise ValueError(f"'names' needs to be of {list(known)} (got {name!r})")
    return [
        Compatibility("compatibility", "drawn", name, device="cpu")
        for name in names or known
    ]


def table(records: Records) -> str:
    """What works in each format; below it, why something does not."""
    notes: dict[str, int] = {}
    rows = [
        [
            record["variant"],
            *(_cell(record["measures"][tool], notes) for tool in (*TOOLS, *WRAPS)),
        ]
        for record in records
    ]
    below = "".join(f"{number}. {note}\n" for note, number in notes.items())
    return f"{markdown_table([['Format', *TOOLS, *WRAPS], *rows])}\n{below}"


def _cell(found: dict[str, str], notes: dict[str, int]) -> str:
    failed = {layer: said for layer, said in found.items() if said != WORKS}
    if not failed:
        return WORKS
    said = dict.fromkeys(map(_note, failed.values()))
    numbers = (notes.setdefault(note, len(notes) + 1) for note in said)
    where = "no" if len(failed) == len(found) else f"not {', '.join(failed)}"
    return f"{where} ({', '.join(map(str, numbers))})"


def _note(said: str) -> str:
    known = (note for part, note in REASONS.items() if part in said)
    return next(known, f"`{said}`")


BENCHMARK = Benchmark("compatibility", cells, {"compatibility": Table(table)})

if __name__ == "__main__":
    BENCHMARK.main()

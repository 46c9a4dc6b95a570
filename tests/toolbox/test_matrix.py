"""The table of tools and formats: what it says is what is found, as far as is quick."""

from types import ModuleType

import pytest

from tests.benchmarks import BENCHMARKS, ImportBenchmark
from tests.toolbox.cases import traced
from tvdiff_pyg.grid import Record, read_records

RECORDS = read_records(BENCHMARKS / "results" / "compatibility.jsonl")
FORMATS = [record["variant"] for record in RECORDS]
QUICK = ["equal values", "weight gradient", "hooks", "explain", "AMP"]


@pytest.fixture
def compatibility(import_benchmark: ImportBenchmark) -> ModuleType:
    return import_benchmark("compatibility")


@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("record", RECORDS, ids=FORMATS)
def test_the_table_says_what_is_found(
    record: Record, compatibility: ModuleType
) -> None:
    graphs = compatibility.graphs()
    if record["variant"] not in graphs:
        pytest.skip("needs torch-sparse")
    for tool in QUICK:
        for layer, module in compatibility.layers().items():
            graph = graphs[record["variant"]]
            said = compatibility.tried(compatibility.TOOLS[tool], module, graph)
            expected = record["measures"][tool][layer]
            assert (said == "works") == (expected == "works"), (tool, layer, said)


@traced
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Sparse")
@pytest.mark.parametrize("record", RECORDS, ids=FORMATS)
def test_programs_are_exported_where_the_table_says_so(
    record: Record, compatibility: ModuleType
) -> None:
    graph = compatibility.graphs().get(record["variant"])
    for layer, module in compatibility.layers().items():
        said = compatibility.tried(compatibility.TOOLS["export"], module, graph)
        expected = record["measures"]["export"][layer]
        assert (said == "works") == (expected == "works"), (layer, said)


def test_all_of_it_was_tried(compatibility: ModuleType) -> None:
    assert set(FORMATS) >= set(compatibility.graphs()) and len(FORMATS) == 7
    for record in RECORDS:
        tools = [*compatibility.TOOLS, *compatibility.WRAPS]
        assert list(record["measures"]) == tools
        for found in record["measures"].values():
            assert list(found) == list(compatibility.layers())


def test_every_cell_works_or_says_why(compatibility: ModuleType) -> None:
    """No error is shown as it is: each has a sentence of its own."""
    assert "Error" not in compatibility.table(RECORDS).replace("`ValueError`", "")
    found = {"operator": "works", "mlp": "TypeError: of another kind"}
    notes: dict[str, int] = {}
    assert compatibility._cell(found, notes) == "not mlp (1)"
    assert notes == {"`TypeError: of another kind`": 1}


def test_reasons_are_those_that_led_to_the_error(compatibility: ModuleType) -> None:
    def tool(*_: object) -> None:
        try:
            raise ValueError("first line\nsecond line")
        except ValueError as error:
            raise RuntimeError("around it") from error

    assert compatibility.tried(tool, None, None) == "ValueError: first line"
    assert compatibility.tried(lambda *_: None, None, None) == "works"

"""The notebooks in ``examples`` run from top to bottom, and carry no outputs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))
# What each prints or shows, and what it needs beyond the package.
SHOWN = {
    "layer_in_your_pipeline": ("test: Recall@20 0.", ()),
    "measuring_oversmoothing": ("image/png", ("matplotlib",)),
    "own_data_to_recommendations": ("page: ", ("jinja2",)),
}


def read(notebook: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(notebook.read_text(encoding="utf-8"))
    return found


def test_all_notebooks_are_tried() -> None:
    assert [notebook.stem for notebook in NOTEBOOKS] == sorted(SHOWN)


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_notebooks_carry_no_outputs(notebook: Path) -> None:
    for cell in read(notebook)["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None
        assert cell["metadata"] == {}


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_links_of_notebooks_lead_somewhere(notebook: Path) -> None:
    text = "".join(
        "".join(cell["source"])
        for cell in read(notebook)["cells"]
        if cell["cell_type"] == "markdown"
    )
    links = [part.split(")")[0].split("#")[0] for part in text.split("](")[1:]]
    assert links and all((EXAMPLES / link).is_file() for link in links)


@pytest.mark.slow
@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda one: one.stem)
def test_notebooks_run(notebook: Path, tmp_path: Path) -> None:
    client = pytest.importorskip("nbclient", reason="needs the extra 'notebooks'")
    nbformat = pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    shown, needs = SHOWN[notebook.stem]
    for name in needs:
        pytest.importorskip(name, reason=f"{notebook.name} needs {name}")
    found = nbformat.read(notebook, as_version=4)
    nbformat.validate(found)
    roots = f"{EXAMPLES.parent}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
    client.NotebookClient(
        found, timeout=300, resources={"metadata": {"path": str(tmp_path)}}
    ).execute(env={**os.environ, "PYTHONPATH": roots})
    outputs = [cell.get("outputs", []) for cell in found.cells]
    assert shown in json.dumps(outputs)

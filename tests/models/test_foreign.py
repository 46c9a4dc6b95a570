"""Models of plug-ins that do not rank are found out before anything is written."""

from pathlib import Path

import pytest

from tests.forgetting import forgotten
from tvdiff_pyg.cli import main

GRAPH = "synthetic:num_users=30,num_items=20,num_interactions=150"
MODEL = '''
from dataclasses import dataclass

import torch
from tvdiff_pyg.models import {base}, FactorScorer, ModelConfig, register_model

@dataclass(frozen=True)
class OddConfig(ModelConfig):
    """No settings."""

    @property
    def engines(self):
        return {engines}

    def memory(self, size, step):
        return {{"parameters": 0}}


class OddScorer(FactorScorer):
    """Its queries are odd."""

{query}

@register_model("odd", OddConfig)
class Odd({base}):
    """A model whose scorer is odd."""

{model}
    def scorer(self, graph):
        rows = self.adjacency_of(graph).user_rows
        {returned}
'''
CLOSED = """
    fitted = ("item_factor",)

    def __init__(self):
        super().__init__(OddConfig())

    def fit(self, graph, seed=0):
        self.item_factor = torch.ones(graph.user_rows.num_cols, 3)
        return self
"""
TRAINED = """
    def __init__(self, num_users, num_items):
        super().__init__(num_users, num_items)
        self.config = OddConfig()
        self.item_factor = torch.nn.Parameter(torch.ones(num_items, 3))

    def training_loss(self, *arguments, **named):
        raise AssertionError("was trained")
"""
RANKS = "return OddScorer(rows, self.item_factor)"
FEW = "return OddScorer(rows, self.item_factor[:3])"
RIGHT = "torch.ones(history.num_rows, 3)"
GOT = "'model' needs a 'scorer' that ranks (got that of Odd of 'odd_model', "


def write(path: Path, kind: str, returned: str, query: str) -> None:
    trained = kind == "TrainableModel"
    defined = f"    def query(self, history):\n        return {query}\n"
    path.write_text(
        MODEL.format(
            base=kind,
            engines='("exact",)' if trained else "()",
            query=defined if query else "",
            model=TRAINED if trained else CLOSED,
            returned=returned,
        )
    )


@pytest.mark.parametrize("kind", ["ClosedFormModel", "TrainableModel"])
@pytest.mark.parametrize(
    ("returned", "query", "wrong"),
    [
        ("return None", "", "which returns None and no Scorer)"),
        ("return rows", "", "which returns a CSR and no Scorer)"),
        (RANKS, "", "whose OddScorer does not define 'query')"),
        (FEW, RIGHT, "whose rankings need each of the 20 items once)"),
        (RANKS, "None", "whose queries need to be of shape [2, 3], not None)"),
        (RANKS, "torch.ones(2, 4)", "of shape [2, 3], not [2, 4])"),
        (RANKS, "torch.ones(1, 3)", "of shape [2, 3], not [1, 3])"),
        (RANKS, "torch.ones(3)", "of shape [2, 3], not [3])"),
        (RANKS, "torch.ones(2, 3).long()", "which fails: RuntimeError: "),
        (RANKS, "history.nothing", "which fails: AttributeError: "),
    ],
)
def test_a_scorer_that_cannot_rank_is_named(
    kind: str,
    returned: str,
    query: str,
    wrong: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    forgetful_registries: None,
) -> None:
    plugin, run = tmp_path / "odd_model.py", tmp_path / "run"
    write(plugin, kind, returned, query)
    args = ["fit", "--plugin", str(plugin), "--model", "odd", "--data", GRAPH]
    assert main([*args, "--progress", "false", "--run", str(run)]) == 2
    said = capsys.readouterr().err
    assert GOT in said and wrong in said and said.count("\n") == 1
    assert not run.exists()


def test_a_scorer_that_was_changed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plugin, run = tmp_path / "odd_model.py", str(tmp_path / "run")
    told = ["--plugin", str(plugin)]
    args = ["fit", *told, "--model", "odd", "--data", GRAPH, "--run", run]
    with forgotten():
        write(plugin, "ClosedFormModel", RANKS, RIGHT)
        assert main(args) == 0
    assert "scores the best items of all 30 users" in capsys.readouterr().err
    with forgotten():
        write(plugin, "ClosedFormModel", RANKS, "torch.ones(history.num_rows, 40)")
        commands = [["evaluate", run], ["recommend", run, "--user", "0"]]
        assert [main([*words, *told]) for words in commands] == [2, 2]
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 2
    assert all("shape [2, 3], not [2, 40]" in line and GOT in line for line in said)


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        ("None", "got None)"),
        ("self.item_factor.sum()", "got [])"),
        ("FreeEnergy(*3 * [self.item_factor.sum(dim=1)])", "got one of [20], [20], "),
        ("FreeEnergy(*3 * [torch.ones(())])", "got one without a gradient)"),
    ],
)
def test_a_loss_that_is_none_is_named(
    returned: str,
    got: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    forgetful_registries: None,
) -> None:
    plugin = tmp_path / "odd_model.py"
    write(plugin, "TrainableModel", RANKS, RIGHT)
    loss = f"from tvdiff_pyg.loss import FreeEnergy; return {returned}"
    text = plugin.read_text().replace('raise AssertionError("was trained")', loss)
    plugin.write_text(text)
    args = ["fit", "--plugin", str(plugin), "--model", "odd", "--data", GRAPH]
    args += ["--progress", "false", "--run", str(tmp_path / "run"), "--log", "none"]
    assert main([*args, "--max-epochs", "1"]) == 2
    said = capsys.readouterr().err
    assert "'training_loss' of Odd needs to return a FreeEnergy" in said and got in said
    assert not (tmp_path / "run").exists()

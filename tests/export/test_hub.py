"""Models through PyG's hub mixin: equal scores, refusals, no network."""

import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.oracle import pairs_of, random_matrix
from tests.test_full_disk import contents
from tvdiff_pyg.data import BipartiteGraph, NodeFeatures
from tvdiff_pyg.export import from_pretrained, save_pretrained
from tvdiff_pyg.models import (
    BPRMF,
    EASE,
    GFCF,
    Blend,
    ItemKNN,
    LocalEASE,
    Model,
    Popularity,
    TVDiff,
    UserKNN,
)
from tvdiff_pyg.models.tvdiff_config import TVDiffConfig
from tvdiff_pyg.nn import DENOISERS

MATRIX = random_matrix(20, 15, density=0.3)
GRAPH = BipartiteGraph.from_edge_index(pairs_of(MATRIX), 20, 15)


def tvdiff(**settings: object) -> TVDiff:
    small = {"hidden_channels": 6, "num_timesteps": 3, **settings}
    return TVDiff.from_config(TVDiffConfig.of(**small), 20, 15)


MADE = {
    "anisotropic": tvdiff,
    "gcn": lambda: tvdiff(denoiser="gcn", num_layers=2, schedule="cosine"),
    "mlp": lambda: tvdiff(denoiser="mlp", entropy_type="bce", temperature=3.0),
    "bpr-mf": lambda: BPRMF(20, 15, 6),
    "ease": lambda: EASE(l2=1.0),
    "blend": lambda: Blend(tvdiff(), LocalEASE(5), 0.5),
    "popular": lambda: Blend(tvdiff(), LocalEASE(5), 0.5, 0.2),
}


@pytest.fixture(autouse=True)
def hub(monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder needs no network, and gets none."""
    pytest.importorskip("huggingface_hub", reason="needs the extra 'hub'")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)


@pytest.fixture
def shelf(
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[[Path], list[dict[str, Any]]]:
    """What lets a folder stand for a hub, and returns what it will be asked for."""
    asked: list[dict[str, Any]] = []
    takes = inspect.signature(pytest.importorskip("huggingface_hub").hf_hub_download)

    def put(folder: Path) -> list[dict[str, Any]]:
        def download(*words: Any, **named: Any) -> str:
            asked.append(takes.bind(*words, **named).arguments)
            return str(folder / asked[-1]["filename"])

        monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
        return asked

    return put


def ranking(model: Model) -> tuple[torch.Tensor, ...]:
    adjacency = model.adjacency_of(GRAPH)
    return model.scorer(adjacency).rank(torch.arange(20), 5, adjacency.user_rows)


@pytest.mark.parametrize("name", MADE)
def test_a_model_ranks_as_before(name: str, tmp_path: Path) -> None:
    torch.manual_seed(0)
    model = MADE[name]()
    model.prepare(GRAPH).eval()
    save_pretrained(model, tmp_path, dataset="random")
    read = from_pretrained(tmp_path)
    assert type(read) is type(model) and read.config == model.config
    assert not read.training
    for one, two in zip(ranking(model), ranking(read), strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("name", ["anisotropic", "gcn", "mlp"])
def test_a_denoiser_alone_is_kept(name: str, tmp_path: Path) -> None:
    denoiser = DENOISERS[name].part(20, 15, hidden_channels=6).eval()
    save_pretrained(denoiser, tmp_path)
    read = from_pretrained(tmp_path)
    for one, two in zip(
        denoiser(GRAPH.train_index, 1), read(GRAPH.train_index, 1), strict=True
    ):
        assert torch.equal(one, two)


def test_features_are_refused(tmp_path: Path) -> None:
    graph = NodeFeatures(item=torch.rand(15, 3)).put(GRAPH)
    model = tvdiff(features="beside").read_features(graph)
    with pytest.raises(ValueError, match="'model' needs to read no features"):
        save_pretrained(model, tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'name' needs a folder .* config\.json"):
        from_pretrained(tmp_path)
    save_pretrained(tvdiff(), tmp_path)
    config = tmp_path / "config.json"
    told = json.loads(config.read_text())
    for wrong in ({"part": "gnn"}, {"size": [20, 16]}, {"name": None}, {"part": 1}):
        config.write_text(json.dumps({**told, **wrong}))
        with pytest.raises(ValueError, match=r"'(name|denoiser|model)' needs"):
            from_pretrained(tmp_path)
    with pytest.raises(ValueError, match=r"'model' needs .* \(got Linear\)"):
        save_pretrained(torch.nn.Linear(2, 2), tmp_path / "other")  # type: ignore
    assert not (tmp_path / "other").exists()
    config.write_text(json.dumps(told))
    (tmp_path / "model.pth").write_bytes(b"cos\nsystem\n(S'exit'\ntR.")
    with pytest.raises(ValueError, match="'name' needs to be the weights"):
        from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("[]", r"config\.json needs names and values \(got \[\]\)"),
        ("3", r"config\.json needs names and values \(got 3\)"),
        ("null", r"config\.json needs names and values \(got None\)"),
        ('"text"', r"config\.json needs names and values \(got 'text'\)"),
        ("{", r"config\.json needs to be JSON\)"),
        ("", r"config\.json needs to be JSON\)"),
        ("[" * 10**5, r"config\.json needs to be JSON\)"),
        (b"\xff\xfe\xfd", r"config\.json needs to be JSON\)"),
        ("{}", r"config\.json needs a word as 'part' \(got None\)"),
        ({"part": []}, r"needs a word as 'part' \(got \[\]\)"),
        ({"part": "gnn"}, r"'part' needs to be one of \['model', 'denoiser'\]"),
        ({"settings": 3}, r"needs names and values as 'settings' \(got 3\)"),
        ({"size": None}, r"needs a list as 'size' \(got None\)"),
        ({"size": [20]}, r"needs two numbers in 'size' \(got \[20\]\)"),
        ({"size": [20, 10**20]}, "'num_items' needs to be at most"),
        ({"shapes": "x"}, r"needs names and values as 'shapes' \(got 'x'\)"),
        ({"share": 0.5}, r"needs names and values as 'model' \(got None\)"),
    ],
)
def test_a_config_of_another_form_is_refused_in_words(
    content: str | bytes | dict[str, Any],
    said: str,
    tmp_path: Path,
    shelf: Callable[[Path], list[dict[str, Any]]],
) -> None:
    save_pretrained(tvdiff(), tmp_path)
    config = tmp_path / "config.json"
    if isinstance(content, dict):
        content = json.dumps({**json.loads(config.read_text()), **content})
    config.write_bytes(content if isinstance(content, bytes) else content.encode())
    shelf(tmp_path)
    for name in (tmp_path, "some/where"):
        with pytest.raises(ValueError, match=f"'name' needs .*'{name}': .*{said}"):
            from_pretrained(name)


@pytest.mark.parametrize("state", [[1], 3, None, {1: torch.ones(2)}], ids=repr)
def test_weights_of_another_form_are_refused_in_words(
    state: Any, tmp_path: Path
) -> None:
    save_pretrained(tvdiff(), tmp_path)
    torch.save(state, tmp_path / "model.pth")
    with pytest.raises(ValueError, match=r"model\.pth needs weights by their names"):
        from_pretrained(tmp_path)


@pytest.mark.parametrize(
    ("saved", "given", "said"),
    [
        (EASE(1.0), ItemKNN(5), r"that of a fitted EASE \(got that of ItemKNN\)"),
        (UserKNN(5), Popularity(), "that of a fitted UserKNN .*of Popularity"),
        (EASE(1.0), GFCF(2), r"model\.pth needs .* of shape \[15, 15\] and not None"),
        (EASE(1.0), BPRMF(20, 15, 6), r"model\.pth needs the weights"),
        (BPRMF(20, 15, 6), BPRMF(20, 16, 6), r"shape \[15, 6\] and not \[16, 6\]"),
    ],
    ids=repr,
)
def test_weights_of_another_model_are_refused(
    saved: Model, given: Model, said: str, tmp_path: Path
) -> None:
    for name, model in {"one": saved, "two": given}.items():
        save_pretrained(model.prepare(GRAPH), tmp_path / name)
    (tmp_path / "two" / "model.pth").replace(tmp_path / "one" / "model.pth")
    with pytest.raises(ValueError, match=rf"(?s)'name' needs .*one'.*{said}"):
        from_pretrained(tmp_path / "one")


def test_weights_of_another_catalogue_are_refused(tmp_path: Path) -> None:
    other = BipartiteGraph.from_edge_index(pairs_of(MATRIX[:, :14]), 20, 14)
    for name, graph in {"one": GRAPH, "two": other}.items():
        save_pretrained(EASE(1.0).fit(graph), tmp_path / name)
    (tmp_path / "two" / "model.pth").replace(tmp_path / "one" / "model.pth")
    with pytest.raises(ValueError, match=r"shape \[15, 15\] and not \[14, 14\]"):
        from_pretrained(tmp_path / "one")


def test_a_folder_that_is_not_there_is_named_before_a_hub_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shelf").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("./gone", "/no/where", "~/gone", "shelf/gone", "a b", Path("gone")):
        with pytest.raises(FileNotFoundError, match="and there is no such folder"):
            from_pretrained(name)
    with pytest.raises(FileNotFoundError, match=r"'name' needs .* that can be reached"):
        from_pretrained("gone/away")
    Path("file").touch()
    with pytest.raises(ValueError, match="'name' needs a folder of 'save_pretrained'"):
        from_pretrained("file")


def test_a_model_is_whole_or_as_it_was(tmp_path: Path, little_space: None) -> None:
    for _ in range(2):
        before = contents(tmp_path)
        with pytest.raises(OSError, match=r"File too large: '.*model\.pth'"):
            save_pretrained(BPRMF(2000, 15, 50), tmp_path / "shelf")
        assert contents(tmp_path) == before
        save_pretrained(tvdiff(), tmp_path / "shelf")


def test_a_card_tells_of_the_data_and_is_left_to_whoever_writes_on(
    tmp_path: Path,
) -> None:
    save_pretrained(tvdiff(), tmp_path, dataset="ml-100k: the small one")
    card = tmp_path / "README.md"
    head = yaml.safe_load(card.read_text().split("---")[1])
    assert head["datasets"] == "ml-100k: the small one"
    assert head["model_name"] == "TVDiff" and "license" not in head
    card.write_text("more")
    save_pretrained(tvdiff(), tmp_path)
    assert card.read_text() == "more"


#: What each argument is not, and what is said of it.
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"folder": ""}, r"'folder' needs to be a folder \(got ''\)"),
    ({"folder": "file"}, r"'folder' needs .* \(got 'file', and file is a file\)"),
    ({"folder": "file/x"}, r"'folder' needs .* \(got 'file/x', and file is a file\)"),
    ({"dataset": 3}, r"'dataset' needs to be a string \(got 3\)"),
    ({"dataset": None}, r"'dataset' needs to be a string \(got None\)"),
    ({"dataset": "a\nb"}, r"'dataset' needs to be a line of text"),
    ({"dataset": "\ud800"}, r"'dataset' needs to be a line of text"),
    ({"push_to_hub": "yes"}, r"'push_to_hub' needs to be true or false \(got 'yes'\)"),
    ({"push_to_hub": None}, r"'push_to_hub' needs to be true or false"),
    ({"push_to_hub": True}, r"'repo_id' needs to be the name of a model on a hub"),
    ({"repo_id": "a/b"}, r"'repo_id' has no use without 'push_to_hub' \(got 'a/b'\)"),
    ({"config": {}}, r"'config' has no use without 'push_to_hub'"),
    *(
        ({"push_to_hub": True, "repo_id": "a/b", **wrong}, f"'{next(iter(wrong))}' .*")
        for wrong in (
            {"repo_id": 3},
            {"repo_id": "a b"},
            {"repo_id": "a/b/c"},
            {"commit_message": 3},
            {"private": "no"},
            {"token": 3},
            {"branch": 3},
            {"create_pr": None},
            {"config": {}},
            {"save_directory": "x"},
        )
    ),
    ({"model": None}, r"'model' needs to be a model or a denoiser"),
]


@pytest.mark.parametrize(("wrong", "said"), WRONG, ids=repr)
def test_a_wrong_argument_is_named_before_anything_is_written(
    wrong: dict[str, Any], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("file").touch()
    given: dict[str, Any] = {"model": tvdiff(), "folder": "new", **wrong}
    with pytest.raises(ValueError, match=f"^{said}"):
        save_pretrained(**given)
    assert [one.name for one in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"revision": 3},
        {"token": 3},
        {"cache_dir": 3},
        {"force_download": "yes"},
        {"local_files_only": None},
        {"strict": True},
        {"config": {}},
    ],
    ids=repr,
)
def test_a_wrong_option_is_named_before_anything_is_read(
    wrong: dict[str, Any],
    tmp_path: Path,
    shelf: Callable[[Path], list[dict[str, Any]]],
) -> None:
    save_pretrained(tvdiff(), tmp_path)
    asked = shelf(tmp_path)
    for name in (tmp_path, "some/where"):
        with pytest.raises(ValueError, match=f"^'{next(iter(wrong))}' (needs|is not)"):
            from_pretrained(name, **wrong)
    assert asked == []


@pytest.mark.parametrize("name", ["a--b", "a" * 97, "a.git", "a" * 300])
def test_no_hub_is_asked_for_what_can_be_no_name(
    name: str, tmp_path: Path, shelf: Callable[[Path], list[dict[str, Any]]]
) -> None:
    asked = shelf(tmp_path)
    with pytest.raises(ValueError, match=r"^'name' needs to be the name of a model"):
        from_pretrained(name)
    assert asked == []


def test_a_hub_is_read_as_asked(
    tmp_path: Path, shelf: Callable[[Path], list[dict[str, Any]]]
) -> None:
    save_pretrained(tvdiff(), tmp_path)
    asked = shelf(tmp_path)
    assert isinstance(from_pretrained("some/where", revision="v1", token="t"), TVDiff)
    assert [one["filename"] for one in asked] == ["config.json", "model.pth"]
    for one in asked:
        assert one["repo_id"] == "some/where"
        assert one["revision"] == "v1" and one["token"] == "t"


def test_a_hub_that_breaks_off_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(*_: Any, **__: Any) -> str:
        raise pytest.importorskip("httpx").ReadTimeout("too slow")

    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    with pytest.raises(FileNotFoundError, match=r"'name' needs .*'a/b': too slow\)"):
        from_pretrained("a/b")


def test_a_model_is_sent_at_once_as_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []

    class Hub:
        def __init__(self, token: str | None) -> None:
            self.token = token

        def create_repo(self, repo_id: str, **_: Any) -> "Hub":
            self.repo_id = repo_id
            return self

        def upload_folder(self, folder_path: Path, **how: Any) -> None:
            files = sorted(file.name for file in folder_path.iterdir())
            sent.append({"files": files, "token": self.token, **how})

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Hub)
    how = {"repo_id": "some/where", "token": "t", "branch": "next"}
    save_pretrained(tvdiff(), tmp_path / "shelf", "ml-100k", push_to_hub=True, **how)
    [told] = sent
    assert told["files"] == ["README.md", "config.json", "model.pth"]
    assert told["files"] == sorted(one.name for one in (tmp_path / "shelf").iterdir())
    assert told["token"] == "t" and told["revision"] == "next"
    assert told["repo_id"] == "some/where"


def test_the_extra_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    message = r"a model hub needs huggingface_hub \(pip install 'tvdiff_pyg\[hub\]'\)"
    for use in (
        lambda: save_pretrained(tvdiff(), tmp_path),
        lambda: from_pretrained("a"),
    ):
        with pytest.raises(ImportError, match=message):
            use()

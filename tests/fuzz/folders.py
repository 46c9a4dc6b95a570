"""Run folders whose files were torn, flipped, swapped or replaced; ids of any kind."""

import json
import pickle
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.fuzz.case import Case, command

GRAPH = "synthetic:num_users=40,num_items=30,num_interactions=300"
SMALL = ["--hidden-channels=4", "--num-timesteps=2", "--device=cpu", "--progress=false"]
# What each command reads of a folder.
READ = {
    "evaluate": ["graph.pt", "checkpoints/best.ckpt"],
    "recommend": ["graph.pt", "checkpoints/best.ckpt"],
    "resume": ["graph.pt", "checkpoints/last.ckpt", "config.yaml"],
}
IDS = [
    "",
    " ",
    "-1",
    "30",
    "1.5",
    "nan",
    "None",
    "x",
    "\x1b[31m",
    "0 ",
    "9" * 30,
    "1e3",
    "\0",
]
LINES = [
    ",",
    ",,",
    "0,",
    ",0",
    '"',
    '"0',
    '0,"1',
    "0;1",
    "0\n1",
    "x,y",
    "-1",
    "[0]",
    "\x1b",
]


class Harm:
    """What a pickle can do to those who read it."""

    def __init__(self, proof: Path) -> None:
        self.proof = proof

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.proof,))


def fitted(folder: Path) -> Path:
    """Return a run folder of a training of one epoch."""
    words = ["fit", f"--data={GRAPH}", f"--run={folder}", "--max-epochs=1", *SMALL]
    command(*words)
    return folder


def cases(folder: Path, run: Path, rng: random.Random) -> Iterator[Case]:
    """Yield the cases; each that harms a folder gets its own copy."""
    number = 0
    for name, files in READ.items():
        for file in files:
            for harm in (
                "cut",
                "empty",
                "flip",
                "flip",
                "other",
                "pickle",
                "gone",
                "dir",
            ):
                number += 1
                copy = folder / f"run{number}"
                seed = rng.randrange(2**32)
                yield Case(
                    "folder",
                    f"{name}: {harm} {file}",
                    partial(_read_harmed, name, run, copy, file, harm, seed),
                    refused=True,
                )
    for one in IDS:
        words = ["recommend", str(run), f"--user={one}", "-k=3"]
        yield Case("ids", f"--user={one!r}", partial(command, *words))
    for line in [*IDS, *LINES]:
        words = ["recommend", str(run), f"--items={line}", "-k=3", "--json"]
        yield Case("ids", f"--items={line!r}", partial(command, *words), holds=_is_json)
    for k in ("0", "-1", "1.5", "x", "nan", "", "true"):
        words = ["recommend", str(run), "--user=0", f"-k={k}"]
        yield Case("ids", f"-k={k}", partial(command, *words), refused=True)
    for k in ("29", "31", "1000000000", "4294967295"):
        words = ["recommend", str(run), "--user=0", f"-k={k}", "--json"]
        yield Case("ids", f"-k={k}", partial(command, *words), holds=_is_json)
    for words in _others(run):
        yield Case("ids", " ".join(words)[-60:], partial(command, *words), refused=True)


def _others(run: Path) -> Iterator[list[str]]:
    for path in (
        "",
        "/",
        "nowhere",
        str(run / "config.yaml"),
        "\x1b[31m",
        "a" * 5000,
        "a\0",
    ):
        for name in ("evaluate", "recommend"):
            yield [name, path, *(["--user=0"] if name == "recommend" else [])]
    for option in ("--split=x", "--device=x", "--metrics=x", "-k=0", "-k=-1", "-k=x"):
        yield ["evaluate", str(run), option]
    yield ["recommend", str(run), "--user=0", "--items=1"]
    for path in ("", "/", "nowhere/best.csv", "best", "a\0.csv", "a" * 5000 + ".csv"):
        yield ["recommend", str(run), "--users=all", f"--out={path}"]
    for path in ("", "/", "nowhere", str(run / "graph.pt"), "a\0", "a" * 5000):
        out = f"--out={run}/best.csv"
        yield ["recommend", str(run), f"--users={path}", out]
    yield ["recommend", str(run), "--user=0", "--filter-seen=perhaps"]


def _read_harmed(
    name: str, run: Path, copy: Path, file: str, harm: str, seed: int
) -> str:
    shutil.copytree(run, copy)
    path, proof = copy / file, copy.parent / f"{copy.name}.proof"
    content, rng = path.read_bytes(), random.Random(seed)
    place = rng.randrange(len(content))
    if harm in ("gone", "dir"):
        path.unlink()
    if harm == "dir":
        path.mkdir()
    flipped = bytes([content[place] ^ 1])
    changed = {
        "cut": content[:place],
        "empty": b"",
        "flip": content[:place] + flipped + content[place + 1 :],
        "other": (
            run / ("config.yaml" if file != "config.yaml" else "graph.pt")
        ).read_bytes(),
        "pickle": pickle.dumps(Harm(proof)),
    }
    if harm in changed:
        path.write_bytes(changed[harm])
    before = _contents(copy)
    try:
        if name == "evaluate":
            return command("evaluate", str(copy), "--device=cpu")
        if name == "recommend":
            return command("recommend", str(copy), "--user=0", "--device=cpu")
        words = [f"--data={GRAPH}", f"--run={copy}", "--max-epochs=2", *SMALL]
        return command("fit", *words, "--resume=true")
    finally:
        if proof.exists():
            raise RuntimeError("a pickle was carried out")
        if _contents(copy) != before:
            raise RuntimeError("the folder was changed")
        shutil.rmtree(copy)


def _contents(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix != ".lock"
    }


def _is_json(out: str) -> bool:
    def refuse(word: str) -> None:
        raise ValueError(word)

    return isinstance(json.loads(out, parse_constant=refuse), list)

"""Options of every command with values of every kind, and configs as files."""

import random
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.fuzz.case import Case, command
from tvdiff_pyg.training import all_settings

JUNK = [
    "nan",
    "inf",
    "-1",
    "1e999",
    "",
    "x",
    "[1,",
    "{a: 1}",
    "*a",
    "!!python/name:os.system",
    "\x1b[31m",
]
HUGE = ["10000000", "100000000000000000000", "1e300", "9" * 5000]
SIZE = ["--users", "50", "--items", "40", "--interactions", "300"]
GRAPH = "synthetic:num_users=40,num_items=30,num_interactions=300"
FIT_OPTIONS = {
    "seed": ["-1", "4294967296", "1.5", "true", "nan", ""],
    "num_workers": ["-1", "1000000", "x", "2.5"],
    "devices": ["0", "-1", "1000000", "x", "2.5"],
    "num_nodes": ["0", "-1", "1000000", "x", "2"],
    "memory_gb": ["0", "-1", "nan", "inf", "x"],
    "protocol": ["", "mine", "1"],
    "device": ["tpu", "cuda:99", ""],
    "log": ["wandb", ""],
    "progress": ["maybe", "2"],
    "resume": ["maybe", "[true]"],
    "k_core": ["-1", "1.5", "x"],
    "min_rating": ["nan", "inf", "x", "1"],
    "split": ["mine", "", "leave_last_out"],
    "validation_ratio": ["1", "-0.1", "nan", "x", "1e300"],
    "test_ratio": ["1", "-0.1", "nan", "x"],
    "header": ["true", "perhaps"],
    "delimiter": [",", "ab"],
    "user_column": ["-1", "99", "none of them"],
    "max_epochs": ["0", "-3"],
    "batch_size": ["0", "-1", "x"],
    "hidden_channels": ["0", "-1", "1000000000", "4294967295"],
    "preset": ["none", "../lastfm", ""],
    "model": ["gpt", "", "TVDiff"],
    "wings": ["2"],
    "config": ["nowhere.yaml", "/", "[1, 2]", "x: *a"],
}
DATA = [
    "",
    " ",
    "/",
    ".",
    "nowhere.csv",
    "\x1b[31m.csv",
    "synthetic",
    "synthetic:",
    "synthetic:num_users=1",
    GRAPH + ",root=here",
    GRAPH + ",force_reload=true",
    GRAPH + ",exponent=nan",
    GRAPH + ",mixing=!!python/object:os.system",
    GRAPH + ",num_users=9",
    GRAPH + ",seed=1",
    GRAPH + ",wings=2",
    GRAPH + "0" * 12,
    "synthetic:num_users=*a,num_items=&a,num_interactions=1",
    GRAPH + ",num_communities=0",
    "synthetic:num_users=4000000000,num_items=4000000000,num_interactions=4000000000",
    "synthetic:num_users=1e3,num_items=30,num_interactions=300",
    "lastfm:seed=1",
    "fractal",
    "fractal:name=../x",
    "fractal:name=fractal",
    "fractal:name=synthetic,factor_users=2",
    "fractal:name=movielens-small,factor_users=1000000000000",
    "fractal:name=movielens-small,graph=x,seed=2",
    "ml-100k",
    "yelp2018:",
    "placed",
    "placed:",
    "placed:name=../x",
    "placed:name=",
    "placed:name=x,root=/",
    "placed-split:name=x,k_core=2",
    "gowalla:",
    "movielens-small:root=x",
    "a" * 5000,
    "nul\0l",
    "synthetic:=,=",
    "synthetic:[[[[[[",
    "*.csv",
    "log[1].csv",
    "http://example.org/x.csv",
]
TEXTS = [
    "",
    "- 1",
    "x",
    "seed",
    "seed: [",
    "seed: {a: 1}",
    "seed: !!python/name:os.system",
    "a: &a 1",
    "seed: *a",
    "wings: 2",
    "seed: 1\nseed: 2",
    "seed: yes",
    "data: [a, b]",
    "seed: .nan",
    "seed: 1e3",
    "? [a]\n: 1",
    "--- 1\n--- 2",
    "%YAML 9\n",
    "seed:\t1\n\tx",
    "data: null",
    "run: 3",
    "max_epochs: '3'",
    "1: 2",
    "null: 1",
    "true: 1",
    "seed: 0x",
    "seed: 99999999999999999999",
    "model: [tvdiff]",
    "hidden_channels: 1.5",
    "a: " + "[" * 5000,
    "a: " + "{" * 5000,
    "x: " + "y" * 2_000_000,
    "\n".join(
        ["a0: &a0 [x]", *(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]" for i in range(60))]
    ),
]


def cases(folder: Path, rng: random.Random) -> Iterator[Case]:
    """Yield the cases; those that could write get a folder each that stays empty."""
    for name in dict.fromkeys(name for name, _, _, _ in all_settings()):
        option = "--" + name.replace("_", "-")
        for value in [*rng.sample(JUNK, 4), rng.choice(HUGE)]:
            # A plan reads all settings, and trains nothing.
            words = ["plan", *SIZE, f"{option}={value}"]
            # Some take a negative number, and a plan may be as large as you like.
            refused = None if value in ("-1", *HUGE) else True
            label = f"{option}={value:.40}"
            yield Case("setting", label, partial(command, *words), refused)
    for name in ("users", "items", "interactions", "memory", "hidden"):
        for value in [*JUNK, *HUGE, "0", "-1", "1.5"]:
            words = ["plan", *SIZE, f"--{name}={value}"]
            yield Case("plan", f"--{name}={value:.40}", partial(command, *words))
    number = 0
    for name, values in FIT_OPTIONS.items():
        for value in values:
            number += 1
            option = f"--{name.replace('_', '-')}={value}"
            yield _fit(folder / f"fit{number}", "fit", ["--data", GRAPH, option])
    for data in DATA:
        number += 1
        yield _fit(folder / f"fit{number}", "data", [f"--data={data}"])
    for text in TEXTS:
        number += 1
        config = folder / f"config{number}.yaml"
        config.write_text(text)
        yield _fit(folder / f"fit{number}", "config", [f"--config={config}"])
    for content in (
        b"\xff\xfe\x00",
        b"\x80",
        b"PK\x03\x04",
        b"\x1f\x8b",
        b"seed: \x00",
    ):
        number += 1
        config = folder / f"config{number}.yaml"
        config.write_bytes(content)
        yield _fit(folder / f"fit{number}", "config", [f"--config={config}"])
    for words in _studies(folder):
        yield Case(
            "study", " ".join(words)[:80], partial(command, *words), refused=True
        )
    for data in DATA:
        words = partial(command, "datasets", data)
        yield Case("datasets", data[:80], words, refused=True)
    for words in _tunings(folder):
        yield Case("tune", " ".join(words)[:80], partial(command, *words), refused=True)
    for words in [
        ["fly"],
        [""],
        ["fit", "fit"],
        ["models", "x"],
        ["datasets", "--wings"],
        ["--plugin=junk", "fit"],
    ]:
        yield Case("command", " ".join(words), partial(command, *words), refused=True)


def _fit(run: Path, kind: str, words: list[str]) -> Case:
    def call() -> str:
        try:
            return command("fit", "--run", str(run), *words)
        finally:
            if run.exists():
                raise RuntimeError(f"left {sorted(run.rglob('*'))}")

    return Case(kind, " ".join(words)[:80], call, refused=True)


def _studies(folder: Path) -> Iterator[list[str]]:
    out = f"--out={folder / 'study'}"
    known = ["study", "oversmoothing", out, "--data", GRAPH]
    yield ["study", "nothing", out, "--data", GRAPH]
    yield ["study", "oversmoothing", out, "--data"]
    for value in ("nan", "0", "-1", "x", "1.5", "101", "9" * 5000, ""):
        yield [*known, "--values", value]
    for value in ("nan", "-1", "1e999", "x"):
        yield ["study", "temperature", out, "--data", GRAPH, "--values", value]
    for option in ("--seeds=-1", "--seeds=x", "--jobs=-1", "--jobs=1000000"):
        yield [*known, option]
    for option in ("--num-workers=-1", "--protocol=x", "--device=x", "--preset=x"):
        yield [*known, option]
    for option in ("--hidden-channels=0", "--wings=2", "--factors=3", "--progress=x"):
        yield [*known, option]
    yield [*known, "--seeds", "0", "0"]
    yield [*known, GRAPH]


def _tunings(folder: Path) -> Iterator[list[str]]:
    out = f"--out={folder / 'tune'}"
    known = ["tune", out, "--data", GRAPH, "--models", "ease"]
    yield ["tune", out, "--data", GRAPH]
    yield ["tune", out, "--data", GRAPH, "--models"]
    yield ["tune", out, "--models", "ease"]
    for model in ("gpt", "", "ease", "EASE", "\x1b[31m"):
        yield [*known, model]
    for value in [*JUNK, "0", "-1", "1.5"]:
        yield [*known, f"--trials={value}"]
    for value in ["nan", "inf", "0", "-1", "x", ""]:
        yield [*known, f"--minutes={value}"]
    for option in ("--startup-trials=-1", "--jobs=-1", "--jobs=1000000", "--seed=-1"):
        yield [*known, option]
    for option in (
        "--prune=x",
        "--device=x",
        "--preset=x",
        "--model=ease",
        "--wings=2",
    ):
        yield [*known, option]
    for option in ("--l2=0", "--l2=x", "--factors=3", "--validation-ratio=0"):
        yield [*known, option]

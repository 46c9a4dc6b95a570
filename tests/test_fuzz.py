"""More than a thousand inputs of every kind: each is understood or refused clearly."""

import random
from collections import Counter
from pathlib import Path

import pytest

from tests.fuzz import command_lines, files, folders, functions
from tests.fuzz.case import judge

LEAST = 1000


@pytest.mark.slow
def test_no_input_is_answered_by_a_traceback_nonsense_or_a_hang(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("lines", "files", "runs", "functions"):
        (tmp_path / name).mkdir()
    rng = random.Random(0)
    run = folders.fitted(tmp_path / "run")
    found: Counter[str] = Counter()
    wrong: list[str] = []
    for case in (
        *functions.cases(tmp_path / "functions", rng),
        *files.cases(tmp_path / "files", rng),
        *folders.cases(tmp_path / "runs", run, rng),
        *command_lines.cases(tmp_path / "lines", rng),
    ):
        verdict, said = judge(case)
        found[verdict] += 1
        if verdict != "clear":
            wrong.append(f"{verdict}: {case.kind}: {case.label}: {said}")
    tried = found.total()
    counts = (tried, *(found[v] for v in ("clear", "traceback", "nonsense", "hang")))
    with capsys.disabled():
        print("\ntried / clear / traceback / nonsense / hang:", *counts)
    assert tried >= LEAST
    assert not wrong, "\n".join(wrong)

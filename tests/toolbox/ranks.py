"""Two processes that train together by gloo: started, waited for, ended.

Run by its path, it is one of them: it tries the cases of a module beside it.
"""

import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from types import ModuleType

WORLD_SIZE = 2
SECONDS = 150
ROOT = Path(__file__).parents[2]


def run_ranks(module: str, folder: Path) -> dict[str, str]:
    """Try all cases of a module in two processes; ``"ok"`` where nothing was raised."""
    command = [sys.executable, __file__, module, str(folder)]
    processes = []
    try:
        for rank in range(WORLD_SIZE):
            with open(folder / f"{rank}.txt", "w") as out:
                run = [*command, str(rank)]
                one = subprocess.Popen(run, stdout=out, stderr=out, cwd=ROOT)
                processes.append(one)
        for process in processes:
            process.wait(SECONDS)
    finally:
        for process in processes:
            process.kill()
            process.wait()
    texts = [(folder / f"{rank}.txt").read_text() for rank in range(WORLD_SIZE)]
    assert not any(process.returncode for process in processes), "\n".join(texts)
    return json.loads((folder / "0.json").read_text())


def try_cases(cases: dict[str, Callable[[], None]]) -> dict[str, str]:
    """Try cases one after another, both processes the same ones."""
    found = {}
    for name, case in cases.items():
        try:
            case()
            found[name] = "ok"
        except Exception:
            found[name] = traceback.format_exc()
        import_module("torch.distributed").barrier()
    return found


def main() -> None:
    module, folder, rank = sys.argv[1:]
    sys.path.insert(0, str(ROOT))
    # A package of that name may be installed; pytest sees to this by itself.
    package = ModuleType("tests")
    package.__path__ = [str(ROOT / "tests")]
    sys.modules["tests"] = package

    dist = import_module("torch.distributed")
    store = dist.FileStore(f"{folder}/store", WORLD_SIZE)
    limit = timedelta(seconds=SECONDS)
    group = {"rank": int(rank), "world_size": WORLD_SIZE, "timeout": limit}
    dist.init_process_group("gloo", store=store, **group)
    found = try_cases(import_module(f"tests.toolbox.{module}").CASES)
    Path(folder, f"{rank}.json").write_text(json.dumps(found))
    dist.destroy_process_group()


if __name__ == "__main__":
    main()

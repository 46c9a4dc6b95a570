"""The benchmarks, whose scripts are no package, for tests."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"

# What the fixture `import_benchmark` returns.
ImportBenchmark = Callable[[str], ModuleType]

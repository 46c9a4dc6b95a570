"""What torch says of PyG's import and of sparse tensors is left out, and no more."""

import logging
import sys
import warnings
from pathlib import Path

import pytest

from tvdiff_pyg.cli.output import warnings_as_lines
from tvdiff_pyg.lazy import names_of
from tvdiff_pyg.plain import load_plain
from tvdiff_pyg.quiet import ignore_torchscript, onnx_written_quietly

# As torch 2.14 warns: in the name of its own module.
WARNED = """
import warnings
def warn(text, category, module):
    warnings.warn_explicit(text, category, "file.py", 1, module=module)
warn("`torch.jit.script` is deprecated.", FutureWarning, "torch.jit._script")
warn("`torch.jit.trace` is deprecated.", FutureWarning, "torch.jit._trace")
warn("`torch.jit.script` is deprecated.", FutureWarning, "somebody.else")
"""
OTHERS = ["`torch.jit.trace` is deprecated.", "`torch.jit.script` is deprecated."]


def heard(caught: list[warnings.WarningMessage]) -> list[str]:
    return [str(one.message) for one in caught]


def test_names_are_imported_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("by_name", "by_module"):
        (tmp_path / f"{module}.py").write_text(f"{WARNED}\nfound = 1\n")
    monkeypatch.setattr("tvdiff_pyg.__path__", [str(tmp_path)])
    find = names_of("tvdiff_pyg", {"found": "by_name"})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        try:
            assert find("found") == 1 and heard(caught) == OTHERS
            assert find("by_module").found == 1 and heard(caught) == 2 * OTHERS
        finally:
            for name in ("by_name", "by_module"):
                sys.modules.pop(f"tvdiff_pyg.{name}", None)
                vars(sys.modules["tvdiff_pyg"]).pop(name, None)
            vars(sys.modules["tvdiff_pyg"]).pop("found", None)
        assert warnings.filters == before


def test_commands_are_quiet() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before = list(warnings.filters)
        with warnings_as_lines():
            exec(WARNED)
        assert heard(caught) == OTHERS and warnings.filters == before


def test_onnx_is_written_quietly(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    # Some versions of torch keep from the root what its loggers say.
    monkeypatch.setattr(logger, "propagate", False)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    with onnx_written_quietly():
        logger.warning("torchvision is not installed.")
        logger.error("it failed")
    logger.warning("again")
    assert caplog.messages == ["it failed", "again"] and logger.level == level


def test_processes_are_quiet() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        ignore_torchscript()
        exec(WARNED)
        assert heard(caught) == OTHERS


def test_tensors_are_read_quietly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(*_: object, **__: object) -> int:
        # As torch 2.14 warns of each file with a sparse tensor.
        warnings.warn("Validating sparse tensor invariants because ...", stacklevel=2)
        warnings.warn("something else", stacklevel=2)
        return 1

    monkeypatch.setattr("torch.load", load)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert load_plain(tmp_path, "path", "a file") == 1
        assert heard(caught) == ["something else"]

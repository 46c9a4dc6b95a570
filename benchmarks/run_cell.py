"""Cells that measure something of a run folder, whatever was trained there."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from tvdiff_pyg import Settings
from tvdiff_pyg.grid import GridCell
from tvdiff_pyg.training import RunFolder, all_settings

Found = TypeVar("Found", bound="RunCell")


@dataclass(frozen=True)
class RunCell(GridCell):
    """What is measured of a run.

    Args:
        run: Its folder.
    """

    run: str = field(default="", compare=False)

    @classmethod
    def of(cls: type[Found], experiment: str, run: str | Path, **further: Any) -> Found:
        """Read what was trained from the run folder."""
        config = RunFolder(run).config()
        known = {name for name, *_ in all_settings()}
        # Of a run of an earlier version, all that nothing reads goes.
        settings = Settings.over({k: v for k, v in config.items() if k in known})
        return cls(
            experiment,
            config.get("data") or str(run),
            config.get("preset") or "",
            settings,
            config["seed"],
            config["protocol"],
            run=str(run),
            **further,
        )

    @property
    def folder(self) -> RunFolder:
        return RunFolder(self.run)

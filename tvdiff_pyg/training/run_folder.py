"""The run folder: what a training leaves behind, and how it is read back."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import yaml

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.files import replacing
from tvdiff_pyg.models import Model
from tvdiff_pyg.training.settings import Settings

# What Lightning calls the part of its module that is the model.
PREFIX = "model."


@dataclass(frozen=True)
class RunFolder:
    """Paths of a run folder and the reading and writing of its files.

    Args:
        path: The folder.

    Example:
        >>> RunFolder("runs/demo").metrics_file.name
        'metrics.json'
    """

    path: str | os.PathLike[str]

    @property
    def config_file(self) -> Path:
        """All options of the run, as YAML."""
        return Path(self.path) / "config.yaml"

    @property
    def metrics_file(self) -> Path:
        """What the run measured."""
        return Path(self.path) / "metrics.json"

    @property
    def graph_file(self) -> Path:
        """The interactions, splits and ids."""
        return Path(self.path) / "graph.pt"

    @property
    def best_checkpoint(self) -> Path:
        """Weights of the best epoch."""
        return Path(self.path) / "checkpoints" / "best.ckpt"

    @property
    def last_checkpoint(self) -> Path:
        """Everything needed to go on after the last epoch."""
        return Path(self.path) / "checkpoints" / "last.ckpt"

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write ``config.yaml``."""
        _write(self.config_file, yaml.safe_dump(dict(config), sort_keys=False))

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``."""
        _write(self.metrics_file, json.dumps(metrics, indent=2) + "\n")

    def write_model(
        self, model: Model, rebuilt_by: Mapping[str, Any], **further: Any
    ) -> None:
        """Write a model as Lightning writes that of the best epoch.

        Args:
            model: The model, fitted.
            rebuilt_by: What rebuilds it, from :meth:`Settings.rebuilding`.
            **further: What else the file is to hold, of plain values.
        """
        state = {PREFIX + name: value for name, value in model.state_dict().items()}
        saved = {**further, "hyper_parameters": dict(rebuilt_by), "state_dict": state}
        self.best_checkpoint.parent.mkdir(parents=True, exist_ok=True)
        with replacing(self.best_checkpoint) as partial:
            torch.save(saved, partial)

    def metrics(self) -> dict[str, Any]:
        """Read ``metrics.json``."""
        self._need(self.metrics_file)
        metrics: dict[str, Any] = json.loads(self.metrics_file.read_text())
        return metrics

    def config(self) -> dict[str, Any]:
        """Read ``config.yaml``."""
        self._need(self.config_file)
        config: dict[str, Any] = yaml.safe_load(self.config_file.read_text())
        return config

    def graph(self) -> BipartiteGraph:
        """Read the interactions."""
        self._need(self.graph_file)
        return BipartiteGraph.load(self.graph_file)

    def model(self) -> Model:
        """Rebuild the model of the best epoch, or of the fit, in ``eval`` mode.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it was written by an earlier version.
        """
        self._need(self.best_checkpoint)
        saved = torch.load(self.best_checkpoint, map_location="cpu", weights_only=True)
        how = saved["hyper_parameters"]
        if "settings" not in how:
            raise ValueError(
                f"'run' needs to be of this version, whose models have other settings "
                f"than earlier ones: fit it again (got {self.path})"
            )
        model = Settings(**how["settings"]).model.build(
            how["num_users"], how["num_items"]
        )
        weights = saved["state_dict"].items()
        model.load_state_dict(
            {
                name.removeprefix(PREFIX): value
                for name, value in weights
                if name.startswith(PREFIX)
            }
        )
        return model.eval()

    def _need(self, file: Path) -> None:
        if not file.is_file():
            raise FileNotFoundError(
                f"'run' needs to be a folder with a finished epoch, holding "
                f"{file.name} (got {self.path})"
            )


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        Path(partial).write_text(text)

"""The run folder: what a training leaves behind, and how it is read back."""

import json
import os
import platform
import resource
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch
import yaml

from tvdiff_pyg.data import BipartiteGraph
from tvdiff_pyg.files import replacing
from tvdiff_pyg.models import (
    FactorModel,
    LinearBlend,
    LocalEASE,
    TrainableModel,
    build_model,
)

PACKAGES = ("tvdiff_pyg", "torch", "torch_geometric", "pytorch_lightning")


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
    def linear_file(self) -> Path:
        """The linear item model whose scores are added and their share, if any are."""
        return Path(self.path) / "linear.pt"

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

    def write_linear(self, linear: LocalEASE, share: float) -> None:
        """Write ``linear.pt``."""
        saved = {
            "num_neighbors": linear.num_neighbors,
            "l2": linear.l2,
            "weight": linear.weight,
            "share": share,
        }
        with replacing(self.linear_file) as partial:
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

    def linear(self) -> tuple[LocalEASE, float]:
        """Read the linear item model, and what its scores count."""
        self._need(self.linear_file)
        saved = torch.load(self.linear_file, weights_only=True)
        linear = LocalEASE(saved["num_neighbors"], saved["l2"])
        linear.weight = saved["weight"]
        return linear, saved["share"]

    def model(self) -> FactorModel:
        """Rebuild what scores, in ``eval`` mode on the CPU.

        That is the best model, with the linear one beside it if the run has one.
        """
        model = self.trained_model()
        if not self.linear_file.is_file():
            return model
        return LinearBlend(model, *self.linear()).eval()

    def trained_model(self) -> TrainableModel:
        """Rebuild the model of the best epoch, in ``eval`` mode on the CPU."""
        self._need(self.best_checkpoint)
        checkpoint = torch.load(
            self.best_checkpoint, map_location="cpu", weights_only=True
        )
        model = build_model(**checkpoint["hyper_parameters"])
        prefix = "model."
        weights = {
            name.removeprefix(prefix): value
            for name, value in checkpoint["state_dict"].items()
            if name.startswith(prefix)
        }
        model.load_state_dict(weights)
        return model.eval()

    def _need(self, file: Path) -> None:
        if not file.is_file():
            raise FileNotFoundError(
                f"'run' needs to be a folder with a finished epoch, holding "
                f"{file.name} (got {self.path})"
            )


def versions() -> dict[str, str]:
    """Return the versions that a figure depends on."""
    found = {package: version(package) for package in PACKAGES}
    return {"python": platform.python_version(), **found}


def peak_memory_mb() -> float:
    """Return the most memory that this process has held, in MB of 2**20 bytes.

    On a GPU that is the allocator's peak, otherwise the resident set of the process.
    """
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated() > 0:
        return torch.cuda.max_memory_allocated() / 2**20
    return peak_host_memory_mb()


def peak_host_memory_mb() -> float:
    """Return the largest resident set of this process, in MB of 2**20 bytes."""
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            # Unlike the usage below, it forgets the process that started this one.
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _write(file: Path, text: str) -> None:
    """Write a file whole or not at all."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file) as partial:
        Path(partial).write_text(text)

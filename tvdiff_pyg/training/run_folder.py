"""The run folder: what a training leaves behind, and how it is read back."""

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import yaml

from tvdiff_pyg.data import BipartiteGraph, PreparedData, as_graph
from tvdiff_pyg.data.kept_data import KeptData, keep, kept
from tvdiff_pyg.files import check_path
from tvdiff_pyg.models import Model
from tvdiff_pyg.models.finite import check_finite
from tvdiff_pyg.plain import load_plain, write_plain
from tvdiff_pyg.training.manifest import Manifest
from tvdiff_pyg.training.partitioned.checkpoint import BESIDE, put_in
from tvdiff_pyg.training.partitioned.users import UserPart
from tvdiff_pyg.training.rebuilt import PREFIX, rebuilt, refused_by_name


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

    def __post_init__(self) -> None:
        """Raise unless it is a path."""
        check_path("run", self.path)

    @property
    def config_file(self) -> Path:
        """All options of the run, as YAML."""
        return Path(self.path) / "config.yaml"

    @property
    def metrics_file(self) -> Path:
        """What the run measured."""
        return Path(self.path) / "metrics.json"

    @property
    def per_user_file(self) -> Path:
        """What each user counts in the metrics, if that was asked for."""
        return Path(self.path) / "metrics_per_user.parquet"

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

    @property
    def manifest(self) -> Manifest:
        """The checksums of all these files."""
        return Manifest(Path(self.path) / "manifest.json")

    def files(self) -> list[Path]:
        """Return those of a run's files that are there; curves are none of them.

        The manifest is the last: while a file is there, so is what tells of it.
        """
        alone = self.config_file, self.metrics_file, self.per_user_file, self.graph_file
        # Rows of users are there where several processes each wrote their own.
        parts = self.best_checkpoint.parent.glob(f"*{BESIDE}*/*")
        own = *alone, self.best_checkpoint, self.last_checkpoint, *sorted(parts)
        return [file for file in (*own, self.manifest.file) if file.is_file()]

    def write_config(self, config: Mapping[str, Any]) -> None:
        """Write ``config.yaml``."""
        text = yaml.safe_dump(dict(config), sort_keys=False)
        self._write_text(self.config_file, text)

    def write_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Write ``metrics.json``."""
        self._write_text(self.metrics_file, json.dumps(metrics, indent=2) + "\n")

    def write_per_user(self, metrics: pl.DataFrame) -> None:
        """Write ``metrics_per_user.parquet``."""
        try:
            with self._replacing(self.per_user_file) as partial:
                metrics.write_parquet(partial)
        except pl.exceptions.ComputeError as error:  # what polars makes of a full disk
            raise OSError(
                f"'run' cannot be written to (got {self.per_user_file}: {error})"
            ) from error

    def write_graph(self, graph: BipartiteGraph | PreparedData) -> None:
        """Write ``graph.pt``, which of prepared data says where they are."""
        with self._replacing(self.graph_file) as partial:
            keep(graph, partial)

    def write_model(
        self, model: Model, rebuilt_by: Mapping[str, Any], **further: Any
    ) -> None:
        """Write a model as Lightning writes that of the best epoch.

        Args:
            model: The model, fitted.
            rebuilt_by: What rebuilds it, from :meth:`Settings.rebuilding`.
            **further: What else the file is to hold, of plain values.

        Raises:
            ValueError: If a weight is not finite.
        """
        check_finite("run", model.state_dict(), self.best_checkpoint)
        state = {PREFIX + name: value for name, value in model.state_dict().items()}
        saved = {**further, "hyper_parameters": dict(rebuilt_by), "state_dict": state}
        self.write_tensors(self.best_checkpoint, saved)

    def write_tensors(self, file: Path, state: Any) -> None:
        """Write one of the checkpoints.

        Args:
            file: Its path.
            state: Containers of tensors and plain values.
        """
        with self._replacing(file) as partial:
            write_plain(state, partial)

    def metrics(self) -> dict[str, Any]:
        """Read ``metrics.json``."""
        return self._read_mapping(self.metrics_file, json.loads)

    def holds_epoch(self) -> bool:
        """Whether an epoch, or a fit in closed form, has ended."""
        return self.best_checkpoint.is_file() or self.last_checkpoint.is_file()

    def is_finished(self) -> bool:
        """Whether the run came to its end."""
        return self.metrics_file.is_file() and bool(self.metrics().get("finished"))

    def config(self) -> dict[str, Any]:
        """Read ``config.yaml``."""
        return self._read_mapping(self.config_file, yaml.safe_load)

    def graph(self) -> BipartiteGraph:
        """Read the interactions, all of them."""
        return as_graph(self.interactions())

    def interactions(self) -> BipartiteGraph | PreparedData:
        """Read the interactions, or where those are that were read in parts."""
        self._check(self.graph_file)
        return kept(self.graph_file)

    def kept_data(self) -> KeptData | None:
        """Read which prepared data the run was fitted to, if it read them in parts."""
        self._check(self.graph_file)
        return KeptData.read(self.graph_file)

    def read_tensors(self, file: Path, users: UserPart | None = None) -> Any:
        """Read one of the checkpoints, with what is in files beside it.

        Args:
            file: Its path.
            users: Whose rows are read where those of all are parted; those of all
                if ``None``. (default: ``None``)
        """
        self._check(file)
        state = load_plain(file, "run", "a folder of whole checkpoints")
        put_in(state, file, users)
        return state

    def check(self, *files: Path) -> None:
        """Raise unless those of some files that are there are as they were written.

        Args:
            *files: Paths of the folder's files.

        Raises:
            ValueError: If one is damaged, or of another run.
        """
        for file in files:
            if file.is_file():
                self._check(file)

    def model(self, graph: BipartiteGraph | None = None) -> Model:
        """Rebuild the model of the best epoch, or of the fit, in ``eval`` mode.

        Args:
            graph: The interactions, if they were read already; then those of another
                size than the model's are refused. (default: ``None``)

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If it is damaged, or was written by an earlier version.
        """
        saved = self.read_tensors(self.best_checkpoint)
        with refused_by_name(self.best_checkpoint):
            model = rebuilt(saved, self.graph if graph is None else graph)
        check_finite("run", model.state_dict(), self.best_checkpoint)
        return model.eval()

    def _check(self, file: Path) -> None:
        if not file.is_file():
            raise FileNotFoundError(
                f"'run' needs to be a folder with a finished epoch, holding "
                f"{file.name} (got {self.path})"
            )
        if not self.manifest.file.is_file():
            raise ValueError(
                f"'run' needs to hold {self.manifest.file.name}, which runs of earlier "
                f"versions lack: fit it again (got {self.path})"
            )
        self.manifest.check(file)

    @contextmanager
    def _replacing(self, file: Path) -> Iterator[str]:
        file.parent.mkdir(parents=True, exist_ok=True)
        with self.manifest.replacing(file) as partial:
            yield partial

    def _write_text(self, file: Path, text: str) -> None:
        with self._replacing(file) as partial:
            Path(partial).write_text(text, encoding="utf-8")

    def _read_mapping(
        self, file: Path, parse: Callable[[str], object]
    ) -> dict[str, Any]:
        self._check(file)
        try:
            found = parse(file.read_text(encoding="utf-8"))
        except (ValueError, RecursionError, yaml.YAMLError):
            found = None
        if not isinstance(found, dict):
            raise ValueError(
                f"'run' needs names and values in {file.name} (got {file})"
            )
        return found

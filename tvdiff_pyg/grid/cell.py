"""One measurement of a grid: what tells it from others, and how it is recorded."""

from dataclasses import dataclass, field, fields
from typing import Any, ClassVar

from tvdiff_pyg.grid.records import Record
from tvdiff_pyg.machine import Device, hardware, resolve_device, versions
from tvdiff_pyg.training.fit_options import Protocol
from tvdiff_pyg.training.settings import Settings

_NOTHING: tuple[Any, ...] = (None, "", {})


@dataclass(frozen=True)
class GridCell:
    """What a grid carries out: :class:`~tvdiff_pyg.study.Cell`, or one of your own.

    Subclass it and write :meth:`measure`. Fields that a subclass adds are the
    *conditions* of its record, and tell its cells apart, unless they are declared with
    ``field(compare=False)``; they need to be plain. A cell is sent to another process,
    so it needs to be picklable.

    Args:
        experiment: The study or the benchmark that the cell belongs to.
        data: The data, as :class:`~tvdiff_pyg.data.DataOptions` names it.
        variant: What the experiment calls these settings. (default: ``""``)
        settings: What is trained; ``None`` where nothing is. (default: ``None``)
        seed: Seed of the split, and of all that is random. (default: ``0``)
        protocol: How settings and epoch are chosen; ``None`` where nothing is.
            (default: ``"standard"``)
        root: The folder of the data sets' files. (default: ``"data"``)
        device: Where to compute. (default: ``"auto"``)

    Example:
        >>> @dataclass(frozen=True)
        ... class Sum(GridCell):
        ...     repeats: int = 3
        ...
        ...     def measure(self):
        ...         return {"measures": {"sum": float(self.repeats * self.seed)}}
        >>> record = Sum("sums", "none", seed=2).carry_out()
        >>> record["conditions"], record["measures"]
        ({'repeats': 3}, {'sum': 6.0})
    """

    #: Whether the figures are of the machine, so that those of another do not count.
    timed: ClassVar[bool] = False

    experiment: str
    data: str
    variant: str = ""
    settings: Settings | None = None
    seed: int = 0
    protocol: Protocol | None = "standard"
    root: str = field(default="data", compare=False)
    device: Device = field(default="auto", compare=False)

    @property
    def label(self) -> str:
        """What to call this cell in a message."""
        parts = (self.data, self.variant, f"seed {self.seed}")
        return ", ".join(part for part in parts if part)

    def model_and_settings(self) -> tuple[str | None, Record]:
        """Return the model's name, and the settings, flat and plain."""
        if self.settings is None:
            return None, {}
        flat = self.settings.flat()
        return flat.pop("model"), flat

    def key(self) -> Record:
        """Return what tells this cell from others: the first part of its record."""
        model, settings = self.model_and_settings()
        own = {known.name for known in fields(GridCell)}
        conditions = {
            added.name: getattr(self, added.name)
            for added in fields(self)
            if added.compare and added.name not in own
        }
        conditions = {n: value for n, value in conditions.items() if value is not None}
        key = {
            "experiment": self.experiment,
            "data": self.data,
            "model": model,
            "variant": self.variant,
            "settings": settings,
            "protocol": self.protocol,
            "seed": self.seed,
            "conditions": conditions,
        }
        return {name: value for name, value in key.items() if value not in _NOTHING}

    def is_recorded(self, record: Record) -> bool:
        """Whether a record is of this cell.

        Args:
            record: A record of any cell. Settings that this cell does not have make no
                difference, and those that the record lacks had their default.
        """
        place = (
            ("experiment", self.experiment),
            ("data", self.data),
            ("variant", self.variant or None),
            ("seed", self.seed),
            ("protocol", self.protocol),
        )
        if any(record.get(name) != value for name, value in place):
            return False
        key, found = self.key(), record.get("settings", {})
        if any(record.get(name) != key.get(name) for name in ("model", "conditions")):
            return False
        if self.timed and record.get("hardware") != self._machine():
            return False
        if self.settings is None:
            return True
        default = self.settings.defaults()
        return all(
            found.get(name, default.get(name, _NOTHING)) == value
            for name, value in key.get("settings", {}).items()
        )

    def measure(self) -> Record:
        """Do the work.

        Returns:
            What was found, by names of ``tvdiff_pyg.grid.records``.
        """
        raise NotImplementedError

    def carry_out(self) -> Record:
        """Measure, and return the whole record."""
        return self.record(self.measure())

    def record(self, found: Record) -> Record:
        """Return the whole record of this cell.

        Args:
            found: What was found, by names of ``tvdiff_pyg.grid.records``.
        """
        packages = () if self.settings is None else self.settings.model.packages
        return {
            **self.key(),
            "hardware": self._machine(),
            "versions": versions(*packages),
            **found,
        }

    def _machine(self) -> Record:
        return {"device": resolve_device(self.device).type, **hardware()}

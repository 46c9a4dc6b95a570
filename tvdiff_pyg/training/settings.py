"""Every setting of a run, in one flat set of names, and what reads them."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from tvdiff_pyg.config import (
    Config,
    config_of,
    flat_fields,
    from_flat,
    names_read,
    parts_read,
    to_flat,
)
from tvdiff_pyg.field_types import as_plain
from tvdiff_pyg.models import MODELS
from tvdiff_pyg.models.model import ModelConfig
from tvdiff_pyg.search_space import Space
from tvdiff_pyg.training.linear_config import LinearConfig
from tvdiff_pyg.training.presets import read_preset
from tvdiff_pyg.training.training_config import TrainingConfig

DEFAULT_MODEL = "tvdiff"
_TRAINING = frozenset(names_read(TrainingConfig, {}))
_LINEAR = frozenset(names_read(LinearConfig, {}))


class Settings:
    """What is trained and how: flat names, each read by one of the parts.

    Every registered model, denoiser, schedule, entropy and sampler reads settings of
    its own: ``tvdiff fit --help`` lists all, and who reads them. What the chosen ones
    do not read is refused. Settings are equal where all that is read is equal.

    Args:
        **given: Settings by name; what is missing has its default.

    Attributes:
        model: Settings of the model that is fitted, with the linear one blended in if
            ``linear_share`` is above 0.
        training: How it is trained by gradients; of no meaning in closed form.
        linear: The linear model, as given.
        search_space: What tuning searches, by name.

    Raises:
        ValueError: If a name is unknown or not read, or a value is out of range.

    Example:
        >>> settings = Settings(denoiser="gcn", num_layers=2, max_epochs=3)
        >>> settings["num_layers"], settings.training.max_epochs
        (2, 3)
        >>> Settings(model="ease", max_epochs=3)
        Traceback (most recent call last):
            ...
        ValueError: 'max_epochs' is not read with model 'ease', but by training (got 3)
    """

    def __init__(self, **given: Any) -> None:
        given = {name: as_plain(value) for name, value in given.items()}
        self._given = given
        name = given.get("model", DEFAULT_MODEL)
        own = _own_config(given)
        read = _names_read(own, given)
        for one, value in given.items():
            if one not in read:
                raise ValueError(_why_unread(one, value, given))
        self.linear = from_flat(LinearConfig, given)
        self.model: ModelConfig = self.linear.beside(own)
        self.training = from_flat(TrainingConfig, given)
        self.search_space: Space = {
            **own.search_space,
            **(self.linear.search_space if given.get("linear_share") else {}),
        }
        if self.by_gradients:
            self.training.check_model(self.model)
        self._flat = {"model": name, **to_flat(own)}
        # In closed form, such names as those of training are the model's own.
        if self.by_gradients:
            self._flat |= to_flat(self.training)
        self._flat |= {k: v for k, v in to_flat(self.linear).items() if k in read}

    @staticmethod
    def preset(name: str, **changes: Any) -> "Settings":
        """Return a preset, with some settings changed.

        Args:
            name: One of :func:`~tvdiff_pyg.training.preset_names`.
            **changes: Settings that take precedence, as in :meth:`but`.

        Raises:
            ValueError: If the preset or a setting is unknown.

        Example:
            >>> Settings.preset("lastfm", max_epochs=3)["temperature"]
            5.0
        """
        return Settings.over(read_preset(name), **changes)

    @staticmethod
    def over(base: Mapping[str, Any], **changes: Any) -> "Settings":
        """Put changes over a base, of which what the choice does not read goes.

        Args:
            base: Settings by name.
            **changes: Settings that take precedence.

        Raises:
            ValueError: If a change is not read, or a value out of range.

        Example:
            >>> base = {"temperature": 5.0, "hidden_channels": 8}
            >>> Settings.over(base, model="bpr-mf")
            Settings(hidden_channels=8, model='bpr-mf')
        """
        both = {**base, **changes}
        if "linear_share" not in changes and not _model_config(both)().dense_factors:
            both.pop("linear_share", None)
        read = _names_read(_own_config(both), both)
        kept = {k: v for k, v in both.items() if k in read or k in changes}
        return Settings(**kept)

    @property
    def by_gradients(self) -> bool:
        """Whether the model learns by gradients, rather than in closed form."""
        return len(self.model.engines) > 0

    def but(self, **changes: Any) -> "Settings":
        """Return other settings: these with some changed, as by :meth:`over`.

        Args:
            **changes: Settings by name.

        Raises:
            ValueError: If a change is not read, or out of range.

        Example:
            >>> Settings(temperature=5.0, max_epochs=9).but(temperature=1.0)
            Settings(temperature=1.0, max_epochs=9)
        """
        return Settings.over(self._given, **changes)

    def defaults(self) -> dict[str, Any]:
        """Return :meth:`flat` of the same choice of parts, all else at its default."""
        chosen = {name: self._flat[name] for name in _parts(self._given)}
        # Which of these is read depends on values, not on parts.
        linear = {k: v for k, v in to_flat(LinearConfig()).items() if k in self._flat}
        return {**linear, **Settings(**chosen).flat()}

    def flat(self) -> dict[str, Any]:
        """Return all settings that are read, by name, as plain values."""
        return {
            k: list(v) if isinstance(v, tuple) else v for k, v in self._flat.items()
        }

    def rebuilding(self, num_users: int, num_items: int) -> dict[str, Any]:
        """Return what rebuilds the model, as plain values that a file can hold.

        Args:
            num_users: Number of users.
            num_items: Number of items.

        Returns:
            Both numbers, and all ``settings`` but those of training by gradients.
        """
        settings = self.flat()
        # In closed form, such names as those of training are the model's own.
        if self.by_gradients:
            settings = {k: v for k, v in settings.items() if k not in _TRAINING}
        return {"num_users": num_users, "num_items": num_items, "settings": settings}

    def get(self, name: str, default: Any = None) -> Any:
        """Return one setting, or a default where it is not read.

        Args:
            name: The setting.
            default: The default. (default: ``None``)
        """
        return self._flat.get(name, default)

    def __getitem__(self, name: str) -> Any:
        """Return one setting that is read."""
        if name not in self._flat:
            raise KeyError(name)
        return self._flat[name]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Settings) and self._flat == other._flat

    def __hash__(self) -> int:
        return hash(tuple(self._flat.items()))

    def __repr__(self) -> str:
        given = ", ".join(f"{name}={value!r}" for name, value in self._given.items())
        return f"{type(self).__name__}({given})"


def all_settings() -> Iterator[tuple[str, Any, str, type[Config] | None]]:
    """Yield every setting that there is: name, type, who reads it, and its class.

    A name that several parts read comes once for each.
    """
    yield "model", Literal[tuple(MODELS.names())], "every run", None
    for entry in MODELS:
        if entry.config is not None:
            yield from flat_fields(entry.config, f"model {entry.name!r}")
    yield from flat_fields(TrainingConfig, "training")
    yield from flat_fields(LinearConfig, "models of dense factors")


def _own_config(given: Mapping[str, Any]) -> ModelConfig:
    """Return the settings of the chosen model, without a linear one beside it."""
    return from_flat(_model_config(given), given)


def _names_read(model: ModelConfig, given: Mapping[str, Any]) -> set[str]:
    """Return the names that a choice of parts reads, with that model."""
    read = {"model", *names_read(type(model), given)}
    if model.engines:
        read |= _TRAINING
    if model.dense_factors or given.get("linear_share"):
        read.add("linear_share")
    return read | LinearConfig.names_read(given)


def _why_unread(name: str, value: Any, given: Mapping[str, Any]) -> str:
    """Say who would read a setting, if anybody."""
    readers = dict.fromkeys(who for one, _, who, _ in all_settings() if one == name)
    if not readers:
        known = sorted({one for one, _, _, _ in all_settings()})
        return f"'{name}' is not a setting (known: {known})"
    names = {"model": DEFAULT_MODEL, **given}
    chosen = ", ".join(f"{k} {v!r}" for k, v in names.items() if k in _parts(given))
    if name in _LINEAR and (needed := LinearConfig.unread_unless(name, given)):
        return f"'{name}' is not read unless {needed} (got {value!r})"
    return (
        f"'{name}' is not read with {chosen}, but by {', '.join(readers)} "
        f"(got {value!r})"
    )


def _parts(given: Mapping[str, Any]) -> set[str]:
    """Return the settings that choose a part."""
    return {"model", *parts_read(_model_config(given), given)}


def _model_config(given: Mapping[str, Any]) -> type[ModelConfig]:
    """Return the class of the settings of the chosen model."""
    config = config_of(MODELS, given.get("model", DEFAULT_MODEL), "model")
    assert issubclass(config, ModelConfig)
    return config

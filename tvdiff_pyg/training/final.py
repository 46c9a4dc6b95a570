"""The last fit, for serving: anew, on everything, for as many epochs as were best."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from tvdiff_pyg.training.fit_options import FitOptions
from tvdiff_pyg.training.fitting import fit_in
from tvdiff_pyg.training.kept_settings import kept_settings
from tvdiff_pyg.training.run_folder import RunFolder
from tvdiff_pyg.training.settings import all_settings

# What a final fit tells of the run that it stands on.
_OF_SELECTED = ("protocol", "selected_on", "best_epoch", "validation", "test")

# What says how it was measured.
_OF_MEASURING = ("ks", "monitor")


def fit_final(
    of: str | Path, *, run: str | Path, options: FitOptions | None = None
) -> dict[str, Any]:
    """Fit what a finished run has fitted anew, to its held-out interactions as well.

    For as many epochs as were best, and with the share of the linear model that was
    chosen; a model in closed form is fitted as it was. Nothing can be measured of it:
    what it is worth is what the finished run has measured.

    Args:
        of: The run folder of a finished run, which is only read.
        run: The run folder of the fit, a new one.
        options: Seed, device and the like; the fit is final, and what was measured is
            what the finished run says, whatever they say.
            (default: those of ``FitOptions()``, with the seed of the finished run)

    Returns:
        The content of ``metrics.json``, whose metrics are empty: those of the finished
        run are in ``"selected_by"``, beside its folder.

    Raises:
        ValueError: If ``of`` holds no finished run, or is a final fit itself, and as
            :func:`~tvdiff_pyg.training.fit` does.

    Example:
        >>> import tempfile
        >>> from tvdiff_pyg import Settings, fit
        >>> from tvdiff_pyg.data import SyntheticBipartite
        >>> graph = SyntheticBipartite(60, 40, 600)[0]
        >>> settings = Settings(hidden_channels=4, num_timesteps=2, max_epochs=1)
        >>> quiet = FitOptions(progress=False)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = fit(graph, settings, run=f"{folder}/run", options=quiet)
        ...     told = fit_final(f"{folder}/run", run=f"{folder}/final", options=quiet)
        >>> told["data"]["train"] == graph.known_index.size(1), told["data"]["test"]
        (True, 0)
    """
    selected = RunFolder(of)
    told, config = selected.metrics(), selected.config()
    if not told["finished"] or config["final"]:
        what = "is a final fit itself" if config["final"] else "is unfinished"
        raise ValueError(f"'of' needs to be a finished run (got {of}, which {what})")
    settings = kept_settings(config)
    settings.model.check_packages()  # before the interactions are read
    if settings.by_gradients:
        settings = settings.but(max_epochs=told["best_epoch"])
    if settings.get("choose_linear_share", False):
        # Runs of earlier versions chose the share alone, or that and the neighbours.
        names = "linear_share", "linear_neighbors", "linear_l2", "popularity_share"
        chosen = {name: told[name] for name in names if name in told}
        settings = settings.but(**chosen, choose_linear_share=False)
    measured = [name for name in _OF_MEASURING if name in config]
    options, folder = options or FitOptions(seed=config["seed"]), RunFolder(run)
    if options.resume and settings.by_gradients:
        _check_unfinished(folder, told["best_epoch"])
    return fit_in(
        folder,
        selected.interactions(),
        settings,
        replace(options, final=True, **{name: config[name] for name in measured}),
        source={n: config[n] for n in _of_data(config)},
        selected_by={"run": str(of), **{name: told[name] for name in _OF_SELECTED}},
    )


def _check_unfinished(folder: RunFolder, epochs: int) -> None:
    """Raise if all epochs were trained; the finished run may have had more since."""
    if folder.is_finished() and folder.metrics()["epochs"] >= epochs:
        raise ValueError(
            f"'resume' needs a final fit that is unfinished (got {folder.path}, which "
            f"has been trained for {epochs} epochs, as many as were best)"
        )


def _of_data(config: dict[str, Any]) -> list[str]:
    """Return the names that say where the data came from."""
    settings = {name for name, _, _, _ in all_settings()}
    options = set(FitOptions.__dataclass_fields__)
    return [name for name in config if name not in settings | options]

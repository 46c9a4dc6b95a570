"""What the crash test kills: run by its path, with ``work`` as what is to be done."""

from pathlib import Path
from typing import Any

import torch

from tvdiff_pyg.data import SyntheticBipartite
from tvdiff_pyg.study import StudyOptions, run_study
from tvdiff_pyg.training import FitOptions, RecommenderModule, Settings, fit


def train(run: str, change: dict[str, Any], resume: bool) -> None:
    """Fit, and leave a note of each epoch that begins."""

    def note(self: RecommenderModule) -> None:
        Path(f"{run}.epoch").write_text(str(self.current_epoch))

    RecommenderModule.on_train_epoch_start = note  # type: ignore[method-assign]
    graph = SyntheticBipartite(120, 80, 1500, num_communities=4, seed=1)[0]
    small = {"hidden_channels": 8, "num_timesteps": 2, "batch_size": 256}
    settings = Settings(**small, max_epochs=12, patience=50).but(**change)
    options = FitOptions(device="cpu", progress=False, resume=resume)
    fit(graph, settings, run=run, options=options)


def study(out: str) -> None:
    """Carry out a study of four cells."""
    data = "synthetic:num_users=80,num_items=60,num_interactions=900"
    small = {"hidden_channels": 8, "num_timesteps": 2, "max_epochs": 4}
    options = StudyOptions(
        [data], ["1", "2"], [0, 1], overrides=small, jobs=0, progress=False
    )
    run_study("oversmoothing", options, out)


if __name__ == "__main__":
    torch.set_num_threads(1)
    name, *arguments = globals()["work"]
    {"train": train, "study": study}[name](*arguments)

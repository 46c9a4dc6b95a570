"""What is said to a hub of models besides a model's name."""

from dataclasses import asdict, dataclass
from pathlib import Path

from tvdiff_pyg.config import Config


@dataclass(frozen=True)
class Download(Config):
    """How a model is read from a hub.

    Args:
        revision: A branch, a tag or a commit; the newest if not given.
        token: Of an account; ``True`` for that of this machine, ``False`` for none.
        cache_dir: Where files are kept; where the hub's library keeps all if not given.
        force_download: Whether to ask for files again that are kept.
        local_files_only: Whether to ask for none.
    """

    revision: str | None = None
    token: str | bool | None = None
    cache_dir: str | Path | None = None
    force_download: bool = False
    local_files_only: bool = False

    def file(self, model: str, name: str) -> Path:
        """Return where a file of a model is, got from the hub unless it is kept.

        Args:
            model: The model's name.
            name: The file's.

        Raises:
            OSError: If it cannot be got.
        """
        import httpx
        from huggingface_hub import hf_hub_download

        try:
            return Path(hf_hub_download(model, name, **asdict(self)))
        except httpx.HTTPError as error:
            raise ConnectionError(str(error)) from error


@dataclass(frozen=True)
class Push(Config):
    """How a model is sent to a hub.

    Args:
        repo_id: Its name there, ``"model"`` or ``"somebody/model"``; needed.
        commit_message: What is said of it there.
        private: Whether nobody else sees it; as the hub has it if not given.
        token: Of an account; that of this machine if not given.
        branch: Where it goes; the main one if not given.
        create_pr: Whether it is only proposed.

    Raises:
        ValueError: If a value is not of its type, or the name can be none.
    """

    repo_id: str = ""
    commit_message: str = "A model of tvdiff_pyg"
    private: bool | None = None
    token: str | None = None
    branch: str | None = None
    create_pr: bool = False

    def __post_init__(self) -> None:
        """Check the name."""
        super().__post_init__()
        check_hub_name("repo_id", self.repo_id)


def check_hub_name(argument: str, name: str) -> None:
    """Raise a ``ValueError`` unless a model on a hub can have a name.

    Args:
        argument: What gave it.
        name: The name.
    """
    from huggingface_hub.utils import validate_repo_id

    try:
        validate_repo_id(name)
    except ValueError as error:
        raise ValueError(
            f"'{argument}' needs to be the name of a model on a hub (got {name!r}: "
            f"{error})"
        ) from error

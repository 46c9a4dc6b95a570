"""Reports as one HTML page that needs no other file and no network."""

from pathlib import Path
from typing import Any

#: The page of a study or a tuning, in its folder.
PAGE = "report.html"


def render_page(package: str, template: str, **values: Any) -> str:
    """Fill in a template that extends ``page.html.jinja``.

    Args:
        package: The package whose ``templates`` hold it, by its name.
        template: Its file.
        **values: What it shows; ``title`` among them.

    Returns:
        The page, in which all that is not marked as safe is escaped.

    Raises:
        ImportError: If jinja2 is not installed.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader(__package__)]),
        autoescape=True,
        trim_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(**values)


def check_page(folder: Path, of: str) -> None:
    """Raise if a folder holds a page, and not the file that such a page is made of.

    Args:
        folder: The folder, which a report is to be written to.
        of: The name of the file.

    Raises:
        ValueError: If it does: the page is of something else, and would be lost.
    """
    if (folder / PAGE).exists() and not (folder / of).exists():
        raise ValueError(
            f"'out' needs to be a new folder, or one to go on in (got {folder}, whose "
            f"{PAGE} is of something else: there is no {of})"
        )

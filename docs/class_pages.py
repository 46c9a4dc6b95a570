"""A page for each public class, and a list of them on the page of their module.

Public is what a module right under `tvdiff_pyg` offers, if a page documents all of it.
The pages are made anew by each build, in a folder that Git ignores.
"""

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

import tvdiff_pyg

FOLDER = "classes"
MODULE = re.compile(r"^\.\. automodule:: (tvdiff_pyg\.\w+)$", flags=re.MULTILINE)
PAGE = "{name}\n{line}\n\n.. autoclass:: {module}.{name}\n"
LIST = "\n.. autosummary::\n   :nosignatures:\n   :toctree: {folder}\n\n   {names}\n"


def classes_of(module: str) -> dict[str, type]:
    """Return the classes that a module offers, those that most look for first."""
    found = import_module(module)
    own = [name for name, member in vars(found).items() if is_of(module, name, member)]
    members = {name: getattr(found, name) for name in getattr(found, "__all__", own)}
    names = [name for name, member in members.items() if inspect.isclass(member)]
    return {name: members[name] for name in sorted(names, key=place)}


def is_of(module: str, name: str, member: Any) -> bool:
    """Tell whether a module without a list of its names defines one of them."""
    return getattr(member, "__module__", "") == module and not name.startswith("_")


def place(name: str) -> int:
    """Tell where a class stands: what the package offers first, settings last."""
    return 0 if name in tvdiff_pyg.__all__ else 2 if name.endswith("Config") else 1


def write_pages(app: Sphinx) -> None:
    """Write the pages that are new or changed, and remove those that are left."""
    api = Path(app.srcdir) / "api"
    read = [page.read_text(encoding="utf-8") for page in sorted(api.glob("*.md"))]
    modules = [module for text in read for module in MODULE.findall(text)]
    app.config.class_pages = {module: classes_of(module) for module in modules}
    folder = api / FOLDER
    folder.mkdir(exist_ok=True)
    pages = {
        folder / f"{module}.{name}.rst": PAGE.format(
            name=name, line="=" * len(name), module=module
        )
        for module, classes in app.config.class_pages.items()
        for name in classes
    }
    for old in set(folder.iterdir()).difference(pages):
        old.unlink()
    for page, text in pages.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def list_classes(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, lines: list[str]
) -> None:
    """List the classes of a module below what it says of itself."""
    classes = app.config.class_pages.get(name) if what == "module" else None
    if classes:
        names = "\n   ".join(classes)
        lines += LIST.format(folder=FOLDER, names=names).splitlines()


def skip_class(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave a class with a page of its own out of the page of its module."""
    pages = app.config.class_pages.values() if what == "module" else ()
    return True if any(obj in classes.values() for classes in pages) else None


def setup(app: Sphinx) -> None:
    app.setup_extension("sphinx.ext.autosummary")
    app.config.autosummary_generate = False
    app.add_config_value("class_pages", {}, "")
    app.connect("builder-inited", write_pages)
    app.connect("autodoc-process-docstring", list_classes)
    app.connect("autodoc-skip-member", skip_class)

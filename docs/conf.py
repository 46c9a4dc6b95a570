"""How Sphinx builds the documentation: `make docs`, without internet."""

import re
import sys
from importlib.resources import files
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

from tvdiff_pyg import __version__

sys.path.insert(0, str(Path(__file__).parent))

project = "tvdiff_pyg"
author = project_copyright = "tvdiff_pyg contributors"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "accessible",
    "class_pages",
    "elsewhere",
    "outputs",
]
html_theme = "furo"
# All of MathJax and its glyphs: a page needs no network, nor a font, for its formulas.
mathjax = files("sphinx-mathjax-offline") / "static/mathjax/tex-svg.js"
mathjax_path = mathjax.name
html_static_path = ["_static", str(mathjax)]
templates_path = ["_templates"]
# A link to a page's Markdown would stand outside of all that a reader steps through.
html_copy_source = html_show_sourcelink = False
html_css_files = ["pages.css"]
html_js_files = [("copying.js", {"defer": "defer"})]
html_title = f"tvdiff_pyg {version}"

myst_enable_extensions = ["dollarmath"]
# Links to sections work as on GitHub.
myst_heading_anchors = 3

autodoc_default_options = {"members": True, "show-inheritance": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
maximum_signature_line_length = 88
python_use_unqualified_type_names = True

# A reference that leads nowhere is a warning, and a warning is an error.
nitpicky = True
nitpick_ignore_regex = [
    # What others document, and `elsewhere` does not link.
    ("py:.*", r"(dataclasses|lightning_fabric|numpy|optuna|polars|torch_sparse)\..*"),
    ("py:.*", r"typing_extensions\..*"),
    ("py:.*", r"torch\.(distributed|linalg\.LinAlgError)"),
    ("py:.*", r"torch_geometric\.data\.storage\.EdgeStorage"),
    # Words in the types of arguments that docstrings name in brackets.
    ("py:class", r"callable|optional"),
    # Type variables.
    ("py:(class|obj)", r"tvdiff_pyg\.config\.ConfigType"),
    ("py:(class|obj)", r"tvdiff_pyg\.data\.features\.Graph"),
    ("py:(class|obj)", r"tvdiff_pyg\.registry\.(Part|Registered)"),
    ("py:(class|obj)", r"tvdiff_pyg\.training\.fit_options\.Interactions"),
    ("py:(class|obj)", r"tvdiff_pyg\.ranking\.ranker\.Query"),
    ("py:(class|obj)", r"tvdiff_pyg\.models\.history_scorer\.Summing"),
    ("py:class", r"tvdiff_pyg\..*\.(DatasetType|MetricType)"),
]


def tidy_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, out: str
) -> tuple[str, str] | None:
    """Leave out private fields of a dataclass; print its factories as `...`."""
    if not signature:
        return None
    signature = re.sub(r", _\w+: [^=]* = (<factory>|None)", "", signature)
    return signature.replace("<factory>", "..."), out


def skip_tuple_field(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the fields of a named tuple, which its class describes."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def skip_hook(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out what Lightning calls: readers look for what they call themselves."""
    member = getattr(obj, "fget", obj)
    owner, _, hook = getattr(member, "__qualname__", "").rpartition(".")
    cls = getattr(sys.modules.get(getattr(member, "__module__", "")), owner, None)
    bases = getattr(cls, "__mro__", ())
    lightning = [one for one in bases if one.__module__.startswith("pytorch_lightning")]
    return True if any(hasattr(one, hook) for one in lightning) else None


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", tidy_signature)
    app.connect("autodoc-skip-member", skip_tuple_field)
    app.connect("autodoc-skip-member", skip_hook)

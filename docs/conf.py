"""How Sphinx builds the documentation: `make docs`, without internet."""

import re
from typing import Any

from sphinx.application import Sphinx

from tvdiff_pyg import __version__

project = "tvdiff_pyg"
author = project_copyright = "tvdiff_pyg contributors"
release = version = __version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
]
html_theme = "furo"
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
    # What others document: to find its address takes the internet.
    ("py:.*", r"(abc|collections|os|pathlib|typing_extensions)\..*"),
    ("py:.*", r"(numpy|polars|pytorch_lightning|torch|torch_geometric)\..*"),
    ("py:.*", r"torch_sparse\..*"),
    # Words in the types of arguments that docstrings name in brackets.
    ("py:class", r"callable|optional|Tensor"),
    # Type variables.
    ("py:(class|obj)", r"tvdiff_pyg\.config\.ConfigType"),
    ("py:(class|obj)", r"tvdiff_pyg\.registry\.(Part|Registered)"),
    ("py:(class|obj)", r"tvdiff_pyg\.ranking\.ranker\.Query"),
    ("py:class", r"tvdiff_pyg\..*\.(DatasetType|MetricType)"),
]


def tidy_signature(
    app: Sphinx, what: str, name: str, obj: Any, options: Any, signature: str, out: str
) -> tuple[str, str] | None:
    """Leave out private fields of a dataclass; print its factories as `...`."""
    if not signature:
        return None
    signature = re.sub(r", _\w+: [^=]* = <factory>", "", signature)
    return signature.replace("<factory>", "..."), out


def skip_tuple_field(
    app: Sphinx, what: str, name: str, obj: Any, skip: bool, options: Any
) -> bool | None:
    """Leave out the fields of a named tuple, which its class describes."""
    return True if type(obj).__name__ == "_tuplegetter" else None


def setup(app: Sphinx) -> None:
    app.connect("autodoc-process-signature", tidy_signature)
    app.connect("autodoc-skip-member", skip_tuple_field)

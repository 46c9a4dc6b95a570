"""What Sphinx and its theme leave out for those who have pages read to them."""

import re
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# A signature over several lines is a list of definitions with nothing that is defined.
SIGNATURE = re.compile(r'<dl>(?=\n<dd><em class="sig-param")')


def complete(
    app: Sphinx,
    page: str,
    template: str,
    context: dict[str, Any],
    doctree: nodes.document | None,
) -> None:
    """Say the level of headings beside a page, and that signatures only look so."""
    navigation = context.get("furo_navigation_tree", "")
    context["furo_navigation_tree"] = navigation.replace(
        'role="heading"', 'role="heading" aria-level="2"'
    )
    if "body" in context:
        context["body"] = SIGNATURE.sub('<dl role="presentation">', context["body"])


def setup(app: Sphinx) -> None:
    app.add_js_file("scrolling.js", loading_method="defer")
    # The theme makes its navigation at 500.
    app.connect("html-page-context", complete, priority=900)

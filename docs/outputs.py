"""What the examples of a page print, shown below each of them.

The Python blocks of a page are one script, which runs in a process of its own, in a
folder that is left behind nowhere. Excerpts of files are not run, nor pages that print
nothing, and without the tag `outputs` none is.
"""

import io
import json
import re
import subprocess
import sys
import tempfile
from contextlib import redirect_stdout
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

BLOCK = re.compile(r"(?<! -->\n)```python\n(.*?)```\n", flags=re.DOTALL)
SHOWN = "\n```{{code-block}} text\n:class: output\n\n{}\n```\n"
LONGEST = 40


def with_outputs(app: Sphinx, page: str, source: list[str]) -> None:
    """Put outputs into the source of a page that prints any."""
    blocks = BLOCK.findall(source[0])
    if not app.tags.has("outputs") or not any("print(" in block for block in blocks):
        return
    printed = iter(outputs(page, blocks))
    source[0] = BLOCK.sub(lambda found: found[0] + shown(next(printed)), source[0])


def outputs(page: str, blocks: list[str]) -> list[str]:
    """Run the blocks of a page, and return what each prints."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, __file__],
            cwd=folder,
            input=json.dumps(blocks),
            capture_output=True,
            text=True,
        )
    if done.returncode:
        raise ExtensionError(f"the examples of {page} do not run:\n{done.stderr}")
    found: list[str] = json.loads(done.stdout)
    return found


def shown(printed: str) -> str:
    """Return a block of what was printed: none of nothing, of much its beginning."""
    lines = printed.strip("\n").splitlines()
    if len(lines) > LONGEST:
        lines[LONGEST:] = ["..."]
    return SHOWN.format("\n".join(lines)) if lines else ""


def main() -> None:
    """Run the blocks that come in, and print what they do."""
    names: dict[str, Any] = {"__name__": "__main__"}
    printed = []
    for block in json.load(sys.stdin):
        with redirect_stdout(io.StringIO()) as heard:
            exec(compile(block, "example", "exec"), names)
        printed.append(heard.getvalue())
    print(json.dumps(printed))


def setup(app: Sphinx) -> None:
    app.connect("source-read", with_outputs)


if __name__ == "__main__":
    main()

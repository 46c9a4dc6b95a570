"""The parser of the command line: options are read in two spellings, shown in one."""

import os
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from jsonargparse import ArgumentParser, Namespace

from tvdiff_pyg.cli.plain_yaml import check_plain_yaml
from tvdiff_pyg.cli.type_errors import in_words
from tvdiff_pyg.files import check_no_pipe

# An option in a text: not the inner dashes of a path or of a word.
OPTION = re.compile(r"(?<![\w/.-])--\w[\w.-]*")


class DashedParser(ArgumentParser):
    """Shows ``--batch-size``, and takes ``--batch_size`` as well.

    Options are declared with underscores, the way the fields of dataclasses are named.

    Args:
        args: As of jsonargparse's parser, and so are all others.

    Example:
        >>> parser = DashedParser(prog="demo", exit_on_error=False)
        >>> _ = parser.add_argument("--batch_size", type=int)
        >>> parser.parse_args(["--batch-size", "4"]).batch_size
        4
        >>> "--batch-size BATCH_SIZE" in parser.format_help()
        True
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        # What an abbreviation means would change with the next option.
        super().__init__(*args, **{"allow_abbrev": False, **options})

    # Argparse allows other kinds of namespaces; jsonargparse does not, either.
    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, *others: Any, **options: Any
    ) -> Namespace:
        """Parse; see jsonargparse."""
        words = _with_underscores(sys.argv[1:] if args is None else args)
        return super().parse_args(words, *others, **options)

    def parse_path(
        self, path: str | os.PathLike[str], *others: Any, **options: Any
    ) -> Namespace:
        """Parse a file; see jsonargparse."""
        check_no_pipe(path, "config")
        try:
            return super().parse_path(path, *others, **options)
        except UnicodeDecodeError as error:
            raise ValueError(
                f"'config' needs to be UTF-8 (got {os.fspath(path)!r}: {error})"
            ) from error

    def parse_string(self, content: str, *others: Any, **options: Any) -> Namespace:
        """Parse a configuration; see jsonargparse, which takes any YAML."""
        check_plain_yaml(
            content, [x.dest for x in self._actions if x.nargs in ("+", "*")]
        )
        return super().parse_string(content, *others, **options)

    def format_help(self, *args: Any, **options: Any) -> str:
        """Return the help text; see jsonargparse."""
        return with_dashes(super().format_help(*args, **options))

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Refuse the command line; see jsonargparse."""
        super().error(with_dashes(in_words(message, self._actions)), ex)


def _with_underscores(words: Sequence[str]) -> list[str]:
    """Respell the names of options, but no value and nothing after a bare ``--``."""
    end = words.index("--") if "--" in words else len(words)
    return [_option(word) for word in words[:end]] + list(words[end:])


def _option(word: str) -> str:
    if not word.startswith("--"):
        return word
    name, equals, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{equals}{value}"


def with_dashes(text: str) -> str:
    """Spell the options in a text as they are shown.

    Args:
        text: The text.
    """
    return OPTION.sub(lambda found: found[0].replace("_", "-"), text)

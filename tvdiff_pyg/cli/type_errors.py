"""What is wrong with an option's value, in words and not in Python's names."""

import re
from argparse import Action
from collections.abc import Iterable
from typing import Any

from tvdiff_pyg.field_types import describe

# As jsonargparse says it, in one line. What was given comes last.
_WRONG_TYPE = re.compile(
    r'Parser key "(?P<key>\w+)"(?: element (?P<place>\d+))?: '
    r"(?:Expected a|Does not validate) .*(?:Got|Given) value:(?P<value>.*)"
)
# Messages of this package, that it has put its own words before.
_OWN = re.compile(r"Parser key \"\w+\": (?='\w+' needs )")
_NO_FILE = re.compile(r'Parser key "(?P<key>\w+)": .* does not exist: (?P<value>.*)')
_NO_VALUES = re.compile(r"(?:Parser key \"config\": )?Unexpected config: (?P<value>.*)")


def in_words(message: str, actions: Iterable[Action]) -> str:
    r"""Say what is wrong with the value of an option.

    Args:
        message: What jsonargparse says; returned as it is if it says something else.
        actions: The options of the parser.

    Example:
        >>> from jsonargparse import ArgumentParser
        >>> parser = ArgumentParser()
        >>> _ = parser.add_argument("--seed", type=int)
        >>> said = 'Parser key "seed":\n Expected a <class \'int\'>. Got value: x'
        >>> in_words(said, parser._actions)
        "'seed' needs to be an integer (got 'x')"
    """
    line = " ".join(message.split())
    if found := _WRONG_TYPE.search(line):
        return _of_type(found, {one.dest: _type_of(one) for one in actions}, message)
    if found := _NO_FILE.search(line):
        return f"'{found['key']}' needs to be a file (got {found['value']})"
    if found := _NO_VALUES.search(line):
        return f"'config' needs NAME: VALUE lines (got {found['value']!r})"
    return _OWN.sub("", message)


def _of_type(found: re.Match[str], kinds: dict[str, Any], message: str) -> str:
    name, place = found["key"], found["place"]
    if name not in kinds:
        return message
    of = f"value {place} of '{name}'" if place else f"'{name}'"
    wanted = describe(kinds[name])
    return f"{of} needs to be {wanted} (got {found['value'].strip()!r})"


def _type_of(action: Action) -> Any:
    return getattr(action, "_typehint", action.type)

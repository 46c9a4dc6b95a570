"""YAML of names and plain values: no tags, no anchors, no name twice."""

from collections.abc import Collection

import yaml

LARGEST = 2**20
DEEPEST = 4


def check_plain_yaml(text: str, lists: Collection[str] = ()) -> None:
    r"""Raise unless a text is a flat mapping in plain YAML.

    The text is only scanned: nothing in it is built, and no alias is followed.

    Args:
        text: The text.
        lists: Names whose values are lists; a word would be taken letter by letter.

    Raises:
        ValueError: If it is too long or too deep, is no YAML or no mapping, has a tag,
            an anchor or an alias, a name twice, or another value where one is a list.

    Example:
        >>> check_plain_yaml("seed: 1")
        >>> check_plain_yaml("a: &x [1]\nb: *x")
        Traceback (most recent call last):
            ...
        ValueError: 'config' needs plain values (got the anchor 'x' in line 1)
    """
    if len(text) > LARGEST:
        raise ValueError(
            f"'config' needs at most {LARGEST:,} characters (got {len(text):,})"
        )
    try:
        _check_events(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ValueError(f"'config' needs to be YAML (got {error})") from error
    if not isinstance(node, yaml.MappingNode):
        raise ValueError(f"'config' needs NAME: VALUE lines (got {text[:80]!r})")
    names = [name.value for name, _ in node.value]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"'config' needs each name once (got {name!r} twice)")
    for name, value in node.value:
        if name.value not in lists or isinstance(value, yaml.SequenceNode):
            continue
        if value.tag != "tag:yaml.org,2002:null":
            got = value.value if isinstance(value, yaml.ScalarNode) else "names"
            raise ValueError(
                f"'{name.value}' needs a list in a file, [VALUE, ...] (got {got})"
            )


def _check_events(text: str) -> None:
    """Scan for what no plain file has, before anything is put together."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        for mark in ("anchor", "tag"):
            found = getattr(event, mark, None)
            if found is not None:
                line = event.start_mark.line + 1
                raise ValueError(
                    f"'config' needs plain values "
                    f"(got the {mark} {found!r} in line {line})"
                )
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > DEEPEST:
            raise ValueError(f"'config' needs at most {DEEPEST} levels (got more)")

"""The lower bounds of pyproject.toml are the versions of `make test-lowest`."""

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib  # comes with pytest there

ROOT = Path(__file__).parent.parent
# What neither runs the package nor its tests.
OTHER = {"dev", "docs"}


def bounds() -> dict[str, Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    lists = [texts for name, texts in extras if name not in OTHER]
    each = [Requirement(text) for text in sum(lists, project["dependencies"])]
    return {one.name: one for one in each if one.name != project["name"]}


def pins() -> dict[str, Requirement]:
    lines = (ROOT / ".ci/lowest-requirements.txt").read_text().splitlines()
    each = [Requirement(line) for line in lines if not line.startswith("#")]
    return {one.name: one for one in each}


def version(requirement: Requirement, operator: str) -> Version:
    (found,) = (one for one in requirement.specifier if one.operator == operator)
    return Version(found.version)


@pytest.mark.parametrize("name", sorted(bounds()))
def test_the_bound_is_what_the_tests_run_on(name: str) -> None:
    assert version(bounds()[name], ">=") == version(pins()[name], "==")

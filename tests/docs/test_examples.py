"""The examples in docstrings are true: each is run, and says what the code says."""

import doctest
from importlib import import_module
from pathlib import Path

import pytest

from tests.docs.pages import ROOT

MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in Path(ROOT / "streams").rglob("*.py")
    if ">>> " in path.read_text(encoding="utf-8")
)


def test_there_are_examples_where_a_call_is_not_obvious() -> None:
    assert len(MODULES) >= 12


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_are_true(name: str) -> None:
    outcome = doctest.testmod(import_module(name.removesuffix(".__init__")), optionflags=doctest.ELLIPSIS)
    assert outcome.attempted
    assert not outcome.failed

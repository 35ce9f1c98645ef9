"""What is generated is what the code says now, and says all of it."""

import ast
import re
from pathlib import Path

import pytest

from docs.generate import ROOT, files
from streams.live.problems import CODES

FILES = files()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_committed_file_is_the_generated_one(path: Path) -> None:
    """If not, run `make docs`."""
    assert path.read_text(encoding="utf-8") == FILES[path]


def test_the_reference_holds_no_page_that_is_not_generated() -> None:
    assert set((ROOT / "docs" / "reference").iterdir()) <= set(FILES)


def test_every_code_of_a_problem_has_its_meaning() -> None:
    """As `Problem(code=...)` and `_problem(...)` name them; what is filled in stands in angle brackets."""
    patterns = {re.sub(r"<\w+>", "<>", code) for code in CODES}
    used = {code for path in (ROOT / "streams").rglob("*.py") for code in _codes(ast.parse(path.read_text()))}
    assert used == patterns


def _codes(tree: ast.Module) -> set[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    named = [
        word.value for call in calls if _called(call) == "Problem" for word in call.keywords if word.arg == "code"
    ]
    named += [call.args[0] for call in calls if _called(call) == "_problem"]
    return {code for node in named if (code := _text(node))}


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join("<>" if isinstance(part, ast.FormattedValue) else _text(part) for part in node.values)
    return ""

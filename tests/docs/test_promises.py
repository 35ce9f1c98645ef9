"""Every promise is held by tests that are there."""

import re

from tests.docs.pages import PAGES, ROOT

TABLE = PAGES["docs/promises.md"].partition("| promise | held by |\n| --- | --- |\n")[2].partition("\n\n")[0]


def test_every_promise_is_held_by_tests() -> None:
    """A file with tests that run and can fail, a directory with some, or a target of the Makefile."""
    held_by = [re.findall(r"`([^`]+)`", row.rpartition(" | ")[2]) for row in TABLE.splitlines()]
    assert len(held_by) > 20
    assert [number for number, names in enumerate(held_by) if not names] == []
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for name in {name for names in held_by for name in names}:
        if name.startswith("make "):
            assert f"\n{name.removeprefix('make ')}:" in makefile, name
        else:
            files = [ROOT / name] if name.endswith(".py") else (ROOT / name).glob("test_*.py")
            texts = [file.read_text(encoding="utf-8") for file in files]
            assert any(re.search(r"^(async )?def test_", text, re.MULTILINE) for text in texts), name

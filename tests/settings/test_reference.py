"""The reference names every key that is read, and the packaged file agrees with it."""

import re
import tomllib
from typing import Any

import pytest

from streams.settings import DEFAULT_FILE
from streams.settings.reference import Row, markdown, rows, tables
from streams.settings.toml.text import shown

PACKAGED = DEFAULT_FILE.read_text(encoding="utf-8")
ROWS = {f"{row.table}{row.key}": row for row in rows()}


def in_packaged_file(row: Row) -> Any:
    """What the packaged file has for it; None where it has the key in a comment alone, or not at all."""
    found: Any = tomllib.loads(PACKAGED)
    for name in row.table.strip("[]").split(".") if row.table else ():
        found = found.get(name, {})
        found = found[0] if isinstance(found, list) else found
    return found.get(row.key)


def test_a_row_says_what_a_key_takes_where_else_it_is_said_and_what_holds_without_it() -> None:
    assert ROWS["[web]port"] == Row(
        table="[web]",
        key="port",
        type="a whole number from 1 to 65535",
        default="9464",
        meaning="The port to listen on.",
        variable="WACHTMONITOR_WEB_PORT",
    )
    assert ROWS["zone"].default == "required"
    assert (ROWS["zone"].variable, ROWS["language"].variable) == ("", "WACHTMONITOR_LANGUAGE")
    assert ROWS["[closing]time"].default == '"06:00"'
    assert ROWS["[limits]memory_days"].default == "35"
    assert ROWS["[history.missed_percent]*"].type == "a percentage from 0 to 100"


@pytest.mark.parametrize("row", [pytest.param(row, id=f"{row.table}{row.key}") for row in rows() if row.key != "*"])
def test_the_packaged_file_explains_every_key_and_agrees_about_defaults(row: Row) -> None:
    """A secret alone does not stand in it."""
    if re.fullmatch("a (password|token)", row.type):
        return
    assert re.search(rf"^(# )?{row.key} = ", PACKAGED, re.MULTILINE)
    value = in_packaged_file(row)
    if value is not None and row.default not in ("", "required"):
        assert shown(value) in (row.default, row.default.removesuffix(".0"))


def test_every_row_has_a_meaning_and_something_that_it_takes() -> None:
    assert all(row.type and row.meaning.endswith(".") for row in rows())


def test_the_table_for_people_has_a_line_for_each_row_and_a_heading_for_each_table() -> None:
    text = markdown(tables())
    assert len(re.findall(r"^\| .?`", text, re.MULTILINE)) == len(rows())
    assert re.findall(r"^### `(.*)`$", text, re.MULTILINE)[:2] == ["[[cluster]]", "[cluster.opening_hours]"]

"""Every setting as a row for the documentation, made from the fields that the settings are read by.

`python -m streams.settings.reference` writes them as a table in Markdown.
"""

import ast
import inspect
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Final, NamedTuple

from streams.settings.environment import variable
from streams.settings.file import SettingsFile
from streams.settings.reader import said_by_one, variable_keys
from streams.settings.toml.section import Key, Section, keys_of

OWN_NAME: Final = "NAME"
"""Stands for the name that the user gives a table."""


class Row(NamedTuple):
    """One key of the settings file."""

    table: str
    """The table as the file writes it, such as `[web]`; empty for keys above all tables."""
    key: str
    """`*` for what the user makes, such as a year."""
    type: str
    """What it takes, such as "a whole number from 1 to 65535"."""
    default: str
    """As the file would write it; empty where the key is left out, "required" where it must not be."""
    meaning: str
    variable: str
    """The variable of the environment that counts instead; empty where there is none."""
    by: str = ""
    """What the user's keys are."""


class Table(NamedTuple):
    """A table of the settings file, and its rows."""

    name: str
    meaning: str
    rows: tuple[Row, ...]
    kind: str = ""
    """What its key `kind` says, where the others depend on that."""


def tables() -> tuple[Table, ...]:
    """All tables, first the keys above them, in the order of `SettingsFile`.

    >>> [table.name for table in tables()][:3]
    ['', '[[cluster]]', '[cluster.opening_hours]']
    """
    keys = keys_of(SettingsFile)
    above = tuple(_row("", SettingsFile, key) for key in keys.values() if key.expected)
    return (Table("", "", above), *(table for key in keys.values() for table in _tables("", SettingsFile, key)))


def _tables(above: str, section: type[Section], key: Key) -> Iterator[Table]:
    """The table of a key that holds one, and those in it."""
    for kind, table in key.kinds.items():
        own = f"[{above}{key.name}.{OWN_NAME}]"
        yield Table(own, inspect.getdoc(table) or "", tuple(_rows(own, table)), kind)
    if key.section is None:
        return
    inner = f"{above}{key.name}"
    name = f"[[{inner}]]" if key.is_array else f"[{inner}]"
    if rows := tuple(_rows(name, key.section)):
        yield Table(name, meanings(section).get(key.field) or inspect.getdoc(key.section) or "", rows)
    for each in keys_of(key.section).values():
        yield from _tables(f"{inner}.", key.section, each)


def rows() -> tuple[Row, ...]:
    """All keys, in the order of their tables."""
    return tuple(row for table in tables() for row in table.rows)


def _rows(table: str, section: type[Section]) -> Iterator[Row]:
    for key in keys_of(section).values():
        if key.section:
            continue  # a table of its own
        if key.entries:
            inner = f"{table.removesuffix(']')}.{key.name}]"
            yield Row(inner, "*", key.entries.text, "", meanings(section)[key.field], "", key.entry_key)
        else:
            yield _row(table, section, key)


def _row(table: str, section: type[Section], key: Key) -> Row:
    name = table.strip("[]")
    expected = key.expected
    own = name.endswith(f".{OWN_NAME}") and key.name in said_by_one(section)
    return Row(
        table=table,
        key=key.name,
        type=expected.text if expected else "",
        default="required" if key.required else _default(key),
        meaning=meanings(section)[key.field],
        variable=variable(name, key.name) if own or key.name in variable_keys().get(name, {}) else "",
    )


def _default(key: Key) -> str:
    if key.default is None:
        return ""
    return key.expected.write(key.default) if key.expected else ""


@cache
def meanings(section: type[Section]) -> dict[str, str]:
    """The text below each field, on one line."""
    (body,) = ast.parse(inspect.getsource(section)).body
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = " ".join(str(ast.literal_eval(text.value)).split())
    return found


def markdown(found: Iterable[Table]) -> str:
    """The tables for people, each below a heading."""
    lines: list[str] = []
    for table in found:
        if table.name:
            kind = f', `kind = "{table.kind}"`' if table.kind else ""
            lines += [f"### `{table.name}`{kind}", "", table.meaning, ""]
        lines += ["| key | takes | default | meaning | variable |", "| --- | --- | --- | --- | --- |"]
        for row in table.rows:
            key = f"`{row.key}`" if row.table == table.name else f"`{row.table}`, by {row.by}"
            default = row.default if row.default in ("", "required") else f"`{row.default}`"
            named = f"`{row.variable}`" if row.variable else ""
            lines.append(f"| {key} | {row.type} | {default} | {row.meaning} | {named} |")
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(markdown(tables()))

"""A TOML table read key by key, so that every mistake in it is reported at once and with its place.

It must not know what the keys mean: that is the business of whoever reads the table.
"""

import json
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date
from decimal import InvalidOperation
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final, NamedTuple

SHOWN_LENGTH_MAX: Final = 60
"""Characters of a wrong value that a message repeats: enough to find it in the file."""


class UnfitError(ValueError):
    """A value is not of the kind expected; the text, if there is one, says what is wrong with it."""


class Kind(NamedTuple):
    """A kind of value: how to say what is expected, and how to read it."""

    expected: str
    """Goes on after "expected": the type, the unit and the bounds."""
    example: str
    """A good value, written as in the file."""
    read: Callable[[Any], Any]
    """What the value means, from what `tomllib` gives (decimals as `Decimal`); raises `UnfitError`."""
    from_text: Callable[[str], object] = str
    """What `tomllib` would give for the same value in the environment, where everything is text."""
    secret: bool = False
    """Whether a message must not repeat the value."""


class Entry(NamedTuple):
    """A key of a table and the field that it fills."""

    key: str
    kind: Kind
    field: str
    required: bool = True


class Override(NamedTuple):
    """A value from elsewhere that takes the place of the file's; `place` says from where."""

    text: str
    place: str


Fields = dict[str, Any]
"""Values by the field that they fill; `WRONG` where a problem has been noted, absent where left out."""

NO_OVERRIDES: Final[Mapping[str, Override]] = MappingProxyType({})

WRONG: Final = object()
"""Stands for a value that is missing or unfit; a problem says so already, so that no second one is wanted."""

_ABSENT: Final = object()


def parse_toml(text: str, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """The tables of a TOML text; ValueError, with the reason, for whatever is none.

    `tomllib` has errors of its own kind for bad syntax alone, not for too deep nesting or too large a number.
    """
    try:
        return tomllib.loads(text, parse_float=parse_float)
    except RecursionError:
        raise ValueError("arrays or tables are nested too deeply") from None
    except InvalidOperation:
        raise ValueError("a number is too large") from None


class Table:
    """One table and its place, such as `[[cluster]] 2`; all tables of a file note problems in one list.

    Each key is read once; `close` reports the keys that nobody asked for. After a problem the reading goes on to the
    next one.
    """

    def __init__(
        self,
        values: Mapping[str, object],
        place: str,
        problems: list[str],
        overrides: Mapping[str, Override] = NO_OVERRIDES,
        *,
        excused: bool = False,
    ) -> None:
        """The place of the table that holds all others is the empty text; an excused table may lack any key."""
        self.place = place
        self._unread = dict(values)
        self._known: list[str] = []
        self._problems = problems
        self._overrides = overrides
        self._excused = excused

    def problem(self, text: str, key: str | None = None) -> None:
        """Note what is wrong with the table, or with one key of it."""
        override = self._overrides.get(key or "")
        place = (override.place,) if override else (self.place, key)
        self._problems.append(": ".join(part for part in (*place, text) if part))

    def unread(self) -> list[str]:
        """The keys that are there and not yet read."""
        return list(self._unread)

    def read(self, entries: Iterable[Entry]) -> Fields:
        """What the entries hold, by field, or `WRONG`; what may be left out and is, is absent."""
        values = {entry.field: self._value(entry) for entry in entries}
        return {field: value for field, value in values.items() if value is not _ABSENT}

    def _value(self, entry: Entry) -> Any:
        key, kind = entry.key, entry.kind
        value, override = self._take(key), self._overrides.get(key)
        if value is None and override is None:
            if not entry.required:
                return _ABSENT
            if not self._excused:
                self.problem(f"missing, expected {kind.expected}; add {key} = {kind.example}", key)
            return WRONG
        try:
            return kind.read(kind.from_text(override.text) if override else value)
        except UnfitError as error:
            got = "" if kind.secret else f", got {shown(override.text if override else value)}"
            detail = f": {error}" if str(error) else ""
            self.problem(f"expected {kind.expected}, such as {kind.example}{got}{detail}", key)
            return WRONG

    def refuse(self, key: str, reason: str) -> bool:
        """Report a key that must not be there, without its value; whether it was there."""
        if self._take(key) is None:
            return False
        self._problems.append(f"{self.place}: {key}: {reason}")
        return True

    def table(
        self, key: str, place: str, *, required: bool, overrides: Mapping[str, Override] = NO_OVERRIDES
    ) -> "Table":
        """The table inside this one; one without keys where it is missing or no table."""
        value = self._take(key)
        missing = value is None and required and not overrides
        unfit = value is not None and not isinstance(value, dict)
        if missing:
            self._problems.append(f"{place}: missing; add this table with its keys")
        elif unfit:
            self.problem(f"expected a table that begins with {place}, got {shown(value)}", key)
        values = value if isinstance(value, dict) else {}
        return Table(values, place, self._problems, overrides, excused=missing or unfit)

    def tables(self, key: str, *, title: str) -> list["Table"]:
        """The tables of an array `[[key]]`, of which there must be one.

        Their places hold their number, from 1, and the text that each has under `title`.
        """
        value = self._take(key)
        if not isinstance(value, list) or not value or not all(isinstance(item, dict) for item in value):
            got = "" if value is None else f", got {shown(value)}"
            self.problem(f"expected one or more tables that begin with [[{key}]]{got}", key)
            return []
        return [
            Table(item, f"[[{key}]] {number}{_title(item.get(title))}", self._problems)
            for number, item in enumerate(value, 1)
        ]

    def close(self) -> None:
        """Report the keys that nobody asked for: a misspelt key must not pass for a default."""
        for key in self._unread:
            self.problem(f"unknown key; {nearest(key, self._known)}", key)

    def _take(self, key: str) -> object:
        self._known.append(key)
        return self._unread.pop(key, None)


def _title(name: object) -> str:
    return f" {shown(name)}" if isinstance(name, str) and name else ""


def nearest(name: str, known: Collection[str]) -> str:
    """Advice for a name that is not known."""
    close = get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"


def shown(value: object) -> str:
    """A value as the file writes it, cut to `SHOWN_LENGTH_MAX` characters; what is no Unicode is escaped."""
    text = _written(value).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}…"


def _written(value: object) -> str:
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"[{', '.join(_written(item) for item in value)}]"
    if isinstance(value, date):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str | bool) else str(value)

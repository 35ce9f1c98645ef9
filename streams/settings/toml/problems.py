"""Read a table by its struct, or say all that is wrong with it: where, what was expected, what came, what to do.

Pydantic finds what is wrong and where in the data; the texts are ours, since its own speak of Python to somebody who
edits a file, and repeat what may be a password.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, Final, NamedTuple, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from streams.settings.toml.section import KIND, Expected, Key, Section, keys_of
from streams.settings.toml.text import did_you_mean, nearest, shown

TITLES: Final = ("name", "reason", "type")
"""Keys that name a table of an array: messages repeat the first that it has."""

AnySection = TypeVar("AnySection", bound=Section)


class Override(NamedTuple):
    """A value from elsewhere that takes the place of the file's; `place` says from where."""

    text: str
    place: str


Overrides = Mapping[tuple[str, str], Override]
"""By table and key."""


class Problems(Exception):  # noqa: N818 - not an error of the program's: what a person wrote is wrong
    """Everything that is wrong, each with its place and what to do."""

    def __init__(self, texts: list[str]) -> None:
        super().__init__("\n".join(texts))
        self.texts = texts


def read(
    section: type[AnySection],
    values: object,
    *,
    context: object = None,
    overrides: Overrides | None = None,
    inline: bool = False,
) -> AnySection:
    """The table with these values, or `Problems`.

    `overrides` are values among them that do not stand in the file. `context` is what validators of the keys share.
    Tables inside a table are called `[table.key]`, or `[table]: key` where people write them in its line.
    """
    try:
        found: AnySection = _adapter(section).validate_python(values, context=context)
    except ValidationError as error:
        mistakes = error.errors(include_url=False)
    else:
        return found
    told = _Told(section, values if isinstance(values, dict) else {}, overrides or {}, inline)
    raise Problems(list(dict.fromkeys(text for details in mistakes for text in told.about(details))))


@cache
def _adapter(section: type[AnySection]) -> TypeAdapter[AnySection]:
    return TypeAdapter(section)


class _Spot(NamedTuple):
    """What an error is about: a key of a table, as the file has it."""

    table: str
    """The table's place, such as `[[cluster]] 2 "Wonen"`; empty for the one that holds all others."""
    name: str
    key: Key | None
    """None where the key is unknown, or the user's own."""
    expected: Expected | None
    value: Any
    known: tuple[str, ...]
    rest: tuple[int | str, ...]
    """Where in the value it is wrong."""


class _Told:
    """The texts for what pydantic found in some values. A key is complained of once."""

    def __init__(self, section: type[Section], values: Mapping[str, Any], overrides: Overrides, inline: bool) -> None:
        self._section = section
        self._values = values
        self._overrides = overrides
        self._inline = inline
        self._told: set[tuple[str, str]] = set()

    def about(self, details: ErrorDetails) -> Iterator[str]:
        """The text for one error, unless one about the same key was told."""
        spot = self._spot(self._section, "", self._values, details["loc"])
        context = details.get("ctx", {})
        if details["type"] == "together":
            key = spot.name if context["key"] is None else context["key"]
            yield _joined(*self._place(spot.table, key), context["text"])
        elif details["type"] == "too_short" and spot.value:
            return  # only for want of good ones, each of which is told of
        elif (spot.table, spot.name) not in self._told:
            self._told.add((spot.table, spot.name))
            yield self._text(spot, details["type"], str(context.get("error", "")))

    def _spot(
        self, section: type[Section], table: str, values: Mapping[str, Any], loc: tuple[int | str, ...]
    ) -> _Spot:
        name, rest, keys = str(loc[0]), loc[1:], keys_of(section)
        key, value = keys.get(name), values.get(name)
        if key and rest:
            if key.section and key.is_array and len(rest) > 1:
                item = value[rest[0]]  # type: ignore[index]  # pydantic looked into it
                return self._spot(key.section, f"[[{name}]] {int(rest[0]) + 1}{_title(item)}", item, rest[1:])
            if key.section and isinstance(value, dict):
                return self._spot(key.section, self._header(table, name), value, rest)
            if key.kinds and isinstance(value, dict):
                return self._spot_by_kind(key, self._header(table, name), value, rest)
            if key.entries and isinstance(value, dict):
                own = str(rest[0])
                return _Spot(self._header(table, name), own, None, key.entries, value.get(own), (), rest[1:])
        return _Spot(table, name, key, key and key.expected, value, tuple(keys), rest)

    def _spot_by_kind(self, key: Key, header: str, values: Mapping[str, Any], loc: tuple[int | str, ...]) -> _Spot:
        """Of one of the tables that have names of the user's; after its name comes its kind, if that is known."""
        own, rest = str(loc[0]), loc[1:]
        inner, table = self._header(header, own), values.get(own)
        if rest == ("[key]",):
            return _Spot(header, own, None, None, table, (), rest)
        if not isinstance(table, dict):
            return _Spot(header, own, None, None, table, (), rest)
        if rest:
            return self._spot(key.kinds[str(rest[0])], inner, table, rest[1:])
        return _Spot(inner, KIND, key.kind, key.kind.expected, table.get(KIND), (), rest)

    def _text(self, spot: _Spot, error: str, detail: str) -> str:
        place = self._place(spot.table, spot.name)
        if error == "extra_forbidden":
            return _joined(*place, f"unknown key; {nearest(spot.name, spot.known)}")
        if spot.rest == ("[key]",):
            return _joined(*place, detail)
        missing = error in ("missing", "union_tag_not_found")
        if spot.expected is None:
            return self._about_table(spot, missing=missing)
        expected, example = spot.expected.text, spot.expected.example
        if missing:
            return _joined(*place, f"missing, expected {expected}; add {spot.name} = {example}")
        override = self._overrides.get((spot.table.strip("[]"), spot.name))
        got = "" if spot.expected.secret else f", got {shown(override.text if override else spot.value)}"
        advice = detail or (did_you_mean(spot.value, spot.key.choices, shown) if spot.key else "")
        return _joined(*place, f"expected {expected}{f', such as {example}' if example else ''}{got}", advice)

    def _about_table(self, spot: _Spot, *, missing: bool) -> str:
        """Of a key that should hold a table, or several."""
        if spot.key and spot.key.is_array:
            got = "" if missing else f", got {shown(spot.value)}"
            return _joined(spot.table, spot.name, f"expected one or more tables that begin with [[{spot.name}]]{got}")
        header = self._header(spot.table, spot.name)
        if missing and spot.key and spot.key.section:
            needed = (key.name for key in keys_of(spot.key.section).values() if key.required)
            return f"{header}: missing; add this table with its keys: {', '.join(needed)}"
        return _joined(spot.table, spot.name, f"expected a table that begins with {header}, got {shown(spot.value)}")

    def _header(self, table: str, name: str) -> str:
        if not table:
            return f"[{name}]"
        return f"{table}: {name}" if self._inline else f"{table.removesuffix(']')}.{name}]"

    def _place(self, table: str, name: str) -> tuple[str, ...]:
        override = self._overrides.get((table.strip("[]"), name))
        return (override.place,) if override else (table, name)


def _joined(*parts: str) -> str:
    return ": ".join(filter(None, parts))


def _title(values: Mapping[str, object]) -> str:
    title = next((values[key] for key in TITLES if key in values), None)
    return f" {shown(title)}" if isinstance(title, str) and title else ""

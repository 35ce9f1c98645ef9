"""What the texts of a column are: times and in which format, durations, numbers, names."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from streams.sources.times import (
    check_date_formats,
    check_time_formats,
    day_parser,
    moment_parser,
    time_of_day_parser,
)
from streams.sources.times.alternatives import UNREADABLE
from streams.sources.times.formats import EPOCH_MILLISECONDS, EPOCH_SECONDS, EXCEL_DAYS, POSTGRESQL, RFC_3339

NULLS: Final = ("\\N", "NULL", "null", "None", "N/A", "n/a", "-", "0000-00-00 00:00:00", "0000-00-00")
"""Texts that exports write where there is nothing."""

NAME_LENGTH_MAX: Final = 60

MIXED_MAX: Final = 3
"""Formats of one column: more are none, but texts of any kind."""

LOOKED_AT: Final = 30
"""Texts by which several formats are chosen; then all must be read by them."""

DIGITS_MIN: Final = 4
"""Of a time or a date."""

_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y", "%Y%m%d")
_NAMED_DAYS: Final = ("%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d %Y", "%b %d, %Y", "%a %d %b %Y", "%a, %d %b %Y")
_CLOCKS: Final = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_BETWEEN: Final = (" ", "T")

MOMENTS: Final = (
    RFC_3339,
    *(f"{day}{between}{clock}" for day in _DAYS[:-1] for between in _BETWEEN for clock in _CLOCKS),
    "%Y-%m-%d %H:%M:%S%z",
    "%Y%m%d%H%M%S",
    POSTGRESQL,
    *(f"{day} {clock}" for day in _NAMED_DAYS for clock in _CLOCKS),
)
SWAPPED: Final = {"%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y"}

_EPOCH: Final = re.compile(r"1[0-9]{9}(?:\.[0-9]+)?")
_EPOCH_MS: Final = re.compile(r"1[0-9]{12}")
_EXCEL: Final = re.compile(r"[345][0-9]{4}(?:[.,][0-9]{5,})?")
"""Of the years 1982 to 2064."""
_NUMBERED: Final = {_EPOCH_MS: EPOCH_MILLISECONDS, _EPOCH: EPOCH_SECONDS, _EXCEL: EXCEL_DAYS}
_NUMBER: Final = re.compile(r"-?[0-9][0-9 .,']*\s?%?")


class Kind(Enum):
    """What stands in a column."""

    EMPTY = "nothing"
    MOMENT = "a time with its date"
    DAY = "a date"
    CLOCK = "a time of day"
    NUMBER = "numbers"
    TEXT = "texts"


class Written(NamedTuple):
    """What stands in a column, and the formats of times."""

    kind: Kind
    formats: tuple[str, ...] = ()
    """Several where no single one fits all."""
    may_be: str = ""
    """The format that it may be as well."""


def is_name(text: str) -> bool:
    """Whether a text may be the name of a column, and is no time or number."""
    if not text or not any(map(str.isalpha, text)) or len(text) > NAME_LENGTH_MAX:
        return False
    return kind_of([text]).kind is Kind.TEXT and not re.search(r"[0-9]{3,}", text)


def kind_of(texts: Iterable[str]) -> Written:
    """What the texts are; those of `NULLS` and empty ones do not count."""
    filled = sorted({text for text in texts if text and text not in NULLS})
    if not filled:
        return Written(Kind.EMPTY)
    if number := _numbered(filled):
        return Written(Kind.MOMENT, (number,))
    for choose in (_single, _mixed):
        for kind, formats in _FORMATS.items():
            if chosen := choose(kind, formats, filled):
                return Written(kind, chosen, _swapped(kind, chosen, filled))
    return Written(Kind.NUMBER if all(map(_NUMBER.fullmatch, filled)) else Kind.TEXT)


def _numbered(texts: Sequence[str]) -> str:
    """The format in which all of these numbers are moments of these days; empty where they may be anything else."""
    for pattern, name in _NUMBERED.items():
        if all(map(pattern.fullmatch, texts)):
            return name if name != EXCEL_DAYS or not all(map(str.isdecimal, texts)) else ""
    return ""


def _swapped(kind: Kind, chosen: Sequence[str], texts: Sequence[str]) -> str:
    """The format with day and month the other way round, where it would do as well."""
    for place, each in enumerate(chosen):
        for day, other in SWAPPED.items():
            swapped = each.replace(day, other, 1)
            if each.startswith(day) and _fit([*chosen[:place], swapped, *chosen[place + 1 :]], kind, texts):
                return swapped
    return ""


def _single(kind: Kind, formats: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    return next(((each,) for each in formats if _fit([each], kind, texts)), ())


def _mixed(kind: Kind, formats: Sequence[str], texts: Sequence[str]) -> tuple[str, ...]:
    """Several formats that together fit all texts and none of which reads another's; empty where there are none."""
    left = [text for text in texts[:: max(1, len(texts) // LOOKED_AT)] if sum(map(str.isdigit, text)) >= DIGITS_MIN]
    chosen: list[str] = []
    while left and len(chosen) < MIXED_MAX:
        counts = {each: sum(_fit([each], kind, [text]) for text in left) for each in formats}
        best = max(counts, key=lambda each: counts[each])
        if not counts[best]:
            return ()
        chosen.append(best)
        left = [text for text in left if not _fit([best], kind, [text])]
    try:
        (check_date_formats if kind is Kind.DAY else check_time_formats)(chosen or ["none"])
    except ValueError:
        return ()
    return tuple(chosen) if _fit(chosen, kind, texts) else ()


def _fit(formats: Sequence[str], kind: Kind, texts: Sequence[str]) -> bool:
    read = _PARSERS[kind](formats)
    try:
        for text in texts:
            read(text)
    except UNREADABLE:
        return False
    return True


_FORMATS: Final[Mapping[Kind, Sequence[str]]] = {
    Kind.MOMENT: MOMENTS,
    Kind.CLOCK: _CLOCKS,
    Kind.DAY: (*_DAYS, *_NAMED_DAYS),
}
_PARSERS: Final[Mapping[Kind, Callable[[Sequence[str]], Callable[[str], Any]]]] = {
    Kind.MOMENT: moment_parser,
    Kind.CLOCK: time_of_day_parser,
    Kind.DAY: day_parser,
}

"""What the texts of a column are: times and in which format, durations, numbers, names."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, Final, NamedTuple

from streams.sources.times import day_parser, moment_parser, time_of_day_parser
from streams.sources.times.alternatives import UNREADABLE
from streams.sources.times.formats import EPOCH_MILLISECONDS, EPOCH_SECONDS, RFC_3339

NULLS: Final = ("\\N", "NULL", "null", "None", "N/A", "n/a", "-", "0000-00-00 00:00:00", "0000-00-00")
"""Texts that exports write where there is nothing."""

NAME_LENGTH_MAX: Final = 60

_DAYS: Final = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d.%m.%Y", "%Y/%m/%d", "%d/%m/%y", "%Y%m%d")
_CLOCKS: Final = ("%H:%M:%S", "%H:%M:%S.%f", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_BETWEEN: Final = (" ", "T")

MOMENTS: Final = (
    RFC_3339,
    *(f"{day}{between}{clock}" for day in _DAYS[:-1] for between in _BETWEEN for clock in _CLOCKS),
    "%Y-%m-%d %H:%M:%S%z",
    "%Y%m%d%H%M%S",
)
SWAPPED: Final = {"%d/%m/%Y": "%m/%d/%Y", "%m/%d/%Y": "%d/%m/%Y"}

_EPOCH: Final = re.compile(r"1[0-9]{9}(?:\.[0-9]+)?")
_EPOCH_MS: Final = re.compile(r"1[0-9]{12}")
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
    """What stands in a column, and the format of times."""

    kind: Kind
    format: str = ""
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
    if all(map(_EPOCH_MS.fullmatch, filled)):
        return Written(Kind.MOMENT, EPOCH_MILLISECONDS)
    if all(map(_EPOCH.fullmatch, filled)):
        return Written(Kind.MOMENT, EPOCH_SECONDS)
    for kind, formats in ((Kind.MOMENT, MOMENTS), (Kind.CLOCK, _CLOCKS), (Kind.DAY, _DAYS)):
        fitting = [each for each in formats if _fits(each, kind, filled)]
        if fitting:
            return Written(kind, fitting[0], _swapped(fitting))
    return Written(Kind.NUMBER if all(map(_NUMBER.fullmatch, filled)) else Kind.TEXT)


def _swapped(fitting: Sequence[str]) -> str:
    first = fitting[0]
    for day, other in SWAPPED.items():
        if first.startswith(day) and first.replace(day, other, 1) in fitting:
            return first.replace(day, other, 1)
    return ""


def _fits(time_format: str, kind: Kind, texts: Sequence[str]) -> bool:
    read = _PARSERS[kind]([time_format])
    try:
        for text in texts:
            read(text)
    except UNREADABLE:
        return False
    return True


_PARSERS: Final[Mapping[Kind, Callable[[Sequence[str]], Callable[[str], Any]]]] = {
    Kind.MOMENT: moment_parser,
    Kind.CLOCK: time_of_day_parser,
    Kind.DAY: day_parser,
}

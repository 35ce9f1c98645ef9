"""Lengths of time as files write them: how long somebody waited, rang or spoke."""

import re
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from decimal import Decimal, InvalidOperation
from typing import Final

from streams.sources.times.alternatives import Format, check, reader
from streams.sources.times.serial import fraction_of_day

HOURS: Final = "H:MM:SS"
"""The format of durations unless something else is said: hours of any number, fractions of seconds allowed."""

_SECOND: Final = timedelta(seconds=1)
_LONGEST: Final = timedelta(days=100)
"""Longer ones are no durations of contacts, but dates or numbers of another kind."""

_DAYS: Final = re.compile(r"([0-9]{1,3})(?:[.,]([0-9]+))?")
"""No exponent: it would leave open how exact the number is."""

_PROBES: Final = (timedelta(hours=2, minutes=3, seconds=4), timedelta(hours=4), timedelta(minutes=3))


def _bounded(text: Decimal, unit: timedelta) -> timedelta:
    if not 0 <= text <= _LONGEST / unit:
        raise ValueError("no length of a contact")
    return timedelta(microseconds=round(text * Decimal(unit / timedelta(microseconds=1))))


def _number_of(unit: timedelta) -> Callable[[str], timedelta]:
    def read(text: str) -> timedelta:
        try:
            return _bounded(Decimal(text.replace(",", ".")), unit)
        except InvalidOperation:
            raise ValueError("no number") from None

    return read


def _clock_of(*units: timedelta) -> Callable[[str], timedelta]:
    """Numbers with colons between, the first of any size; the seconds may have a fraction."""
    parts = [r"([0-9]{1,6})", *[r"([0-5][0-9])"] * (len(units) - 1)]
    fraction = r"(?:[.,]([0-9]+))?" if units[-1] == _SECOND else "()"
    pattern = re.compile(":".join(parts) + fraction)

    def read(text: str) -> timedelta:
        found = pattern.fullmatch(text)
        if found is None:
            raise ValueError("no duration")
        *numbers, decimals = found.groups()
        whole = sum((int(number) * unit for number, unit in zip(numbers, units, strict=True)), timedelta(0))
        return whole + _bounded(Decimal(f"0.{decimals or 0}"), _SECOND)

    return read


def _from_days(text: str) -> timedelta:
    found = _DAYS.fullmatch(text)
    if found is None:
        raise ValueError("no number of days")
    return _bounded(Decimal(found[1]), _DAY) + fraction_of_day(found[2] or "")


def _number_in(unit: timedelta, decimals: int) -> Callable[[timedelta], str]:
    return lambda length: f"{length / unit:.{decimals}f}"


_HOUR, _MINUTE, _DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
_FORMATS: Final = {
    each.name: each
    for each in (
        Format(HOURS, _clock_of(_HOUR, _MINUTE, _SECOND), str),
        Format("M:SS", _clock_of(_MINUTE, _SECOND), lambda length: f"{length // _MINUTE}:{length.seconds % 60:02}"),
        Format(
            "H:MM",
            _clock_of(_HOUR, _MINUTE),
            lambda length: f"{length // _HOUR}:{length // _MINUTE % 60:02}",
        ),
        Format("seconds", _number_of(_SECOND), _number_in(_SECOND, 0)),
        Format("milliseconds", _number_of(timedelta(milliseconds=1)), _number_in(timedelta(milliseconds=1), 0)),
        Format("minutes", _number_of(_MINUTE), _number_in(_MINUTE, 4)),
        Format("hours", _number_of(_HOUR), _number_in(_HOUR, 6)),
        Format("days", _from_days, _number_in(_DAY, 10)),
    )
}

NAMES: Final = tuple(_FORMATS)


def check_duration_formats(formats: Sequence[str]) -> None:
    """Return when no two of these known formats are confused.

    Raises `ValueError`, with the reason, when not.
    """
    check([_FORMATS[each] for each in formats], _PROBES)


def duration_parser(formats: Sequence[str]) -> Callable[[str], timedelta]:
    """A function from text to a duration; it raises `ValueError` when the text is none in these formats.

    >>> duration_parser(["H:MM:SS"])("0:00:42").total_seconds()
    42.0
    """
    return reader([_FORMATS[each] for each in formats])


def examples() -> Iterator[tuple[str, str]]:
    """Each format, with two hours, three minutes and four seconds in it, as far as it has them."""
    for name, each in _FORMATS.items():
        yield name, each.write(_PROBES[0])


def duration_formats_of(texts: Sequence[str]) -> list[str]:
    """The formats by which all of these texts are durations, the usual ones first."""
    return [name for name in NAMES if all(_is_read(_FORMATS[name], text) for text in texts)]


def _is_read(written: Format[timedelta], text: str) -> bool:
    try:
        written.read(text)
    except ValueError:
        return False
    return True

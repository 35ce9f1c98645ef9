"""The numbers that spreadsheet programs keep for dates: days since an evening of long ago, the time as a fraction.

In the usual count day 1 is 1 January 1900, and 1900 has a 29 February, day 60, which never was: from day 61 on it is
as if one counted from 30 December 1899. Workbooks of the first Macs count from 1 January 1904.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

_DAY_SECONDS: Final = 24 * 60 * 60
_FIRST: Final = datetime(1899, 12, 31)  # noqa: DTZ001 - by the clock on the wall, like all that is counted from it
_FIRST_1904: Final = datetime(1904, 1, 1)  # noqa: DTZ001 - the same
_NEVER_WAS: Final = 60

_NUMBER: Final = re.compile(r"([0-9]{1,7})(?:[.,]([0-9]+))?")
"""No exponent: it would leave open how exact the number is."""

_SECOND_DECIMALS: Final = 5
"""With so many decimals a number is nearer to its second than to any other."""

_MILLISECOND_DECIMALS: Final = 8
"""With so many it can tell thousandths of a second."""


class RoundedError(ValueError):
    """A number that lacks the digits which would tell its second."""


def from_1900(text: str) -> datetime:
    """The local time of a number in the usual count.

    Raises `ValueError` when the text is none, or the day never was.

    >>> from_1900("46178.3958333").isoformat()
    '2026-06-05T09:30:00'
    """
    days, time = _split(text)
    if days in (0, _NEVER_WAS):
        raise ValueError("no day")
    return _FIRST + timedelta(days=days if days < _NEVER_WAS else days - 1) + time


def from_1904(text: str) -> datetime:
    """The local time of a number in the count of the first Macs.

    Raises `ValueError` when the text is none.
    """
    days, time = _split(text)
    return _FIRST_1904 + timedelta(days=days) + time


def to_1900(moment: datetime) -> str:
    """How the usual count writes a time after February 1900."""
    return _written(moment, _FIRST - timedelta(days=1))


def to_1904(moment: datetime) -> str:
    """How the count of the first Macs writes a time."""
    return _written(moment, _FIRST_1904)


def _split(text: str) -> tuple[int, timedelta]:
    """The days, and the time by the clock, as exact as the decimals can tell it."""
    found = _NUMBER.fullmatch(text)
    if found is None:
        raise ValueError("no number of days")
    decimals = found[2] or ""
    return int(found[1]), fraction_of_day(decimals)


def fraction_of_day(decimals: str) -> timedelta:
    """The length of a part of a day, of which these are the decimals.

    Raises `RoundedError` when they are too few to tell its second.
    """
    seconds = Decimal(f"0.{decimals or 0}") * _DAY_SECONDS
    if len(decimals) >= _MILLISECOND_DECIMALS:
        return timedelta(milliseconds=round(seconds * 1000))
    if len(decimals) < _SECOND_DECIMALS and (seconds % 1 or decimals.endswith("0")):
        raise RoundedError("its second is lost")
    return timedelta(seconds=round(seconds))


def _written(moment: datetime, first: datetime) -> str:
    days = (moment.replace(tzinfo=None) - first) / timedelta(days=1)
    return f"{days:.10f}"

"""One time of a row: where it stands, how it is written, and what instant it is.

Must not know which event it is the time of.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from streams.settings.toml.text import shown
from streams.sources.files.row import RowLeftOutError, Unreadable, unreadable
from streams.sources.mapping import DurationSource, TimeSource
from streams.sources.times import (
    Holds,
    Moment,
    NonexistentTimeError,
    day_parser,
    duration_parser,
    is_rounded,
    moment_parser,
    other_format,
    past_midnight,
    time_of_day_parser,
)
from streams.sources.times.alternatives import UNREADABLE
from streams.sources.times.durations import duration_formats_of

TEXTS_REMEMBERED: Final = 100_000
"""Distinct times of day and dates whose reading is kept: more than the seconds of a day, some 20 MB at most."""

TIME_CHARACTERS_MAX: Final = 100
"""Longest text that may be a time or a date: those that were read are remembered, so it bounds the memory."""

Firsts = dict[int, datetime]
"""The first local time of a row by the place of its date: what lies long before it is after midnight."""


class MomentReader:
    """Reads one time of a row; None when all its columns are empty."""

    def __init__(self, source: TimeSource, at: Mapping[str, int], zone: ZoneInfo | None) -> None:
        self._source = source
        self._columns = [(at[column], column) for column in source.columns]
        self._to_moment = _moment_reader(source, at, zone)

    def __call__(self, cells: Sequence[str], firsts: Firsts) -> Moment | None:
        """The moment.

        Raises `RowLeftOutError` when what stands there is no time.
        """
        for place, column in self._columns:
            if text := cells[place]:
                return self._moment(text, column, cells, firsts)
        return None

    def _moment(self, text: str, column: str, cells: Sequence[str], firsts: Firsts) -> Moment:
        try:
            return self._to_moment(_short(text), cells, firsts)
        except NonexistentTimeError:
            raise self._unreadable(Unreadable.NONEXISTENT, column) from None
        except _NoZoneError:
            raise self._unreadable(Unreadable.ZONE, column) from None
        except UNREADABLE:
            raise self._unreadable(Unreadable.TIME, column, text) from None

    def _unreadable(self, reason: Unreadable, column: str, text: str = "") -> RowLeftOutError:
        source, expected = self._source, _any_of(self._source.formats)
        if source.date_column:
            return unreadable(reason, f"{source.date_column} {column}", f"{_any_of(source.date_formats)} {expected}")
        if is_rounded(source.formats, text):
            return unreadable(reason, column, f"{expected}; digits were lost: export the numbers whole, as text")
        if other := other_format(source.formats, text):
            return unreadable(reason, column, f"{expected}; by its look it is {other}: say so in format")
        return unreadable(reason, column, expected)


class DurationReader:
    """Adds the durations of a row to one of its times; None when one of them is empty."""

    def __init__(self, source: DurationSource, at: Mapping[str, int]) -> None:
        self._formats = source.formats
        self._columns = [(at[column], column) for column in source.columns]
        self._read = duration_parser(source.formats)

    def __call__(self, moment: Moment, cells: Sequence[str]) -> Moment | None:
        """The later moment.

        Raises `RowLeftOutError` when what stands there is no duration.
        """
        for place, column in self._columns:
            if not (text := cells[place]):
                return None
            try:
                moment = moment.later(self._read(_short(text)))
            except UNREADABLE:
                raise unreadable(Unreadable.DURATION, column, self._expected(text)) from None
        return moment

    def _expected(self, text: str) -> str:
        others = duration_formats_of([text]) if len(text) <= TIME_CHARACTERS_MAX else []
        told = f"; if it is {_any_of(tuple(map(shown, others)))}, say so in format" if others else ""
        return _any_of(self._formats) + told


class _NoZoneError(Exception):
    """A time has no offset, and the mapping has no zone."""


def _short(text: str) -> str:
    if len(text) > TIME_CHARACTERS_MAX:
        raise ValueError("too long for a time")
    return text


def _any_of(names: Sequence[str]) -> str:
    return " or ".join(names)


_MomentReader = Callable[[str, Sequence[str], Firsts], Moment]
"""Text of a time, the row's cells, and the row's first times: the moment."""


def _moment_reader(source: TimeSource, at: Mapping[str, int], zone: ZoneInfo | None) -> _MomentReader:
    if source.holds is not Holds.TIME_OF_DAY:
        moment = moment_parser(source.formats)
        return lambda text, _cells, _firsts: _placed(moment(text), zone)
    day, time_of_day = _remembered_days(source.date_formats), _remembered_times_of_day(source.formats)
    date_place = at[source.date_column]

    def on_its_day(text: str, cells: Sequence[str], firsts: Firsts) -> Moment:
        moment = day(_short(cells[date_place])) + time_of_day(text)
        return _placed(past_midnight(moment, firsts.setdefault(date_place, moment)), zone)

    return on_its_day


def _placed(moment: datetime, zone: ZoneInfo | None) -> Moment:
    if moment.tzinfo is not None:
        return Moment(moment.astimezone(UTC))
    if zone is None:
        raise _NoZoneError
    return Moment.of_local(moment, zone)


@cache
def _remembered_days(date_formats: tuple[str, ...]) -> Callable[[str], datetime]:
    return lru_cache(TEXTS_REMEMBERED)(day_parser(date_formats))


@cache
def _remembered_times_of_day(time_formats: tuple[str, ...]) -> Callable[[str], timedelta]:
    return lru_cache(TEXTS_REMEMBERED)(time_of_day_parser(time_formats))

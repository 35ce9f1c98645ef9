"""Local days, months, opening hours and working days of the rules' zone.

Instants come in as UTC milliseconds; only here do they become local.
"""

from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

import holidays
import msgspec

from streams.core.rules import HOUR_MS, MINUTE_MS, QUARTER_MS, Cluster, OpenInterval, Rules

_QUARTERS_REMEMBERED: Final = 200_000
"""Bound on the memory of quarters: over five years of them, some 20 MB."""

HOLIDAY_YEARS: Final = range(1990, 2061)
"""Years whose public holidays the rules name: every year of which there may be events, and a generation ahead."""

_MINUTES_REMEMBERED: Final = 100_000
"""Bound on the memory of minutes: more than two months of them, some 10 MB."""

_SATURDAY: Final = 5
"""`date.weekday()` of the first day that is no working day (werkdag)."""


class Opening(StrEnum):
    """Whether the contact centre was open at a moment."""

    OPEN = "open"
    OUTSIDE_OPENING_HOURS = "outside_opening_hours"
    CLOSING_DAY = "closing_day"


class _Quarter(msgspec.Struct, frozen=True, gc=False):
    """What is the same for a whole quarter of an hour."""

    day: int
    month: str
    midnight_ms: int
    """UTC instant which the wall clock's reading is counted from: `at - midnight_ms` is the time of day read."""
    closing_day: bool
    """Whether it is one on which nothing is open."""
    hours: tuple[OpenInterval, ...]


class Calendar:
    """The calendar of one set of rules. Days are proleptic ordinals (`date.toordinal`), months `YYYY-MM`.

    Its answers are kept by quarter of an hour and by minute, because every event asks for them.
    """

    def __init__(self, rules: Rules, line: Cluster | None = None) -> None:
        """Take zone, opening hours and closing days from the rules; public holidays come from the library.

        With a `line` the hours are its own where it has any. What is said of a date counts before what is said of a
        weekday, and of either what the line says before what is common.
        """
        self._zone = ZoneInfo(rules.zone)
        self._hours = (line and line.opening_hours) or rules.opening_hours
        dated = (*rules.dated_hours, *(line.dated_hours if line else ()))
        self._dated_hours = {each.day: each.hours for each in dated}
        self._closing_days = frozenset(rules.closing_days) | frozenset(rules.public_holidays)
        self.of_lines: Final[dict[str, Calendar]] = (
            {each.name: Calendar(rules, each) for each in rules.clusters if each.has_own_hours}
            if line is None
            else {}
        )
        """The calendars of lines with hours of their own, by name."""
        self._quarters: dict[int, _Quarter] = {}
        self._openings: dict[int, Opening] = {}
        self._working_days: dict[tuple[int, int], int] = {}

    def day(self, at_ms: int) -> int:
        """The local day, as an ordinal."""
        quarter = self._quarters.get(at_ms // QUARTER_MS)  # here too: each request and each early start asks
        return self._quarter(at_ms).day if quarter is None else quarter.day

    def month(self, at_ms: int) -> str:
        """The local month, as `YYYY-MM`."""
        return self._quarter(at_ms).month

    def month_and_day(self, at_ms: int) -> tuple[str, int]:
        """Both at once: what every measurement is counted under."""
        quarter = self._quarters.get(at_ms // QUARTER_MS) or self._quarter(at_ms)
        return quarter.month, quarter.day

    def opening(self, at_ms: int) -> Opening:
        """Whether the centre was open, by the clock on the wall; opening hours are half open, in whole minutes."""
        index = at_ms // MINUTE_MS
        opening = self._openings.get(index)
        if opening is None:
            if len(self._openings) >= _MINUTES_REMEMBERED:
                self._openings.clear()
            opening = self._openings[index] = self._read_opening(index * MINUTE_MS)
        return opening

    def of(self, cluster: str) -> "Calendar":
        """The calendar of a line: this one, unless it has hours of its own."""
        return self.of_lines.get(cluster, self)

    def opening_of_any(self, at_ms: int) -> Opening:
        """Whether any line was open: what is said of the city as a whole."""
        opening = self.opening(at_ms)
        if opening is not Opening.OPEN and any(
            line.opening(at_ms) is Opening.OPEN for line in self.of_lines.values()
        ):
            return Opening.OPEN
        return opening

    def _read_opening(self, minute_start_ms: int) -> Opening:
        quarter = self._quarter(minute_start_ms)
        if quarter.closing_day:
            return Opening.CLOSING_DAY
        minute = (minute_start_ms - quarter.midnight_ms) // MINUTE_MS
        for interval in quarter.hours:
            if interval.from_minute <= minute < interval.to_minute:
                return Opening.OPEN
        return Opening.OUTSIDE_OPENING_HOURS

    def hours_on(self, day: int) -> tuple[OpenInterval, ...]:
        """The opening hours of a day; none on which nothing is open."""
        at = date.fromordinal(day)
        dated = self._dated_hours.get(at.isoformat())
        if dated is not None:
            return dated
        return () if self.is_closing_day(day) else self._hours[at.weekday()]

    def is_closing_day(self, day: int) -> bool:
        """Whether the day is a public holiday or a local closing day (weekends are neither)."""
        return date.fromordinal(day).isoformat() in self._closing_days

    def is_working_day(self, day: int) -> bool:
        """Monday to Friday, unless it is a closing day."""
        return date.fromordinal(day).weekday() < _SATURDAY and not self.is_closing_day(day)

    def working_days(self, from_day: int, to_day: int) -> int:
        """Working days after `from_day` up to and including `to_day`: from Friday to Monday it is 1."""
        known = self._working_days.get((from_day, to_day))
        if known is None:
            if len(self._working_days) >= _QUARTERS_REMEMBERED:
                self._working_days.clear()
            known = sum(self.is_working_day(day) for day in range(from_day + 1, to_day + 1))
            self._working_days[from_day, to_day] = known
        return known

    def _quarter(self, at_ms: int) -> _Quarter:
        index = at_ms // QUARTER_MS
        quarter = self._quarters.get(index)
        if quarter is None:
            if len(self._quarters) >= _QUARTERS_REMEMBERED:
                self._quarters.clear()
            quarter = self._quarters[index] = self._read_quarter(index * QUARTER_MS)
        return quarter

    def _read_quarter(self, start_ms: int) -> _Quarter:
        local = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(self._zone)
        read_ms = local.hour * HOUR_MS + local.minute * MINUTE_MS + local.second * 1000
        day = local.toordinal()
        hours = self.hours_on(day)
        return _Quarter(
            day=day,
            month=f"{local.year:04d}-{local.month:02d}",
            midnight_ms=start_ms - read_ms,
            closing_day=self.is_closing_day(day) and not hours,
            hours=hours,
        )


def public_holidays(country: str) -> tuple[str, ...]:
    """The public holidays of a country (ISO 3166 code) in `HOLIDAY_YEARS`, as ISO dates in their order.

    Raises `NotImplementedError` when the library does not know the country.

    >>> [day for day in public_holidays("BE") if day.startswith("2026-07")]
    ['2026-07-21']
    """
    return tuple(sorted(day.isoformat() for day in holidays.country_holidays(country, years=HOLIDAY_YEARS)))

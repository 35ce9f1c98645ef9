"""When the simulated day is open, as spans of UTC milliseconds.

The hours are read off the same calendar that judges the events, minute by minute, so that both agree on every day,
those with a change to or from summer time too.
"""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

import msgspec

from streams.core.calendar import Calendar, Opening
from streams.core.rules import MINUTE_MS, Rules


class Span(msgspec.Struct, frozen=True, gc=False):
    """A half-open stretch of time in UTC milliseconds."""

    from_ms: int
    to_ms: int


class DayHours(msgspec.Struct, frozen=True):
    """One local day of the rules' zone and its opening hours."""

    day: date
    whole: Span
    """Local midnight to the next local midnight: 23, 24 or 25 hours."""
    open_spans: tuple[Span, ...]
    """When any line is open; empty on closing days and on days without opening hours."""
    common_spans: tuple[Span, ...]
    """When lines without hours of their own are, and desks."""
    calendar: Calendar
    zone: ZoneInfo

    @classmethod
    def of(cls, rules: Rules, day: date) -> "DayHours":
        """Read the day's hours off the rules: those of any line."""
        zone, calendar = ZoneInfo(rules.zone), Calendar(rules)
        whole = Span(_midnight_ms(day, zone), _midnight_ms(day + timedelta(days=1), zone))
        return cls(
            day=day,
            whole=whole,
            open_spans=_open_spans(calendar.opening_of_any, whole),
            common_spans=_open_spans(calendar.opening, whole),
            calendar=calendar,
            zone=zone,
        )

    def open_lines(self, clusters: Sequence[str], at_ms: int) -> Sequence[str]:
        """Which of the lines are open."""
        if not self.calendar.of_lines:
            return clusters
        return [each for each in clusters if self.calendar.of(each).opening(at_ms) is Opening.OPEN]

    def closed_spans(self, margin_ms: int) -> tuple[Span, ...]:
        """What is closed between the opening spans, and within the margin around them on the same day."""
        edges = [max(self.whole.from_ms, self.open_spans[0].from_ms - margin_ms)]
        for span in self.open_spans:
            edges += (span.from_ms, span.to_ms)
        edges.append(min(self.whole.to_ms, self.open_spans[-1].to_ms + margin_ms))
        return tuple(Span(start, end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end)

    def minute(self, at_ms: int) -> int:
        """Minutes since local midnight by the clock on the wall."""
        local = datetime.fromtimestamp(at_ms / 1000, self.zone)
        return local.hour * 60 + local.minute

    def at_minute_ms(self, day: date, minute: int) -> int:
        """When the clock on the wall first shows this minute (before midnight) on a day."""
        return _utc_ms(datetime.combine(day, time(*divmod(minute, 60)), self.zone))

    def working_day_before(self, count: int) -> date:
        """The day that lies `count` working days before this one."""
        ordinal = self.day.toordinal()
        while count > 0:
            ordinal -= 1
            count -= self.calendar.is_working_day(ordinal)
        return date.fromordinal(ordinal)


def _open_spans(opening: Callable[[int], Opening], whole: Span) -> tuple[Span, ...]:
    minutes = range(whole.from_ms, whole.to_ms, MINUTE_MS)
    runs = ((found, list(run)) for found, run in groupby(minutes, key=opening))
    return tuple(Span(run[0], run[-1] + MINUTE_MS) for found, run in runs if found is Opening.OPEN)


def _midnight_ms(day: date, zone: ZoneInfo) -> int:
    return _utc_ms(datetime.combine(day, time(), zone))


def _utc_ms(local: datetime) -> int:
    return round(local.astimezone(UTC).timestamp() * 1000)

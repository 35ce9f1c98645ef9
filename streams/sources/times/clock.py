"""The clock on the wall: what instant a local time is, and when midnight has passed.

When clocks go forward an hour is skipped: a time in it never was, which is an error and not a guess. When they go
back an hour comes twice: a time in it is one of two instants, and `order` tells which one where anything does.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple, Self
from zoneinfo import ZoneInfo

MIDNIGHT_JUMP: Final = timedelta(hours=12)
"""A time of day this much before its row's first fact cannot be a clock that is a little off: midnight passed."""


_DAYS_REMEMBERED: Final = 10_000
"""Days of which it is remembered how the clock stood: 27 years of them."""


class NonexistentTimeError(ValueError):
    """The local time was skipped when the clocks went forward."""


class Moment(NamedTuple):
    """The instant of a time in UTC, and the other one that it may be in the hour that comes twice."""

    first: datetime
    second: datetime | None = None

    @classmethod
    def of_local(cls, local: datetime, zone: ZoneInfo) -> Self:
        """What a naive local time may be.

        Raises `NonexistentTimeError` when clocks skip that time.

        >>> Moment.of_local(datetime(2026, 10, 5, 9, 30), ZoneInfo("Europe/Brussels")).first.isoformat()
        '2026-10-05T07:30:00+00:00'
        """
        offset = _offset_all_day(local.date(), zone)
        if offset is not None:
            return cls((local - offset).replace(tzinfo=UTC))
        first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
        gained = second.utcoffset() - first.utcoffset()  # type: ignore[operator]  # a zone always has an offset
        if not gained:
            return cls(first.astimezone(UTC))
        # PEP 495: in a skipped hour the offset of fold 0 is the smaller one, in one that comes twice the greater one.
        if gained > timedelta(0):
            raise NonexistentTimeError
        return cls(first.astimezone(UTC), second.astimezone(UTC))

    def later(self, by: timedelta) -> "Moment":
        """So much later, in time that passed and not by the clock."""
        return Moment(self.first + by, None if self.second is None else self.second + by)


@lru_cache(_DAYS_REMEMBERED)
def _offset_all_day(day: date, zone: ZoneInfo) -> timedelta | None:
    """How far the clock was ahead of UTC all day; None on a day on which it was set.

    It is looked at in each hour: no zone has ever set its clocks and set them back within one.
    """
    looks = [*map(time, range(24)), time.max]
    offsets = {datetime.combine(day, each, zone).replace(fold=fold).utcoffset() for each in looks for fold in (0, 1)}
    return offsets.pop() if len(offsets) == 1 else None


def past_midnight(local: datetime, first: datetime) -> datetime:
    """The local time, a day later if it lies more than `MIDNIGHT_JUMP` before the row's first fact.

    A smaller step back is a clock that was set, and is left as it stands.

    >>> past_midnight(datetime(2026, 10, 5, 0, 10), first=datetime(2026, 10, 5, 23, 50))
    datetime.datetime(2026, 10, 6, 0, 10)
    """
    return local + timedelta(days=1) if first - local > MIDNIGHT_JUMP else local

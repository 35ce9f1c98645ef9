"""Calendar months by their names: `YYYY-MM`, as in month totals."""

from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

MONTHS_IN_YEAR: Final = 12


def months_of_year(year: int) -> tuple[str, ...]:
    """January to December.

    >>> months_of_year(2026)[0], months_of_year(2026)[-1]
    ('2026-01', '2026-12')
    """
    return tuple(f"{year:04d}-{number:02d}" for number in range(1, MONTHS_IN_YEAR + 1))


def year_of(month: str) -> int:
    """The year that a month lies in."""
    return int(month[:4])


def next_month(month: str) -> str:
    """The month after.

    >>> next_month("2026-12")
    '2027-01'
    """
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // MONTHS_IN_YEAR:04d}-{number % MONTHS_IN_YEAR + 1:02d}"


def month_start_ms(month: str, zone: str) -> int:
    """The instant, in UTC ms, at which the month begins by the clocks of the zone."""
    return local_ms(f"{month}-01", 0, zone)


def month_end_ms(month: str, zone: str) -> int:
    """The first instant after the month, in UTC ms."""
    return month_start_ms(next_month(month), zone)


def local_ms(day: str, minute_of_day: int, zone: str) -> int:
    """The instant, in UTC ms, at which the clock on the wall reads this time of an ISO date.

    A time that the clock passes twice is the first one; one that it skips is counted on from before.

    >>> local_ms("2026-10-25", 3 * 60, "Europe/Brussels") - local_ms("2026-10-25", 2 * 60, "Europe/Brussels")
    7200000
    """
    hour, minute = divmod(minute_of_day, 60)
    local = datetime.fromisoformat(f"{day}T{hour:02d}:{minute:02d}").replace(tzinfo=ZoneInfo(zone))
    return round(local.timestamp() * 1000)

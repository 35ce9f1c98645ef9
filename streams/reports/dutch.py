"""Numbers, days and durations as they are written in Dutch in Belgium: 1.234,5 and 3 november 2026.

Must not know what they stand for.
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

MONTHS: Final = (
    "januari",
    "februari",
    "maart",
    "april",
    "mei",
    "juni",
    "juli",
    "augustus",
    "september",
    "oktober",
    "november",
    "december",
)
SHORT_MONTHS: Final = ("jan", "feb", "mrt", "apr", "mei", "jun", "jul", "aug", "sep", "okt", "nov", "dec")
WEEKDAYS: Final = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
WORKDAYS: Final = " werkdagen"
NO_FIGURE: Final = "geen"
"""Stands where there is nothing to average: not 0, and not 100 %."""

HOUR_SECONDS: Final = 3600

DECIMALS_MAX: Final = 6
"""A figure is never written with more decimals, even where only the seventh would tell it from its norm."""


def number(value: float, decimals: int = 0) -> str:
    """`1234.5` as `1.234,5`."""
    return f"{value:,.{decimals}f}".translate({ord(","): ".", ord("."): ","})


def percent(ratio: float, decimals: int = 1) -> str:
    """A ratio as `12,3 %`."""
    return f"{number(100 * ratio, decimals)} %"


def seconds(value: float, decimals: int = 1) -> str:
    """`31,4 s`."""
    return f"{number(value, decimals)} s"


def minutes(value_seconds: float, decimals: int = 1) -> str:
    """Seconds as `1,2 min`."""
    return f"{number(value_seconds / 60, decimals)} min"


def workdays(value: float, decimals: int = 1) -> str:
    """`3,4 werkdagen`."""
    return number(value, decimals) + WORKDAYS


def euro(cents: int) -> str:
    """`€ 4.842,84`."""
    return f"€ {number(cents / 100, 2)}"


def short(value: float) -> str:
    """Without decimals where there are none: a norm as people say it."""
    return number(value, 0 if value == round(value) else 2 if round(value, 2) == value else DECIMALS_MAX)


def told_apart(value: float, norm: float, write: Callable[[float, int], str], decimals: int) -> str:
    """The value with as many decimals as it takes not to look equal to a norm that it is not equal to."""
    for places in range(decimals, DECIMALS_MAX):
        text = write(value, places)
        if value == norm or text != write(norm, places):
            return text
    return write(value, DECIMALS_MAX)


def month_name(month: str) -> str:
    """`2026-10` as `oktober 2026`."""
    return f"{MONTHS[int(month[5:]) - 1]} {month[:4]}"


def moment(at_ms: int, zone: str) -> str:
    """`3 november 2026 om 06:00`."""
    local = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(zone))
    return f"{local.day} {MONTHS[local.month - 1]} {local.year} om {local:%H:%M}"


def hours(starts_ms: Iterable[int], zone: str) -> list[str]:
    """Hours of the clock, in their order, as spans such as `di 6 oktober 09-12 u`; one ends with its day."""
    spans: list[list[datetime]] = []
    for start_ms in starts_ms:
        local = datetime.fromtimestamp(start_ms / 1000, UTC).astimezone(ZoneInfo(zone))
        before = spans[-1][-1] if spans else None
        if before and local.date() == before.date() and local.timestamp() - before.timestamp() == HOUR_SECONDS:
            spans[-1].append(local)
        else:
            spans.append([local])
    return [_span(each[0], each[-1]) for each in spans]


def _span(first: datetime, last: datetime) -> str:
    day = f"{WEEKDAYS[first.weekday()][:2]} {first.day} {MONTHS[first.month - 1]}"
    return f"{day} {first:%H}-{last.hour + 1:02d} u"

"""When a feed spoke: which quarters of an hour of a month had at least one event.

One bit for each quarter, so that the record of several partitions is the union of theirs, and order and repetition do
not matter. From it follows, exactly, in which opening hours a feed was silent.
"""

from collections.abc import Iterator
from typing import Final

import msgspec

from streams.core.calendar import Calendar, Opening
from streams.core.months import month_end_ms, month_start_ms
from streams.core.rules import MINUTE_MS, QUARTER_MS

QUARTERS_IN_HOUR: Final = 4


class QuarterMap(msgspec.Struct):
    """The quarters of one month that had events, as bits: bit `i % 8` of byte `i // 8` is the month's quarter `i`."""

    bits: bytearray = msgspec.field(default_factory=bytearray)

    def set(self, index: int) -> bool:
        """Note an event in a quarter; whether it is the first one there."""
        byte, mask = index >> 3, 1 << (index & 7)
        if byte >= len(self.bits):
            self.bits.extend(bytes(byte + 1 - len(self.bits)))
        if self.bits[byte] & mask:
            return False
        self.bits[byte] |= mask
        return True

    def __contains__(self, index: int) -> bool:
        """Whether the quarter had an event."""
        byte = index >> 3
        return byte < len(self.bits) and bool(self.bits[byte] & 1 << (index & 7))

    def add(self, other: "QuarterMap") -> None:
        """Take in the quarters of another partition."""
        if len(other.bits) > len(self.bits):
            self.bits.extend(bytes(len(other.bits) - len(self.bits)))
        for byte, bits in enumerate(other.bits):
            self.bits[byte] |= bits


class OpeningHour(msgspec.Struct, frozen=True):
    """An hour of the clock in which the city was open for at least a minute, on any of its lines."""

    start_ms: int
    """When the hour begins, UTC ms; of an hour that the clock shows twice there are two."""
    open_minutes: int


def opening_hours(month: str, zone: str, calendar: Calendar) -> Iterator[OpeningHour]:
    """The month's opening hours, in their order."""
    for start_ms, quarters in _clock_hours(month, zone):
        minutes = sum(
            calendar.opening_of_any(quarter_ms + minute * MINUTE_MS) is Opening.OPEN
            for quarter_ms in quarters
            for minute in range(QUARTER_MS // MINUTE_MS)
        )
        if minutes:
            yield OpeningHour(start_ms, minutes)


def _clock_hours(month: str, zone: str) -> Iterator[tuple[int, range]]:
    """Hours of the wall clock with the starts of their quarters; a change of the offset is on the hour or half."""
    start_ms, end_ms = month_start_ms(month, zone), month_end_ms(month, zone)
    hour_ms = QUARTERS_IN_HOUR * QUARTER_MS
    for hour_start_ms in range(start_ms, end_ms, hour_ms):
        yield hour_start_ms, range(hour_start_ms, min(hour_start_ms + hour_ms, end_ms), QUARTER_MS)


def silent_hours(
    month: str, zone: str, calendar: Calendar, spoke: QuarterMap, until_ms: int
) -> tuple[list[OpeningHour], list[OpeningHour]]:
    """The month's opening hours that have ended by `until_ms`, and those of them without any event."""
    start_ms = month_start_ms(month, zone)
    ended = [
        hour
        for hour in opening_hours(month, zone, calendar)
        if hour.start_ms + QUARTERS_IN_HOUR * QUARTER_MS <= until_ms
    ]
    return ended, [hour for hour in ended if not _spoke_in(hour, start_ms, spoke)]


def _spoke_in(hour: OpeningHour, month_start: int, spoke: QuarterMap) -> bool:
    first = (hour.start_ms - month_start) // QUARTER_MS
    return any(first + quarter in spoke for quarter in range(QUARTERS_IN_HOUR))

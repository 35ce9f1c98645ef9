"""When a month closes and is shown, and what is frozen of it.

A month is due at a set moment after its end. It closes when its totals hold every record from before that moment;
a month that could not be closed in time waits besides until nothing has been written to it for a while, because
somebody may be filling it from old files. Months whose moment is long past are closed by hand alone. Until it closes,
its figures are shown as provisional from the first working day on. Must not know Kafka or the clock.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from itertools import count
from typing import Final

import msgspec

from streams.core.calendar import Calendar
from streams.core.months import local_ms, next_month
from streams.core.rules import DAY_MS, MINUTE_MS, Rules
from streams.publish.month_feeds import Feed, Position
from streams.reports.closed_months import (
    Account,
    Closing,
    Entry,
    FrozenFeed,
    Reopening,
    basis_of,
    closing_of,
    frozen_total,
)
from streams.reports.definitions import DEFINITIONS_VERSION
from streams.reports.month import Sources
from streams.settings import ClosingSettings, Settings

LATE_MS: Final = 60 * MINUTE_MS
"""What is done later than this is catching up."""


class NotClosableError(ValueError):
    """The month cannot be closed or reopened as asked; the text says why and what to do."""


class Author(msgspec.Struct, frozen=True):
    """Who does it, when, and why."""

    by: str
    at_ms: int
    why: str = ""


def closing_ms(month: str, closing: ClosingSettings, zone: str) -> int:
    """When a month is due to close, UTC ms."""
    return local_ms(f"{next_month(month)}-{closing.day:02d}", closing.time_minutes, zone)


def first_working_day_ms(month: str, closing: ClosingSettings, rules: Rules) -> int:
    """The first working day after a month, at the time of day at which months close, UTC ms."""
    calendar = Calendar(rules)
    first = date.fromisoformat(f"{next_month(month)}-01").toordinal()
    day = next(day for day in count(first) if calendar.is_working_day(day))
    return local_ms(date.fromordinal(day).isoformat(), closing.time_minutes, rules.zone)


def shown_since(sources: Sources, settings: Settings, now_ms: int) -> dict[str, int]:
    """The months whose figures are to be shown now, each with the moment from which on, UTC ms.

    A closed month from its closing on, until that is long past; one that was never closed from the first working day
    after it until it is due to close. What is shown of a reopened month stays as it was.
    """
    oldest_ms = now_ms - settings.closing.catch_up_days * DAY_MS
    shown = {}
    for month in sources.months():
        if (closed := closing_of(sources.account, month)) is not None:
            if closed.at_ms >= oldest_ms:
                shown[month] = closed.at_ms
        elif month not in sources.account and now_ms < closing_ms(month, settings.closing, settings.rules.zone):
            first_ms = first_working_day_ms(month, settings.closing, settings.rules)
            if first_ms <= now_ms:
                shown[month] = first_ms
    return shown


def due_months(sources: Sources, settings: Settings, now_ms: int) -> list[str]:
    """The months that the schedule is to close now, oldest first: never closed before, and not long past."""
    oldest_ms = now_ms - settings.closing.catch_up_days * DAY_MS
    zone = settings.rules.zone
    return [
        month
        for month in sources.months()
        if month not in sources.account and oldest_ms <= closing_ms(month, settings.closing, zone) <= now_ms
    ]


def is_settled(due_ms: int, closing: ClosingSettings, now_ms: int, written_ms: int) -> bool:
    """Whether nobody is filling a month that was due then; `written_ms` is when a total of it was last written."""
    on_time = now_ms - due_ms <= LATE_MS
    return on_time or now_ms - written_ms >= closing.quiet_minutes * MINUTE_MS


def behind(positions: Mapping[str, Position], needed: Mapping[tuple[str, int], tuple[int, int]]) -> dict[str, int]:
    """Records, by source, from before the closing moment that the totals do not hold; without those that hold all.

    `needed` says of each source partition its first offset and that of the first record after the moment. Records
    that Kafka has thrown away before anybody read them are missing for good, and count too.
    """
    next_offsets = {(each.topic, each.partition): each.next_offset for each in positions.values()}
    missing = {}
    for (topic, partition), (first, end) in sorted(needed.items()):
        held = next_offsets.get((topic, partition))
        start = first if held is None else held  # without a position nobody has read it, nor missed what is gone
        if start < end:
            missing[f"{topic}-{partition}"] = end - start
    return missing


def freeze(sources: Sources, month: str, settings: Settings, author: Author, missing: Mapping[str, int]) -> Closing:
    """The closing of a month as things stand. Raises `NotClosableError` for one that is closed or has not ended."""
    zone = settings.rules.zone
    due_ms = closing_ms(month, settings.closing, zone)
    if (closed := closing_of(sources.account, month)) is not None:
        raise NotClosableError(f"{month} is closed already, since {_utc(closed.at_ms)}. Reopen it first.")
    if author.at_ms < due_ms:
        raise NotClosableError(
            f"{month} cannot close before {_utc(due_ms)}: its last facts may still be on their way."
        )
    return Closing(
        month=month,
        number=_next_number(sources.account, month),
        at_ms=author.at_ms,
        due_ms=due_ms,
        by=author.by,
        why=author.why,
        definitions=DEFINITIONS_VERSION,
        basis=basis_of(month, settings.rules, settings.norms),
        totals=[
            frozen_total(channel, cluster, source, tally)
            for (of, channel, cluster, source), tally in sorted(sources.totals.items(), key=lambda item: item[0])
            if of == month
        ],
        feeds=_frozen_feeds(sources, month),
        positions={source: position.next_offset for source, position in sorted(sources.beside.positions.items())},
        behind=dict(missing),
    )


def _frozen_feeds(sources: Sources, month: str) -> list[FrozenFeed]:
    """Of every source partition, those without an event in the month too: they were silent."""
    found = {source: feed for (of, source), feed in sources.beside.feeds.items() if of == month}
    channels = {position.source: position.channel for position in sources.beside.positions.values()}
    feeds: Iterable[Feed] = (
        found.get(source) or Feed(month, channel, source) for source, channel in sorted(channels.items())
    )
    return [FrozenFeed(feed.channel, feed.source, feed.quarters, feed.late_facts) for feed in feeds]


def reopen(account: Account, month: str, author: Author) -> Reopening:
    """The reopening of a closed month. Raises `NotClosableError` for one that is not closed."""
    if closing_of(account, month) is None:
        raise NotClosableError(f"{month} is not closed, so there is nothing to reopen.")
    number = _next_number(account, month)
    return Reopening(month=month, number=number, at_ms=author.at_ms, by=author.by, why=author.why)


def _next_number(account: Account, month: str) -> int:
    entries: list[Entry] = account.get(month, [])
    return entries[-1].number + 1 if entries else 1


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"

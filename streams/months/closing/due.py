"""When a month closes and is shown, and what is frozen of it.

A month is due at a set moment after its end. It closes when its totals hold every record from before that moment,
counted by the settings that are frozen with them; a month that could not be closed in time waits besides until
nothing has been written to it for a while, because somebody may be filling it from old files. Months whose moment is
long past are closed by hand alone. Until it closes, its figures are shown as provisional from the first working day
on. A month that was opened again before its moment is as one that was never closed. Must not know Kafka clients or
the clock.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from itertools import count
from typing import Final

import msgspec

from streams.core.calendar import Calendar
from streams.core.months import local_ms, next_month
from streams.core.rules import DAY_MS, MINUTE_MS, Rules
from streams.kafka.broker_time import Bounds, Place
from streams.months.definitions import DEFINITIONS_VERSION
from streams.months.month import Sources
from streams.records.closings import (
    Account,
    Closing,
    Entry,
    FrozenFeed,
    Reopening,
    basis_of,
    closing_of,
    frozen_total,
)
from streams.records.progress import Feed, Position
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

    A closed month from its closing on, until that is long past; another one that will close by itself from the first
    working day after it until it is due to close, and from its reopening too: what was shown of it is not final. What
    is shown of other reopened months stays as it was.
    """
    oldest_ms = now_ms - settings.closing.catch_up_days * DAY_MS
    shown = {}
    for month in sources.months():
        entries = sources.account.get(month, [])
        due_ms = closing_ms(month, settings.closing, settings.rules.zone)
        if (closed := closing_of(sources.account, month)) is not None:
            if closed.at_ms >= oldest_ms:
                shown[month] = closed.at_ms
        elif now_ms < due_ms and closes_by_itself(entries, due_ms):
            first_ms = first_working_day_ms(month, settings.closing, settings.rules)
            since_ms = [at_ms for at_ms in (first_ms, *(each.at_ms for each in entries[-1:])) if at_ms <= now_ms]
            if since_ms:
                shown[month] = max(since_ms)
    return shown


def due_months(sources: Sources, settings: Settings, now_ms: int) -> list[str]:
    """The months that the schedule is to close now, oldest first: those that close by themselves, not long past."""
    oldest_ms = now_ms - settings.closing.catch_up_days * DAY_MS
    due = []
    for month in sources.months():
        due_ms = closing_ms(month, settings.closing, settings.rules.zone)
        if oldest_ms <= due_ms <= now_ms and closes_by_itself(sources.account.get(month, []), due_ms):
            due.append(month)
    return due


def closes_by_itself(entries: Sequence[Entry], due_ms: int) -> bool:
    """Whether the schedule closes a month with this account, once it is due: one that is open, and never was closed.

    A month that somebody has opened after its moment stays open until somebody closes it, for there is work to be
    done on it. Opened before its moment there is nothing to wait for but that: it was closed too early. So was one
    whose closing says that it was later than the reopening: a clock was ahead.
    """
    if not entries:
        return True
    last, before = entries[-1], entries[:-1]
    if isinstance(last, Closing):
        return False
    return last.at_ms < due_ms or any(each.at_ms > last.at_ms for each in before[-1:])


def is_settled(due_ms: int, closing: ClosingSettings, now_ms: int, written_ms: int) -> bool:
    """Whether nobody is filling a month that was due then; `written_ms` is when a total of it was last written."""
    on_time = now_ms - due_ms <= LATE_MS
    return on_time or now_ms - written_ms >= closing.quiet_minutes * MINUTE_MS


def behind(positions: Mapping[str, Position], bounds: Mapping[Place, Bounds]) -> dict[str, int]:
    """Records, by source, from before the closing moment that the totals do not hold; without those that hold all.

    `bounds` says of each source partition where those are. Records that Kafka has thrown away before anybody read
    them are missing for good, and count too.
    """
    next_offsets = {(each.topic, each.partition): each.next_offset for each in positions.values()}
    missing = {}
    for (topic, partition), each in sorted(bounds.items()):
        held = next_offsets.get((topic, partition))
        start = each.first if held is None else held  # without a position nobody has read it, nor missed what is gone
        if start < each.end:
            missing[f"{topic}-{partition}"] = each.end - start
    return missing


def counted_otherwise(positions: Mapping[str, Position], bounds: Mapping[Place, Bounds], rules: Rules) -> list[str]:
    """The source partitions whose totals are counted by other rules, or nobody knows by which.

    The settings have changed and not all workers have applied them yet: what is shown now would be shown by norms
    and hours that it was not judged by. `bounds` names the partitions there are.
    """
    digest = rules.digest()
    return sorted(
        each.source for each in positions.values() if (each.topic, each.partition) in bounds and each.rules != digest
    )


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

"""Closed months: what is frozen of a month, and the account of closings and reopenings.

Each closing and each reopening is a record of its own on the compacted topic of closed months, under the month and a
number that goes up by one. No key is ever written twice, so the topic is the whole account, and what a report said
before a reopening can still be shown. A month is closed when its last record is a closing. Must not know Kafka.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from streams.channels import channel_of, empty_tally
from streams.core.counts import Tally
from streams.core.coverage import QuarterMap
from streams.core.norms import Norms
from streams.core.rules import Channel, DatedHours, Rules

FORMAT: Final = 1
"""Format of the records: a newer one is refused, never guessed at."""

SCHEDULE: Final = "schedule"
"""Who closed a month when nobody did."""


class ClosedMonthsError(ValueError):
    """A record of the account cannot be used."""


class Basis(msgspec.Struct, frozen=True):
    """The settings that a month's figures were made and are judged by."""

    rules: Rules
    """Closing days and public holidays of the month alone."""
    norms: Norms


_NOTHING: Final = msgspec.Raw(b"null")


class FrozenTotal(msgspec.Struct, frozen=True):
    """The totals of one cluster and source partition."""

    channel: Channel
    cluster: str
    source: str
    phone: msgspec.Raw = _NOTHING
    desk: msgspec.Raw = _NOTHING
    counts: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """What is counted stands in the field that its channel names; every record has two of them, as the first."""

    @property
    def tally(self) -> Tally:
        """What is counted, by the declarations of its channel."""
        channel = channel_of(self.channel)
        written = getattr(self, channel.frozen_in) or _NOTHING
        counted: Tally | None = msgspec.json.decode(written, type=channel.tally | None)
        return counted or channel.tally()


class FrozenFeed(msgspec.Struct, frozen=True):
    """The hours of one source partition, and the late facts that had come by then."""

    channel: Channel
    source: str
    quarters: QuarterMap
    late_facts: dict[str, int]


class Closing(msgspec.Struct, frozen=True, kw_only=True, tag="closed", tag_field="action"):
    """A month, frozen."""

    format: int = FORMAT
    month: str
    number: int
    at_ms: int
    """When it was closed, UTC ms."""
    due_ms: int
    """When it was to be closed by the settings, UTC ms."""
    by: str
    why: str = ""
    definitions: int
    """`DEFINITIONS_VERSION` of the version that closed it."""
    basis: Basis
    totals: list[FrozenTotal]
    feeds: list[FrozenFeed]
    positions: dict[str, int]
    """By source: the first record that is not in the totals."""
    behind: dict[str, int]
    """By source: records from before the closing moment that were not in the totals; empty unless it was forced."""


class Reopening(msgspec.Struct, frozen=True, kw_only=True, tag="reopened", tag_field="action"):
    """A closed month, opened again."""

    format: int = FORMAT
    month: str
    number: int
    at_ms: int
    by: str
    why: str


Entry = Closing | Reopening

Account = dict[str, list[Entry]]
"""By month, closings and reopenings in turn, in their order."""


_ENTRY: Final[msgspec.json.Decoder[Closing | Reopening]] = msgspec.json.Decoder(Closing | Reopening)


def record(entry: Entry) -> tuple[bytes, bytes]:
    """Key and value: `2026-10/0001` and a JSON object."""
    return f"{entry.month}/{entry.number:04d}".encode(), msgspec.json.encode(entry)


def read_account(records: Iterable[tuple[bytes | None, bytes | None]]) -> Account:
    """The account from the topic's records, whatever their order.

    Raises `ClosedMonthsError` when a record cannot be read or has another format.
    """
    entries = [_read(key or b"", value) for key, value in dict(records).items() if value is not None]
    account: Account = {}
    for entry in sorted(entries, key=lambda each: (each.month, each.number)):
        account.setdefault(entry.month, []).append(entry)
    return account


def _read(key: bytes, value: bytes) -> Entry:
    name = key.decode(errors="replace")
    try:
        version = msgspec.json.decode(value, type=dict[str, object]).get("format")
        if version != FORMAT:
            raise ClosedMonthsError(
                f"The record {name} of the closed months has format {version}, this version of wachtmonitor reads "
                f"format {FORMAT}. Use the version that wrote it."
            )
        entry = _ENTRY.decode(value)
        for total in entry.totals if isinstance(entry, Closing) else ():
            _ = total.tally
        return entry
    except msgspec.DecodeError as error:
        raise ClosedMonthsError(
            f"The record {name} of the closed months cannot be read: {error}. Is closed_months_topic in the settings "
            "the right one, and written by no other program?"
        ) from error


def closing_of(account: Account, month: str) -> Closing | None:
    """What is frozen of a month; None while it is open."""
    entries: Sequence[Entry] = account.get(month, ())
    last = entries[-1] if entries else None
    return last if isinstance(last, Closing) else None


def closings_of(account: Account) -> dict[str, Closing]:
    """What is frozen of every month that is closed."""
    return {month: closing for month in account if (closing := closing_of(account, month)) is not None}


def summed(totals: Mapping[tuple[Channel, str, str], Tally]) -> dict[tuple[Channel, str], Tally]:
    """Totals by channel, cluster and source, over the sources, in an order that does not depend on them."""
    sums: dict[tuple[Channel, str], Tally] = {}
    for (channel, cluster, _), tally in sorted(totals.items(), key=lambda item: item[0]):
        sums.setdefault((channel, cluster), empty_tally(channel)).add(tally)
    return sums


def frozen_totals(closing: Closing) -> dict[tuple[Channel, str, str], Tally]:
    """What is frozen, by channel, cluster and source."""
    return {(each.channel, each.cluster, each.source): each.tally for each in closing.totals}


def frozen_total(channel: Channel, cluster: str, source: str, tally: Tally) -> FrozenTotal:
    """A total as it is frozen."""
    counted = {channel_of(channel).frozen_in: msgspec.Raw(msgspec.json.encode(tally))}
    return FrozenTotal(channel, cluster, source, **counted)


def basis_of(month: str, rules: Rules, norms: Norms) -> Basis:
    """The settings that count for a month, without the days of other months."""
    return Basis(
        msgspec.structs.replace(
            rules,
            closing_days=_days_of(month, rules.closing_days),
            public_holidays=_days_of(month, rules.public_holidays),
            dated_hours=_hours_of(month, rules.dated_hours),
            clusters=tuple(
                msgspec.structs.replace(each, dated_hours=_hours_of(month, each.dated_hours))
                for each in rules.clusters
            ),
        ),
        norms,
    )


def _hours_of(month: str, dated: Iterable[DatedHours]) -> tuple[DatedHours, ...]:
    return tuple(each for each in dated if each.day.startswith(f"{month}-"))


def _days_of(month: str, days: Iterable[str]) -> tuple[str, ...]:
    return tuple(day for day in days if day.startswith(f"{month}-"))

"""Month totals as records on a compacted topic: the source of every official figure.

Each source partition writes the totals that it alone knows, under keys of its own, so that the newest record of every
key together makes the month and no writer needs another. Must not know Kafka clients, nor when records are written.
"""

from collections.abc import Iterable, Set
from typing import Any, NamedTuple
from urllib.parse import quote, unquote

import msgspec

from streams.channels import channel_of, empty_tally
from streams.channels.figures import month_keys, month_totals
from streams.core.changes import Changes
from streams.core.counts import Tally
from streams.core.rules import Channel
from streams.core.settled import AnySettled
from streams.core.state import AnyState
from streams.core.waiting import MonthKey
from streams.records.progress import is_beside

TotalKey = tuple[str, Channel, str, str]
"""Month, channel, cluster and source partition."""


class MonthTotalsError(ValueError):
    """A record on the topic holds no month total."""


class MonthRecord(NamedTuple):
    """A record of the topic; without a value (a tombstone) it takes its key's total back."""

    key: bytes
    value: bytes | None


class _Place(msgspec.Struct, frozen=True):
    """What a total belongs to; the tally's own fields stand beside these in the same JSON object."""

    month: str
    channel: Channel
    cluster: str
    source: str


def month_records(
    state: AnySettled, source: str, now_ms: int, only: Set[MonthKey] | None = None
) -> list[MonthRecord]:
    """The totals of one state at `now_ms`, as records; `source` names the partition, such as `calls-3`.

    With `only`, those of the given months and clusters, a tombstone where there is none any more. A value is a JSON
    object with `month`, `channel`, `cluster`, `source` and every field of the tally: counts, sums in milliseconds,
    categories and sketch by their bounds and buckets.
    """
    totals = month_totals(state, now_ms, only)
    keys = totals.keys() if only is None else only
    return [
        _record(_Place(month, state.channel, cluster, source), totals.get((month, cluster)))
        for month, cluster in sorted(keys)
    ]


def _record(place: _Place, tally: Tally | None) -> MonthRecord:
    """The key holds the cluster percent-encoded (RFC 3986): a name may hold any character, a slash too."""
    key = f"{place.month}/{place.channel}/{quote(place.cluster, safe='')}/{quote(place.source, safe='')}"
    if tally is None:
        return MonthRecord(key.encode(), None)
    fields = {name: _in_order(getattr(tally, name)) for name in tally.__struct_fields__}  # zeros too, for SQL
    return MonthRecord(key.encode(), msgspec.json.encode(msgspec.structs.asdict(place) | fields))


def _in_order(field: Any) -> Any:
    """Counts by key in the order of the keys: equal totals are equal bytes, in whatever order they came about."""
    return dict(sorted(field.items())) if isinstance(field, dict) else field


class MonthTotalsWriter:
    """Says what of one source partition is to be written, from the moment that its state is restored.

    After a restart everything is written once more, since the former owner may not have come to it. What was handed
    out counts as written: after a failed write there must be a new writer, on a state restored anew. Records belong
    into one transaction with the checkpoint of the state that they were made from, so that a restart goes on from
    what the topic says.
    """

    def __init__(self, source: str, state: AnyState) -> None:
        """`state` as restored, nothing folded since: its keys are those that the former owner may have written."""
        self._source = source
        self._state = state
        self._written: dict[bytes, bytes | None] = {}
        self._look_at = month_keys(state.settle()) | _keys_if_expired(state)

    def changed(self, changes: Changes[Any], now_ms: int) -> list[MonthRecord]:
        """The records that differ from what was written, and tombstones for keys that vanished.

        `changes` are those of the state since the last time.
        """
        settled = self._state.settle()
        keys = self._look_at | changes.months | settled.look(now_ms).take_changed_months()
        self._look_at = set()
        records = month_records(settled, self._source, now_ms, keys)
        changed = [
            record
            for record in records
            if record.key not in self._written or self._written[record.key] != record.value
        ]
        self._written.update(changed)
        return changed


def _keys_if_expired(state: AnyState) -> set[MonthKey]:
    """Where the open contacts would count once expired, whenever that is."""
    expired = [state.expire(contact) for contact in state.open.values()]
    return {(state.calendar.month(each.period_ms), each.cluster) for each in expired}


def counted_sources(keys: Iterable[bytes | None]) -> set[str]:
    """The source partitions of which there is anything on the topic; the last part of every key names one."""
    return {unquote(key.rpartition(b"/")[2].decode(errors="replace")) for key in keys if key is not None}


def totals_by_source(records: Iterable[tuple[bytes, bytes | None]]) -> dict[TotalKey, Tally]:
    """The totals by month, channel, cluster and source, from keys and values in the order of the topic.

    A later record replaces an earlier one of its key, a tombstone takes it back; what stands beside the totals is
    passed over. Raises `MonthTotalsError` when a value is no month total.
    """
    newest = dict(records)
    totals: dict[TotalKey, Tally] = {}
    for key, value in newest.items():
        if value is not None and not is_beside(key):
            place, tally = _read(key, value)
            totals[place.month, place.channel, place.cluster, place.source] = tally
    return totals


def sum_month_totals(records: Iterable[tuple[bytes, bytes | None]]) -> dict[tuple[str, Channel, str], Tally]:
    """The totals by month, channel and cluster, added over the sources; otherwise as `totals_by_source`."""
    totals: dict[tuple[str, Channel, str], Tally] = {}
    for (month, channel, cluster, _), tally in totals_by_source(records).items():
        totals.setdefault((month, channel, cluster), empty_tally(channel)).add(tally)
    return totals


def _read(key: bytes, value: bytes) -> tuple[_Place, Tally]:
    try:
        place = msgspec.json.decode(value, type=_Place)
        return place, msgspec.json.decode(value, type=channel_of(place.channel).tally)
    except msgspec.DecodeError as error:
        raise MonthTotalsError(
            f"the record {key.decode(errors='replace')} should hold a month total as JSON, but {error}: "
            "is the topic of month totals in the settings the right one, and written by no other program?"
        ) from error

"""Makes, finds and deletes the snapshots of months: what one shows, and that a month has one and not two.

Whoever makes or deletes one fences all others first, as with closing. The index is written before Grafana is asked
and after it, so that nothing that Grafana has is forgotten. Must not know command lines.
"""

import hashlib
import logging
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

import msgspec

from streams.core.months import month_end_ms, month_start_ms, year_of
from streams.core.rules import DAY_MS, SECOND_MS
from streams.kafka.broker_time import APART_MS
from streams.kafka.client import client_options, read_to_end
from streams.kafka.writer import FencedWriter, OutgoingRecord
from streams.months.aside import aside
from streams.months.month import Sources, month_of
from streams.months.snapshot.awaited import why_not_yet
from streams.months.snapshot.dashboard import DashboardError, Figures, filled
from streams.months.snapshot.grafana import NAME_LENGTH_MAX, SNAPSHOT_BYTES_MAX, Grafana, GrafanaError
from streams.months.snapshot.prometheus import Prometheus, PrometheusError, QueryError
from streams.records.closings import Basis
from streams.records.snapshots import Entry, Index, read_index, record, record_key
from streams.settings import GrafanaSettings, KafkaSettings, Settings
from streams.words import words_of

log = logging.getLogger(__name__)

Json = dict[str, Any]

KEY_BYTES: Final = 24
"""Random bytes of a key: nobody guesses the address of a snapshot, which needs no login. In hexadecimal, since newer
versions of Grafana make names of Kubernetes of them, which have small letters and digits and begin with one."""


class SnapshotError(Exception):
    """The snapshot cannot be made; the text says why and what to do."""


class AwaitedError(SnapshotError):
    """Prometheus has not come to the figures that count yet; that takes a scrape and the rules after it."""


class Picture(msgspec.Struct, frozen=True):
    """A snapshot as it is to be sent."""

    month: str
    name: str
    dashboard: Json
    digest: str
    """Of the name and the dashboard."""
    size_bytes: int


class Result(msgspec.Struct, frozen=True):
    """What came of asking for a snapshot."""

    entry: Entry
    is_new: bool
    """Whether it was made now; else the one that was there shows the same."""
    deleted: int
    """How many others of the month were deleted."""


# What it shows.


def picture(
    sources: Sources, month: str, settings: Settings, dashboard: Json, *, figures: Figures, now_ms: int
) -> Picture:
    """The dashboard filled with a month's figures, which Prometheus has.

    The months that it may show are those up to this one: they must be in Prometheus as they count, unless they still
    run. Raises `AwaitedError` while they are not, `SnapshotError`, and `PrometheusError`.
    """
    known = [each for each in sources.months() if each <= month]
    if month not in known:
        raise SnapshotError(f"There are no figures of {month}, so there is nothing to show.")
    today = Basis(settings.rules, settings.norms)
    months = [month_of(sources, each, today) for each in known]
    ended = [each for each in months if month_end_ms(each.month, each.basis.rules.zone) <= now_ms]
    try:
        why = why_not_yet(ended, figures.query)
    except QueryError as error:
        raise SnapshotError(
            f"Prometheus refuses to say what it has of the months: {error}. If that is beyond one of its bounds, as "
            "--query.max-samples or --query.timeout, raise that; else see its log."
        ) from error
    if why is not None:
        raise AwaitedError(
            f"Prometheus does not have the figures of {month} that count yet: {why}. It scrapes /metrics/months of "
            "every worker and records the rules of deploy/prometheus/rules each minute: try again after that."
        )
    basis, closed = months[-1].basis, months[-1].closing is not None
    words = words_of(settings.language)
    title = words("report-title", period=words.month(month))
    name = (title if closed else words("report-title-provisional", title=title))[:NAME_LENGTH_MAX]
    zone = basis.rules.zone
    try:
        shown = filled(
            dashboard,
            figures,
            period={"month": month, "year": str(year_of(month))},
            from_ms=month_start_ms(month, zone),
            to_ms=month_end_ms(month, zone),
            zone=zone,
            title=name,
        )
    except DashboardError as error:
        raise SnapshotError(f"The dashboard {dashboard.get('uid')} cannot be filled. {error}") from error
    encoded = msgspec.json.encode([name, shown], order="sorted")
    if len(encoded) > SNAPSHOT_BYTES_MAX:
        raise SnapshotError(
            f"The snapshot has {len(encoded):,} bytes, Grafana keeps {SNAPSHOT_BYTES_MAX:,}: take panels out of it."
        )
    return Picture(month, name, shown, hashlib.sha256(encoded).hexdigest(), len(encoded))


# Making and deleting.


async def make(settings: Settings, sources: Sources, month: str, now_ms: int, *, keep: bool = False) -> Result:
    """The month's snapshot; one that shows the same and is still there stays as it is.

    Otherwise a new one is made and the month's others are deleted. With `keep` a new one is made in any case, and the
    others stay. Raises `SnapshotError`, `PrometheusError` and `GrafanaError`.
    """
    grafana = await _grafana(settings.grafana)
    dashboard = await aside(lambda: grafana.dashboard(settings.grafana.dashboard_uid))
    figures = Prometheus(settings.prometheus)
    shown = await aside(lambda: picture(sources, month, settings, dashboard, figures=figures, now_ms=now_ms))
    async with _index_writer(settings.kafka) as index:
        known = (await read_snapshots(settings.kafka)).get(month, [])
        mine = [entry for entry in known if entry.state != "deleted"]
        same = [entry for entry in mine if entry.digest == shown.digest and not _has_expired(entry, now_ms)]
        found = None if keep else await _still_there(grafana, same)
        if found is None:
            half_made = next((entry for entry in same if entry.state == "planned" and not keep), None)
            entry = await _store(grafana, index, half_made or _plan(shown, settings.grafana, now_ms), shown)
        else:
            entry = await _note_found(index, found, _url(settings.grafana, found), now_ms)
        others = [] if keep else [other for other in mine if other.key != entry.key]
        for other in others:
            await _delete(grafana, index, other)
        for gone in known:
            if gone.state == "deleted":
                await index.forget(gone)
    return Result(entry, found is None, len(others))


def _plan(shown: Picture, grafana: GrafanaSettings, now_ms: int) -> Entry:
    return Entry(
        month=shown.month,
        state="planned",
        key=secrets.token_hex(KEY_BYTES),
        delete_key=secrets.token_hex(KEY_BYTES),
        name=shown.name,
        digest=shown.digest,
        at_ms=now_ms,
        expires_ms=now_ms + grafana.expires_days * DAY_MS if grafana.expires_days else None,
    )


def _has_expired(entry: Entry, now_ms: int) -> bool:
    return entry.expires_ms is not None and entry.expires_ms <= now_ms


async def _still_there(grafana: Grafana, entries: Sequence[Entry]) -> Entry | None:
    """The newest of these that Grafana has; somebody may have deleted the others there."""
    for entry in reversed(entries):
        if await aside(partial(grafana.has_snapshot, entry.key)):
            return entry
    return None


async def _store(grafana: Grafana, index: "_Writer", planned: Entry, shown: Picture) -> Entry:
    await index.write(planned)
    lasts_ms = 0 if planned.expires_ms is None else planned.expires_ms - planned.at_ms
    made = await aside(
        lambda: grafana.make_snapshot(
            shown.dashboard,
            name=shown.name,
            key=planned.key,
            delete_key=planned.delete_key,
            expires_seconds=lasts_ms // SECOND_MS,
        )
    )
    entry = msgspec.structs.replace(planned, state="made", key=made.key, delete_key=made.delete_key, url=made.url)
    await index.write(entry)
    if entry.key != planned.key:  # a Grafana that chooses keys itself
        await index.forget(planned)
    return entry


async def _note_found(index: "_Writer", entry: Entry, url: str, now_ms: int) -> Entry:
    """Of a snapshot that shows what it should, perhaps one that has arrived although nobody lived to note it."""
    if entry.state == "made" and now_ms <= entry.newest_ms <= now_ms + APART_MS:
        return entry
    at_ms = min(entry.at_ms, now_ms)  # a clock may have been ahead
    found = msgspec.structs.replace(entry, state="made", url=entry.url or url, at_ms=at_ms, checked_ms=now_ms)
    await index.write(found)
    return found


def _url(grafana: GrafanaSettings, entry: Entry) -> str:
    return f"{grafana.url}/dashboard/snapshot/{entry.key}"


async def _delete(grafana: Grafana, index: "_Writer", entry: Entry) -> None:
    await _delete_in_grafana(grafana, entry)
    await index.forget(entry)


async def _delete_in_grafana(grafana: Grafana, entry: Entry) -> None:
    if not await aside(partial(grafana.delete_snapshot, entry.delete_key)):
        log.info("the snapshot %s was gone from Grafana already", entry.name)


async def delete(settings: Settings, month: str, now_ms: int) -> list[Entry]:
    """Delete every snapshot of a month from Grafana; those that were. Raises `GrafanaError`.

    The index remembers it, so that no worker makes another one until the month is closed anew.
    """
    grafana = await _grafana(settings.grafana)
    async with _index_writer(settings.kafka) as index:
        known = (await read_snapshots(settings.kafka)).get(month, [])
        mine = [entry for entry in known if entry.state != "deleted"]
        for entry in mine:
            await _delete_in_grafana(grafana, entry)
            await index.write(msgspec.structs.replace(entry, state="deleted", checked_ms=now_ms))
    return mine


async def _grafana(settings: GrafanaSettings) -> Grafana:
    """With the token of this moment, whose file may hang as a network does."""
    return await aside(lambda: Grafana(settings))


async def make_due(settings: Settings, sources: Sources, shown: Mapping[str, int], now_ms: int) -> list[Result]:
    """Make the snapshots of the months in `shown` about which nothing was done since the moment (UTC ms) given."""
    index = await read_snapshots(settings.kafka)
    return [await make(settings, sources, month, now_ms) for month in due(index, shown, now_ms)]


def due(index: Index, shown: Mapping[str, int], now_ms: int) -> list[str]:
    """The months in `shown` about which nothing was done since the moment (UTC ms) given."""
    return [month for month, since_ms in shown.items() if _last_done_ms(index.get(month, []), now_ms) <= since_ms]


def obstacle(settings: Settings, patience_seconds: float) -> str | None:
    """What keeps snapshots from being made, as far as can be asked without making one; None is nothing."""
    timeout = min(settings.grafana.timeout_seconds, patience_seconds)
    try:
        grafana = Grafana(msgspec.structs.replace(settings.grafana, timeout_seconds=timeout), attempts=1)
        grafana.dashboard(settings.grafana.dashboard_uid)
        Prometheus(settings.prometheus, attempts=1, patience_seconds=patience_seconds).at()
    except (GrafanaError, PrometheusError) as error:
        return str(error)
    return None


def _last_done_ms(entries: Sequence[Entry], now_ms: int) -> int:
    """When something was last done about a month, without what a clock did that was ahead."""
    done = (entry.newest_ms for entry in entries if entry.state != "planned")
    return max((each for each in done if each <= now_ms + APART_MS), default=0)


# The index.


async def read_snapshots(kafka: KafkaSettings) -> Index:
    """The snapshots of each month."""
    records = (await read_to_end(kafka, kafka.snapshots_topic, [0]))[0]
    return read_index((each.key, each.value) for each in records)


class _Writer:
    """Writes the index as the only one who may."""

    def __init__(self, writer: FencedWriter, topic: str) -> None:
        self._writer = writer
        self._topic = topic

    async def write(self, entry: Entry) -> None:
        """Add or replace an entry."""
        key, value = record(entry)
        await self._writer.write([OutgoingRecord(self._topic, key, value, 0)])

    async def forget(self, entry: Entry) -> None:
        """Take an entry out."""
        await self._writer.write([OutgoingRecord(self._topic, record_key(entry), None, 0)])


@asynccontextmanager
async def _index_writer(kafka: KafkaSettings) -> AsyncIterator[_Writer]:
    fenced = kafka.writer == "transactional"
    writer = FencedWriter(client_options(kafka), f"{kafka.group}-snapshots" if fenced else None)
    await writer.start()
    try:
        yield _Writer(writer, kafka.snapshots_topic)
    finally:
        await writer.stop()

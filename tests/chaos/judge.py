"""Compares everything that workers show and leave behind with what was published.

The topics are read back by a plain consumer: first they must hold what was published, then every figure must be that
of the SQL oracle over their records.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from aiokafka import ConsumerRecord

from streams.core.sketch import bucket_of
from streams.kafka.client import read_to_end
from streams.process.clock import system_clock
from streams.records.dead_letters import DeadLetter, read_dead_letter
from streams.records.month_totals import sum_month_totals
from streams.records.progress import Feed, read_beside
from streams.settings import KafkaSettings
from tests.chaos.crew import folded_records
from tests.chaos.events import CALLS, DESKS, FUTURE_TOLERANCE_MS, PHONE, TICKETS, Record
from tests.chaos.sources.truth import told_by_source
from tests.core.builders import MINUTE, SECOND
from tests.oracle import Oracle, OracleRules, Row, Totals, Waiting, oracle
from tests.serve.observing import Series, over_workers, read, series
from tests.tallies import named_counts

RULES: Final = OracleRules(
    norms_ms={
        PHONE: 45 * SECOND,
        "Burgerzaken": 1 * MINUTE,
        "Energieloket": 5 * MINUTE,
        "Mobiliteit": 2 * MINUTE,
        "OCMW": 10 * MINUTE,
        "Omgeving": 5 * MINUTE,
        "Wonen": 5 * MINUTE,
    },
    open_from_hour=0,
    open_to_hour=24,
    open_days=7,
    closing_days=(),
)
"""The norms of Lier, and always open: a scenario is worth the same on a Sunday night."""

BRUSSELS: Final = ZoneInfo("Europe/Brussels")
QUARTER_MS: Final = 15 * MINUTE
SLOT_MS: Final = 10 * SECOND
WINDOWS_MINUTES: Final = (5, 15, 60)
SETTLE_SECONDS: Final = 60.0
"""How long it may take until all workers together show every partition: a rebalance may be under way."""

_METRICS: Final[Mapping[str, str]] = {
    "wait_ms": "wait_seconds",
    "within_norm": "within_norm_contacts",
    "answered": "served_contacts",
    "offered": "offered_calls",
    "missed": "missed_calls",
    "missed_wait_ms": "missed_wait_seconds",
    "within_service_level": "within_service_level_calls",
    "answered_too_late": "answered_too_late_calls",
    "callbacks_requested": "callback_requested_calls",
    "called_back": "called_back_calls",
    "called_back_after_ms": "called_back_after_seconds",
    "served": "served_contacts",
    "signed_ms": "signed_wait_seconds",
    "experienced": "experienced_contacts",
    "experienced_ms": "experienced_wait_seconds",
    "walk_ins": "walk_ins",
    "walk_in_wait_ms": "walk_in_wait_seconds",
    "walk_ins_left": "walk_ins_left",
    "no_shows": "no_shows",
    "cancelled": "cancelled_appointments",
    "left": "left_appointments",
    "left_arrived": "left_arrived_appointments",
    "left_wait_ms": "left_wait_seconds",
    "onward": "onward_contacts",
    "onward_wait_ms": "onward_wait_seconds",
    "onward_left": "onward_left_contacts",
    "requests": "requested_appointments",
    "lead_days": "lead_workdays",
    "requests_within_norm": "requested_within_norm_appointments",
    "implausible_requests": "implausible_requests",
    "reused_ids": "reused_id_contacts",
    "unclear_ids": "unclear_id_contacts",
}
"""The metric that shows each count of the oracle."""

_CATEGORIES: Final = {"to_30": "30", "to_60": "60", "to_90": "90", "to_120": "120", "to_300": "300", "beyond": "+Inf"}
_REASONS: Final = ("outside_opening_hours", "closing_day", "unresolved", "implausible")
_COMPARED: Final = frozenset(
    f"wachtmonitor_{name}"
    for name in (
        *_METRICS.values(),
        *("excluded_contacts", "speed_category_calls"),
        *("waiting_contacts", "waiting_walk_ins"),
    )
)

SCRAPE_AGAIN_SECONDS: Final = 0.2


class Reading(NamedTuple):
    """The series of all workers together, and between which moments they were read."""

    total: dict[Series, float]
    before_ms: int
    after_ms: int


Place = tuple[str, int, int]
"""Topic, partition and offset."""


class Fact(NamedTuple):
    """A valid event: its partition (`calls-3`), cluster and instant, and the time of its record, both UTC ms."""

    source: str
    cluster: str
    at_ms: int
    record_ms: int


class Published(NamedTuple):
    """What the topics hold."""

    rows: list[Row]
    refused: dict[Place, tuple[str, bytes | None]]
    """Reason and value of each record that is no valid event."""
    valid: Counter[tuple[str, int]]
    """How many valid events each partition holds."""
    facts: list[Fact]
    differences: list[str]
    told: list[Row]
    """Facts that followers of sources wrote: what they should be, others know."""


async def published(kafka: KafkaSettings, confirmed: Sequence[Record], *, has_sources: bool = False) -> Published:
    """Read the topics back, and hold them against what the brokers have confirmed.

    Where it `has_sources` events that nobody published are what they told.
    """
    topics = {CALLS: kafka.calls_topic, TICKETS: kafka.tickets_topic}
    ledger = {(topics[each.kind], each.key, each.value): each for each in confirmed}
    sent = Counter((topics[each.kind], each.key, each.value) for each in confirmed)
    found: Counter[tuple[str, bytes, bytes | None]] = Counter()
    read_back = Published([], {}, Counter(), [], [], [])
    for kind, topic in topics.items():
        for records in (await read_to_end(kafka, topic, range(kafka.partitions))).values():
            for record in records:
                identity = (topic, record.key or b"", record.value)
                expected = ledger.get(identity)
                if expected is None and has_sources and (fact := told_by_source(kind, record.value)) is not None:
                    read_back.told.append(fact)
                    expected = Record(*(kind, record.key or b"", record.value, fact, None))
                else:
                    found[identity] += 1
                sort(read_back, expected, record)
    lost, foreign = sent - found, found.keys() - sent.keys()
    if lost:
        read_back.differences.append(f"{lost.total()} confirmed records are not in the topics: {_some(lost)}")
    if foreign:
        read_back.differences.append(f"{len(foreign)} records in the topics were never published: {_some(foreign)}")
    return read_back


def sort(found: Published, expected: Record | None, record: "ConsumerRecord[bytes, bytes]") -> None:
    """Add a record of a topic to what is found, as the one who published it meant it."""
    if expected is None:
        return
    place = (record.topic, record.partition, record.offset)
    if expected.row is None:
        found.refused[place] = (expected.reason or "", record.value)
    elif expected.row.at > record.timestamp + FUTURE_TOLERANCE_MS:
        found.refused[place] = ("time_in_future", record.value)
    else:
        found.rows.append(expected.row)
        found.valid[record.topic, record.partition] += 1
        source = f"{record.topic}-{record.partition}"
        found.facts.append(Fact(source, expected.row.cluster, expected.row.at, record.timestamp))


# What workers show.


class Showing(Protocol):
    """Workers that show metrics."""

    async def expositions(self) -> list[str]:
        """The metrics of every worker that answers."""


async def shown(crew: Showing, what: Published) -> list[str]:
    """What differs in the metrics of all workers together, read while they show every record of every partition."""
    records = what.valid + Counter((topic, number) for topic, number, _ in what.refused)
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while (reading := await _complete_reading(crew, records)) is None:  # noqa: ASYNC110 - no event tells
                await asyncio.sleep(SCRAPE_AGAIN_SECONDS)
    except TimeoutError:
        folded = folded_records(await crew.expositions())
        return [f"not all {records.total()} records shown within {SETTLE_SECONDS:.0f} s: {folded}"]
    total, before_ms, after_ms = reading
    with oracle(RULES, what.rows, after_ms) as database:
        expected = dict(_expected_figures(database, after_ms))
        waiting = database.waiting()
    figures = {name: value for name, value in total.items() if name[0] in _COMPARED and value}
    return [
        *_compare("metric", _exact(expected), _exact(figures)),
        *_compare_waits(waiting, total, before_ms, after_ms),
        *_compare("counter", _expected_counters(what), _counters(total)),
    ]


async def _complete_reading(crew: Showing, records: Counter[tuple[str, int]]) -> Reading | None:
    """All workers' metrics, unless they were read across a slot's edge or do not show every record once."""
    before_ms = system_clock()
    texts = await crew.expositions()
    after_ms = system_clock()
    if before_ms // SLOT_MS != after_ms // SLOT_MS:
        return None
    if {place: counts for place, counts in folded_records(texts).items() if counts != [0]} != {
        place: [count] for place, count in records.items()
    }:
        return None
    return Reading(over_workers(read(each.encode()) for each in texts), before_ms, after_ms)


def _exact(figures: Mapping[Series, float]) -> dict[str, int]:
    """Seconds as milliseconds: sums of tenths are not exact in binary."""
    return {
        f"{name}{dict(sorted(labels))}": round(value * SECOND) if name.endswith("_seconds") else round(value)
        for (name, labels), value in figures.items()
    }


def _expected_figures(database: Oracle, now_ms: int) -> Iterable[tuple[Series, float]]:
    end_ms = (now_ms // SLOT_MS + 1) * SLOT_MS
    spans: dict[str, Totals] = {
        f"{minutes}m": database.window(end_ms - minutes * MINUTE, end_ms) for minutes in WINDOWS_MINUTES
    }
    month = database.month_of(now_ms)
    spans |= {
        "today": database.day_of(now_ms),
        "month": {key: counts for key, counts in database.month_totals().items() if key[0] == month},
    }
    for window, totals in spans.items():
        for (_, cluster), counts in totals.items():
            labels = {"cluster": cluster, "channel": _channel(cluster), "window": window}
            for name, count in counts.items():
                yield from _as_series(name, count, labels)
    for cluster, each in database.waiting().items():
        labels = {"cluster": cluster, "channel": _channel(cluster)}
        if each.count:
            yield series("waiting_contacts", **labels), each.count
        if each.walk_ins:
            yield series("waiting_walk_ins", **labels), each.walk_ins


def _as_series(name: str, count: int, labels: dict[str, str]) -> Iterable[tuple[Series, float]]:
    if name in _METRICS:
        yield series(_METRICS[name], **labels), count / SECOND if name.endswith("_ms") else count
    elif name in _REASONS:
        yield series("excluded_contacts", **labels, reason=name), count
    elif not name.startswith("missed_to_") and name != "missed_beyond":  # which month totals alone tell
        yield series("speed_category_calls", **labels, up_to_seconds=_CATEGORIES[name]), count


def _channel(cluster: str) -> str:
    return "phone" if cluster == PHONE else "desk"


def _compare_waits(
    waiting: Mapping[str, Waiting], total: Mapping[Series, float], before_ms: int, after_ms: int
) -> Iterable[str]:
    """The longest waits grow while they are read, so they lie between those of before and after."""
    for cluster in (PHONE, *DESKS):
        each = waiting.get(cluster, Waiting(0, None, 0, None))
        labels = {"cluster": cluster, "channel": _channel(cluster)}
        for name, since_ms in (
            ("longest_wait_seconds", each.since_ms),
            ("longest_walk_in_wait_seconds", each.walk_in_since_ms),
        ):
            found = total.get(series(name, **labels))
            bounds = None if since_ms is None else tuple(max(0, ms - since_ms) for ms in (before_ms, after_ms))
            if bounds is None:
                fits = found is None
            else:
                fits = found is not None and bounds[0] <= round(found * SECOND) <= bounds[1]
            if not fits:
                yield f"metric {name} of {cluster}: expected {bounds} ms, found {found} s"


def _expected_counters(what: Published) -> dict[str, int]:
    counts = Counter({f"applied {topic} {number}": count for (topic, number), count in what.valid.items()})
    for (topic, number, _), (reason, _) in what.refused.items():
        counts[f"rejected {topic} {number} {reason}"] += 1
    return dict(counts)


def _counters(total: Mapping[Series, float]) -> dict[str, int]:
    found = {}
    for (name, pairs), value in total.items():
        labels = dict(pairs)
        if name == "wachtmonitor_events_applied_total":
            found[f"applied {labels['topic']} {labels['partition']}"] = int(value)
        elif name == "wachtmonitor_records_rejected_total":
            found[f"rejected {labels['topic']} {labels['partition']} {labels['reason']}"] = int(value)
    return {name: count for name, count in found.items() if count}


# What workers leave behind.


async def left_behind(kafka: KafkaSettings, what: Published) -> list[str]:
    """What differs in the official totals and in the dead letters, each of which must be there once."""
    (totals,) = (await read_to_end(kafka, kafka.month_totals_topic, [0])).values()
    (letters,) = (await read_to_end(kafka, kafka.dead_letters_topic, [0])).values()
    records = [(record.key or b"", record.value) for record in totals]
    return [
        *compare_month_totals(what, records, system_clock()),
        *compare_feeds(what, records),
        *compare_letters(what, (read_dead_letter(record.value, record.headers) for record in letters)),
    ]


def compare_month_totals(
    what: Published, records: Iterable[tuple[bytes, bytes | None]], now_ms: int
) -> Iterable[str]:
    """What differs in the topic of month totals: every count, and every wait in its bucket."""
    totals = {
        f"{month} {cluster}": tally
        for (month, _, cluster), tally in sum_month_totals(records).items()
        if not tally.is_empty()
    }
    counts = {name: named_counts(tally) for name, tally in totals.items()}
    sketches = {name: tally.sketch for name, tally in totals.items() if tally.sketch}
    with oracle(RULES, what.rows, now_ms) as database:
        expected_counts = {f"{month} {cluster}": each for (month, cluster), each in database.month_totals().items()}
        expected_sketches = {
            f"{month} {cluster}": dict(Counter(map(bucket_of, waits_ms)))
            for (month, cluster), waits_ms in database.official_waits_ms().items()
        }
    yield from _compare("month total", expected_counts, counts)
    yield from _compare("waits by bucket of", expected_sketches, sketches)


def compare_feeds(what: Published, records: Iterable[tuple[bytes, bytes | None]]) -> Iterable[str]:
    """What differs beside the month totals: the quarters of an hour with events, and the facts that came late."""
    quarters: dict[str, set[int]] = {}
    late: dict[str, Counter[str]] = {}
    for fact in what.facts:
        month = _month(fact.at_ms)
        start_ms = round(datetime.fromisoformat(f"{month}-01T00:00").replace(tzinfo=BRUSSELS).timestamp() * 1000)
        name = f"{month} {fact.source}"
        quarters.setdefault(name, set()).add((fact.at_ms - start_ms) // QUARTER_MS)
        if month < _month(fact.record_ms):
            late.setdefault(name, Counter())[fact.cluster] += 1
    feeds = {f"{month} {source}": feed for (month, source), feed in read_beside(records).feeds.items()}
    yield from _compare("quarters of", quarters, {name: _quarters(feed) for name, feed in feeds.items()})
    found = {name: Counter(feed.late_facts) for name, feed in feeds.items() if feed.late_facts}
    yield from _compare("late facts of", late, found)


def _month(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, BRUSSELS):%Y-%m}"


def _quarters(feed: Feed) -> set[int]:
    bits = feed.quarters.bits
    return {index for index in range(8 * len(bits)) if bits[index // 8] >> index % 8 & 1}


def compare_letters(what: Published, found: Iterable[DeadLetter]) -> Iterable[str]:
    """What differs in the dead letters."""
    letters = Counter(((each.topic, each.partition, each.offset), each.reason, each.value) for each in found)
    expected = Counter((place, reason, value) for place, (reason, value) in what.refused.items())
    for each, count in ((expected - letters) + (letters - expected)).items():
        yield f"dead letter {each}: expected {expected[each]}, found {letters[each]} (differs by {count})"


def _compare(what: str, expected: Mapping[str, object], found: Mapping[str, object]) -> Iterable[str]:
    for name in sorted(expected.keys() | found.keys()):
        if expected.get(name) != found.get(name):
            yield f"{what} {name}: expected {expected.get(name)}, found {found.get(name)}"


def _some(things: Iterable[object]) -> str:
    return f"{next(iter(things))!r} and so on"

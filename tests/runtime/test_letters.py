"""Dead letters are told by topic and reason, and judged by the time at which their records came."""

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from streams.channels.calls.events import Offered
from streams.channels.visits.events import Arrived
from streams.contracts.rejections import Reason
from streams.core.rules import Channel
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.kafka.writer import REQUEST_BYTES
from streams.records.dead_letters import VALUE_BYTES_KEPT, DeadLetter, dead_letter_record, refused, refused_together
from streams.runtime.fetching.stored_letters import every_letter
from streams.runtime.letter_account import (
    DETAIL_SHOWN_MAX,
    DETAILS_KEPT,
    EXAMPLES_SHOWN,
    Judge,
    Letters,
    Refusal,
    detail_of,
)
from streams.settings import load
from tests.brokers.topics import kafka_settings
from tests.runtime.batches import GZIP, MIB, batch, field_of_zeros, record
from tests.runtime.raw import send_raw

RULES = load(None, {}).rules
NOW_MS = 1_791_187_200_000
TOPICS = {"calls": Channel.PHONE, "tickets": Channel.DESK}
STAFFING = "staffing"


def letter(
    offset: int = 0,
    cluster: str = "Wonen",
    *,
    reason: Reason = Reason.UNKNOWN_CLUSTER,
    ahead_ms: int = 0,
    detail: str | None = "some detail",
    at_ms: int = NOW_MS,
) -> DeadLetter:
    """A visit that was refused."""
    value = msgspec.json.encode(Arrived("t", cluster, (NOW_MS + ahead_ms) / 1000))
    return refused(
        "tickets", 0, offset, reason=reason.value, key=b"t", value=value, timestamp_ms=at_ms, detail=detail
    )


def judged(*found: DeadLetter) -> Letters:
    """The account of some letters."""
    letters = Letters(Judge(TOPICS, RULES, STAFFING))
    for each in found:
        letters.add(each)
    return letters


def refusal(found: DeadLetter) -> Refusal | None:
    """Why it would be refused."""
    return Judge(TOPICS, RULES, STAFFING).refusal(found)


def test_a_record_that_the_settings_know_by_now_would_be_accepted() -> None:
    assert refusal(letter()) is None
    assert refusal(letter(cluster="Zwembad")) == Refusal("unknown_cluster", is_by_settings=True)


def test_a_record_of_the_future_is_judged_by_the_time_at_which_it_came() -> None:
    """That moment has come by now, and the time is as wrong as it was."""
    fast = letter(ahead_ms=360_000, reason=Reason.TIME_IN_FUTURE)
    assert refusal(fast) == Refusal("time_in_future", is_by_settings=True)
    patient = msgspec.structs.replace(RULES, future_tolerance_ms=400_000)
    assert Judge(TOPICS, patient, STAFFING).refusal(fast) is None


def test_what_no_letter_holds_or_no_topic_takes_cannot_be_sent() -> None:
    together = refused_together(
        "tickets", 0, 7, records=9, reason="batch_unreadable", packed_bytes=3, timestamp_ms=NOW_MS
    )
    assert refusal(together) == Refusal("refused together and never read, so no letter holds them", False)
    elsewhere = msgspec.structs.replace(letter(), topic="old-tickets")
    assert refusal(elsewhere) == Refusal("of a topic that these settings do not name", False)


def test_a_value_that_was_cut_is_never_taken_for_whole() -> None:
    value = msgspec.json.encode(Arrived("t", "Wonen", NOW_MS / 1000)) + b" " * VALUE_BYTES_KEPT
    cut = refused("tickets", 0, 0, reason="too_large", key=b"t", value=value, timestamp_ms=NOW_MS)
    assert refusal(cut) == Refusal("too_large", is_by_settings=True)


def test_letters_are_told_by_topic_and_reason_with_the_newest_of_each_detail() -> None:
    call = refused(
        "calls",
        2,
        5,
        reason="empty",
        key=None,
        value=None,
        timestamp_ms=NOW_MS - 9,
        detail="expected an object, got nothing",
    )
    together = refused_together(
        "calls", 1, 7, records=20, reason="batch_unreadable", packed_bytes=3, timestamp_ms=NOW_MS
    )
    found = judged(
        letter(1, detail="one", at_ms=NOW_MS - 5),
        letter(3, detail="one", at_ms=NOW_MS + 5),
        letter(2, detail="one"),
        letter(4, "Zwembad", detail="other"),
        call,
        together,
    )
    assert found.records == 25
    unread, unknown, empty = found.kinds()
    assert [(kind.topic, kind.reason, kind.records, kind.accepted) for kind in (unread, unknown, empty)] == [
        ("calls", "batch_unreadable", 20, 0),
        ("tickets", "unknown_cluster", 4, 3),
        ("calls", "empty", 1, 0),
    ]
    assert (unknown.first_ms, unknown.last_ms) == (NOW_MS - 5, NOW_MS + 5)
    assert [(detail, each.records, each.newest.offset) for detail, each in unknown.examples()] == [
        ("one", 3, 3),
        ("other", 1, 4),
    ]


def test_many_details_are_told_in_part() -> None:
    found = judged(*[letter(number, detail=f"detail {number}") for number in range(2 * DETAILS_KEPT)])
    (kind,) = found.kinds()
    assert len(kind.examples()) == EXAMPLES_SHOWN
    assert (kind.records, kind.other_details) == (2 * DETAILS_KEPT, DETAILS_KEPT - EXAMPLES_SHOWN)


def test_letters_of_before_there_were_details_say_what_the_reason_says() -> None:
    assert detail_of(letter(detail=None)) == Reason.UNKNOWN_CLUSTER.explanation
    assert detail_of(msgspec.structs.replace(letter(detail=None), reason="of_the_future")) == "of_the_future"


def test_what_another_program_wrote_does_nothing_to_a_terminal() -> None:
    assert (
        detail_of(letter(detail="\x1b[31mred\n" + "x" * 600)) == (" [31mred " + "x" * 600)[:DETAIL_SHOWN_MAX] + " ..."
    )


@pytest.mark.kafka
async def test_every_letter_is_read_once_whatever_else_is_on_the_topic(apache_kafka: BrokerProcess) -> None:
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    topic = kafka.dead_letters_topic
    assert [each async for each in every_letter(kafka, 1, 60)] == [], "an empty topic ends"
    written = [letter(number) for number in range(300)]
    of_the_topic_made_anew = letter(7, at_ms=NOW_MS + 5)
    call = msgspec.json.encode(Offered("c", "Klantencontactcentrum", NOW_MS / 1000))
    large = refused("calls", 0, 0, reason="too_large", key=b"c", value=call + bytes(MIB), timestamp_ms=NOW_MS)
    await send_raw(kafka, topic, 0, batch(record(0, b"k", b"{}", [(b"\xff", b"")]), 1))
    async with AIOKafkaProducer(**client_options(kafka), max_request_size=REQUEST_BYTES) as producer:
        for each in [*written, *written[:50], of_the_topic_made_anew, large]:
            sent = dead_letter_record(each)
            await producer.send(topic, sent.value, sent.key, 0, headers=list(sent.headers))
    await send_raw(kafka, topic, 0, field_of_zeros(GZIP, 300 * MIB))
    found = [each async for each in every_letter(kafka, 1, 60)]
    assert [each.offset for each in found] == [*range(300), 7, 0]
    assert found[:301] == [*written, of_the_topic_made_anew]

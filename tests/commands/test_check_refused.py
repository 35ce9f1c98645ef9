"""`wachtmonitor check` reads the newest records as a worker would, and says what these settings refuse of them."""

import asyncio
import os
import re
import subprocess
import sys
from typing import Any, Final

import msgspec
import pytest
from aiokafka import AIOKafkaProducer, ConsumerRecord
from click.testing import CliRunner, Result

from streams.channels.calls.events import Offered
from streams.channels.refusals import LINE_RECORDS
from streams.channels.visits.events import Arrived
from streams.commands.check.command import check
from streams.commands.check.finding import Finding, Status
from streams.commands.check.refused import judge_letters, judge_records
from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.core.rules import DAY_MS, Channel
from streams.kafka.client import client_options, ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.kafka.writer import REQUEST_BYTES
from streams.process.clock import system_clock
from streams.records.dead_letters import (
    VALUE_BYTES_KEPT,
    DeadLetter,
    dead_letter_record,
    refused,
    refused_together,
)
from streams.runtime.fetching.fetched import Fetched
from streams.runtime.fetching.tail import TAIL_RECORDS, UNPACKED_BYTES
from streams.settings import KafkaSettings, load
from tests.brokers.ports import next_port
from tests.brokers.topics import kafka_settings
from tests.fuzz.large import ROOT
from tests.runtime.batches import GZIP, LZ4, MIB, ZSTD, batch, batch_of, empties, field_of_zeros, record
from tests.runtime.raw import send_raw
from tests.runtime.workers import environment, send

SETTINGS = load(None, {})
NOW_MS = 1_791_187_200_000
TOPIC = SETTINGS.kafka.tickets_topic


def visit(cluster: str = "Wonen", later_ms: int = 0) -> "ConsumerRecord[bytes, bytes]":
    """A record of the topic of tickets."""
    value = msgspec.json.encode(Arrived("t", cluster, (NOW_MS + later_ms) / 1000))
    record: Any = ConsumerRecord(TOPIC, 0, 0, NOW_MS, 1, b"t", value, None, 0, 0, ())
    return record


def judged(*records: "ConsumerRecord[bytes, bytes]") -> Finding | None:
    """The finding about these, the newest of the topic of tickets."""
    return judge_records(SETTINGS, TOPIC, Channel.DESK, [Fetched(0, len(records), records)])


def letter(cluster: str, reason: str, before_ms: int = 0) -> DeadLetter:
    """A refused record of the topic of tickets."""
    record = visit(cluster)
    return refused(TOPIC, 0, 0, reason=reason, key=record.key, value=record.value, timestamp_ms=NOW_MS - before_ms)


def test_a_topic_without_records_is_not_spoken_of() -> None:
    assert judged() is None


def test_records_that_are_accepted_are_good() -> None:
    assert judged(*[visit()] * 3) == Finding(Status.GOOD, f"records of {TOPIC}", "these settings accept the newest 3")


def test_names_that_were_repaired_are_counted_by_spelling() -> None:
    """Such events count; whoever looks at the source can mend it there."""
    found = judged(visit(), visit("WONEN"), visit("wonen"), visit("WONEN"), visit("Burger\u00a0zaken "))
    assert found is not None
    assert found.status is Status.NOTE
    assert found.text == (
        "of the newest 5 these settings refuse 1: 1 unknown_cluster; Events whose cluster's name was repaired: 3; "
        '"WONEN" counts for "Wonen" (case): 2; "wonen" counts for "Wonen" (case): 1'
    )
    assert judged(visit("WONEN")) == Finding(
        Status.NOTE,
        f"records of {TOPIC}",
        "these settings accept the newest 1; Events whose cluster's name was repaired: 1; "
        '"WONEN" counts for "Wonen" (case): 1',
    )


def test_a_bad_record_among_good_ones_is_a_note() -> None:
    assert judged(*[visit()] * 30, visit("Wónen"), *[visit()] * 9) == Finding(
        Status.NOTE, f"records of {TOPIC}", "of the newest 40 these settings refuse 1: 1 unknown_cluster"
    )


def test_a_topic_of_which_all_is_refused_is_wrong() -> None:
    found = judged(visit(later_ms=360_000))
    assert found is not None
    assert (found.status, found.subject) == (Status.WRONG, f"records of {TOPIC}")
    assert "about 6 minutes ahead" in found.text


def test_a_line_that_is_misspelt_among_others_is_wrong() -> None:
    found = judged(*[visit(), visit(), visit(), visit("Wónen")] * LINE_RECORDS)
    assert found is not None
    assert found.status is Status.WRONG
    assert 'did you mean "Wonen"? It differs in accents or spaces only.' in found.text


def test_dead_letters_of_a_day_are_counted_by_reason() -> None:
    letters = [letter("x", "unknown_cluster"), letter("x", "unknown_cluster"), letter("x", "empty", 3 * DAY_MS)]
    assert judge_letters(SETTINGS, letters) == Finding(
        Status.NOTE, "dead letters", "the newest of one day are of 2 records: 2 unknown_cluster"
    )
    assert judge_letters(SETTINGS, []) is None


def test_a_letter_of_many_records_counts_them_all() -> None:
    many = refused_together(
        TOPIC, 0, 7, records=20_000, reason="batch_unreadable", packed_bytes=9, timestamp_ms=NOW_MS
    )
    assert judge_letters(SETTINGS, [letter("x", "unknown_cluster"), many]) == Finding(
        Status.NOTE,
        "dead letters",
        "the newest of one day are of 20,001 records: 20,000 batch_unreadable, 1 unknown_cluster",
    )


def test_dead_letters_that_are_accepted_by_now_are_to_be_sent_again() -> None:
    found = judge_letters(SETTINGS, [letter("Wonen", "unknown_cluster"), letter("Wónen", "unknown_cluster")])
    assert found is not None
    assert "; 1 of them would be accepted by these settings: " in found.text


def checked(kafka: KafkaSettings) -> Result:
    """What the command says."""
    return CliRunner().invoke(check, [], env=environment(kafka, next_port(), None))


@pytest.mark.kafka
async def test_no_worker_need_run_and_only_the_newest_records_count(broker: BrokerProcess) -> None:
    kafka = kafka_settings(broker, partitions=2)
    now = system_clock() / 1000
    await ensure_topics(kafka)
    await send(kafka, [Offered(f"f{number}", "Klantencontactcentrum", now + 400) for number in range(40)])
    result = await asyncio.to_thread(checked, kafka)
    assert result.exit_code == 1
    assert f"records of {kafka.calls_topic}: refused: all " in result.output
    assert "ahead, or the broker's behind" in result.output
    await send(kafka, [Offered(f"g{number}", "Klantencontactcentrum", now) for number in range(4 * TAIL_RECORDS)])
    result = await asyncio.to_thread(checked, kafka)
    assert result.exit_code == 0, result.output
    assert f"records of {kafka.calls_topic}: these settings accept the newest " in result.output


PEAK_BYTES_MAX: Final = 200 * MIB
"""Most memory that the command may take, whatever is on Kafka."""

_CHECK: Final = """
import atexit
from streams.commands.main import main
from tests.fuzz.large import peak_bytes
atexit.register(lambda: print("peak", peak_bytes("self")))
main()
"""


def checked_alone(kafka: KafkaSettings) -> tuple[str, int]:
    """What the command says, in a process of its own, and the most memory that it takes."""
    command = [sys.executable, "-c", _CHECK, "check"]
    env = {**os.environ, **environment(kafka, next_port(), None)}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    output, _, peak = done.stdout.rpartition("peak ")
    print(f"peak {int(peak) / MIB:.0f} MiB")
    return output, int(peak)


def arrived() -> bytes:
    """The value of a record of a visitor who has just come."""
    return msgspec.json.encode(Arrived("t", "Wonen", system_clock() / 1000 - 5))


@pytest.mark.kafka
async def test_what_unpacks_large_is_told_of_and_takes_little(apache_kafka: BrokerProcess) -> None:
    kafka = kafka_settings(apache_kafka, partitions=2)
    await ensure_topics(kafka)
    large = (field_of_zeros(GZIP, 300 * MIB), field_of_zeros(LZ4, 230 * MIB), field_of_zeros(ZSTD, 31 * MIB))
    no_text = batch(record(0, b"t", arrived(), [(b"\xff\xfe", b"")]), 1)
    good = batch_of([(b"t", arrived())] * TAIL_RECORDS)
    await send_raw(kafka, kafka.tickets_topic, 0, empties(ZSTD, 100_000), *large, *large, no_text)
    await send_raw(kafka, kafka.tickets_topic, 1, good)
    output, peak = await asyncio.to_thread(checked_alone, kafka)
    refused_empty = TAIL_RECORDS - 2 * len(large) - 1
    assert (
        f"records of {kafka.tickets_topic}: of the newest {2 * TAIL_RECORDS} these settings refuse "
        f"{2 * TAIL_RECORDS - TAIL_RECORDS - 1}: {refused_empty} empty, 4 batch_too_large, 2 too_large\n" in output
    )
    assert peak < PEAK_BYTES_MAX


@pytest.mark.kafka
async def test_much_that_unpacks_large_is_read_to_a_bound(apache_kafka: BrokerProcess) -> None:
    kafka = kafka_settings(apache_kafka, partitions=1)
    await ensure_topics(kafka)
    bombs = 2 * UNPACKED_BYTES // UNPACKED_BYTES_MAX
    await send_raw(kafka, kafka.tickets_topic, 0, *[field_of_zeros(ZSTD, 31 * MIB)] * bombs)
    await send_raw(kafka, kafka.tickets_topic, 0, batch_of([(b"t", arrived())] * 50))
    output, peak = await asyncio.to_thread(checked_alone, kafka)
    found = re.search(r"of the newest (\d+) these settings refuse (\d+): \d+ too_large\n", output)
    assert found is not None, output
    assert 50 + bombs // 2 == int(found[1]) == 50 + int(found[2])
    assert peak < PEAK_BYTES_MAX


@pytest.mark.kafka
async def test_letters_are_counted_whatever_their_size_and_what_others_write_is_passed_over(
    broker: BrokerProcess,
) -> None:
    kafka = kafka_settings(broker)
    await ensure_topics(kafka)
    topic, at_ms = kafka.dead_letters_topic, system_clock()
    many = refused_together(TOPIC, 0, 7, records=3_000, reason="empty", packed_bytes=9, timestamp_ms=at_ms)
    values = (b"x" * VALUE_BYTES_KEPT, b"x", bytes(700 * 1024))
    single = [
        refused(TOPIC, 0, number, reason="too_large", key=b"k", value=value, timestamp_ms=at_ms)
        for number, value in enumerate(values)
    ]
    await send_raw(kafka, topic, 0, batch(record(0, b"k", b"{}", [(b"\xff", b"")]), 1))
    async with AIOKafkaProducer(**client_options(kafka), max_request_size=REQUEST_BYTES) as producer:
        for each in [*single, many]:
            written = dead_letter_record(each)
            await producer.send_and_wait(topic, written.value, written.key, 0, headers=list(written.headers))
    await send_raw(kafka, topic, 0, field_of_zeros(GZIP, 300 * MIB))
    output = (await asyncio.to_thread(checked, kafka)).output
    assert "dead letters: the newest of one day are of 3,003 records: 3,000 empty, 3 too_large\n" in output

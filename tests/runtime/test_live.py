"""Whatever is wrong with the exchange of shares, the worker goes on, and the log says it once."""

import asyncio
import logging
from collections.abc import Hashable

import msgspec
import pytest

from streams.contracts.rejections import Reason
from streams.contracts.topics import UNPACKED_BYTES_MAX
from streams.kafka.client import ensure_topics
from streams.kafka.embedded import BrokerProcess
from streams.live.share import Share, encode
from streams.runtime.group import exchange as live
from streams.runtime.group.exchange import exchanging
from streams.runtime.group.neighbours import Neighbours
from tests.brokers.topics import kafka_settings
from tests.runtime.batches import GZIP, batch_of, field_of_zeros
from tests.runtime.raw import send_raw
from tests.runtime.workers import nowhere, until

PROMPT_SECONDS = 5.0


class Sharer:
    """A worker whose pages fail."""

    def share(self, computed_ms: int | None) -> Share:
        """Nothing is known."""
        raise RuntimeError(f"no figures of {computed_ms} for this test")

    def standing(self) -> Hashable:
        """Nothing is known."""
        raise RuntimeError("no partitions for this test")


async def test_no_broker_is_said_once_and_ends_nothing(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "RETRY_SECONDS", 0.01)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    caplog.set_level(logging.WARNING, logger=live.__name__)
    neighbours = Neighbours("group", "me")
    async with exchanging(nowhere(), Sharer(), neighbours):
        await until(lambda: neighbours.writing_trouble is not None, "writing is given up")
        await until(lambda: neighbours.reading_trouble is not None, "reading is given up")
        await asyncio.sleep(0.1)  # it is tried again and again meanwhile
        leaving = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - leaving < PROMPT_SECONDS
    said = sorted(record.getMessage().split(":")[0] for record in caplog.records)
    assert said == [
        "The figures of the other workers are not read",
        "The figures of this worker do not reach the others",
        "this worker's partitions cannot be looked at",
    ]


class Well:
    """A worker whose pages have something to say."""

    def __init__(self, worker: str) -> None:
        self.worker = worker

    def share(self, computed_ms: int | None) -> Share:
        """Nothing but who it is."""
        return Share(
            group="group",
            worker=self.worker,
            generation=1,
            rules="rules",
            computed_ms=computed_ms,
            parts=[],
            problems=[],
        )

    def standing(self) -> Hashable:
        """Always the same."""
        return self.worker


@pytest.mark.kafka
async def test_whatever_stands_among_the_shares_is_passed_over(
    apache_kafka: BrokerProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is unpacked further than a bound, and the others are read on."""
    caplog.set_level(logging.WARNING, logger=live.__name__)
    kafka = kafka_settings(apache_kafka)
    await ensure_topics(kafka)
    mine, theirs = Neighbours("group", "me"), Neighbours("group", "other")
    share = msgspec.msgpack.encode(Well("stranger").share(0))
    strange = [
        field_of_zeros(GZIP, UNPACKED_BYTES_MAX),
        batch_of([(None, b"p" + share.replace(b"stranger", b"\xffstrange"))]),
        batch_of([(None, b"p" + bytes([share[0] + 1]) + share[1:] + b"\x91" * 100_000)]),
        batch_of([(None, encode(msgspec.structs.replace(Well("stranger").share(0), computed_ms=2**60)))]),
        batch_of([(b"k", None)]),
    ]
    async with exchanging(kafka, Well("me"), mine), exchanging(kafka, Well("other"), theirs):
        await until(lambda: knows(mine, "other") and knows(theirs, "me"), "each knows the other")
        await send_raw(kafka, kafka.live_topic, live.SHARED_PARTITION, *strange)
        await until(lambda: "without a value" in caplog.text, "the last of them is read")
        await until(lambda: knows(mine, "other") and knows(theirs, "me"), "each knows the other still")
    assert Reason.BATCH_TOO_LARGE.explanation in caplog.text
    told = [each.getMessage() for each in caplog.records]
    assert [text for text in told if "is passed over" not in text] == [], "nothing is in the way of reading on"


def knows(neighbours: Neighbours, worker: str) -> bool:
    """Whether this worker's share counts, and no other."""
    return [each.worker for each in neighbours.fresh()] == [worker]

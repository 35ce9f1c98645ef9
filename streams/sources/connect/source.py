"""Follows an Amazon Connect instance: takes its contact events from a queue, and reads contact records beside them.

A message is deleted from the queue once Kafka has its facts; until then the queue keeps it, and gives it out again
should this process end. The position says which files of records were read.
"""

import asyncio
import io
import logging
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any, BinaryIO, Final, NamedTuple

from streams.channels.calls.events import CallEvent
from streams.process.clock import system_clock
from streams.settings import Settings
from streams.settings.sources import ConnectSource
from streams.sources.call_rules import CallRules
from streams.sources.connect.aws import Aws, why
from streams.sources.connect.contacts import Contact, Unread, contact_of_event, contacts_of_record
from streams.sources.connect.facts import ContactFacts
from streams.sources.connect.once import Once
from streams.sources.connect.places import FILE_BYTES_MAX, Bucket, Folder, Place
from streams.sources.connect.reading import File, Reading
from streams.sources.connect.receipts import Receipts
from streams.sources.files.unpacking import FileError, unpacked
from streams.sources.source import Link, Step

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2.0

WAIT_SECONDS: Final = 20
"""How long the queue is asked to wait for a message: the longest that it does."""

MESSAGES_AT_ONCE: Final = 10
"""The most that the queue gives out, or takes back, at a time."""

LOOK_SECONDS: Final = 60.0
"""How often is looked for new files of contact records."""

LINES_AT_ONCE: Final = 500
"""Lines of contact records of one step: some milliseconds of reading."""

LINE_BYTES_MAX: Final = 64 * 1024 * 1024
"""Firehose writes no line ends unless told to: a file is one line then."""

NOT_LISTED: Final = "records_not_listed"
NOT_READ: Final = "records_not_read"
"""A file of contact records that cannot be read; it is tried again only once it changes."""


def connect_source(name: str, table: ConnectSource, _: Settings) -> "AmazonConnect":
    """What follows a source.

    Raises `SourceError` when the client of AWS is not installed.
    """
    aws = Aws(table.region, table.endpoint_url)
    place: Place | None = None
    if table.records_directory is not None:
        place = Folder(table.records_directory)
    elif table.records_s3 is not None:
        bucket, _slash, prefix = table.records_s3.removeprefix("s3://").partition("/")
        place = Bucket(aws, bucket, prefix)
    rules = CallRules(table.queues, table.numbers)
    log.debug("source %s: a queue, and contact records from %s", name, place.name if place else "nowhere")
    return AmazonConnect(aws, table.queue_url, rules, place)


class _Brought(NamedTuple):
    step: Step
    receipts: Sequence[str] = ()


_Bring = Callable[[_Brought | Exception], Awaitable[None]]
_Work = Callable[[_Bring], Awaitable[None]]


class AmazonConnect:
    """An instance that is followed."""

    def __init__(
        self,
        aws: Aws,
        queue_url: str,
        rules: CallRules,
        place: Place | None = None,
        *,
        wait_seconds: int = WAIT_SECONDS,
        look_seconds: float = LOOK_SECONDS,
        clock: Callable[[], int] = system_clock,
    ) -> None:
        """`place` is that of the contact records, if there are any."""
        self._aws = aws
        self._queue_url = queue_url
        self._facts = ContactFacts(rules, whole_seconds=place is not None)
        self._place = place
        self._wait_seconds = wait_seconds
        self._look_seconds = look_seconds
        self._clock = clock
        self._once = Once()
        self._receipts = Receipts()
        self._done: asyncio.Queue[str] = asyncio.Queue()

    def delivered(self, count: int) -> None:
        """Tell that Kafka has so many facts more, of those that were told first."""
        for receipt in self._receipts.delivered(count):
            self._done.put_nowait(receipt)

    async def steps(self, position: bytes | None) -> AsyncGenerator[Step]:
        """What messages and files tell, as they come."""
        brought: asyncio.Queue[_Brought | Exception] = asyncio.Queue(maxsize=1)
        works: list[_Work] = [self._take_messages, self._delete]
        if self._place is not None:
            reading = Reading(self._place.name, position, self._clock())
            works.append(partial(self._read_records, self._place, reading))
        tasks = [asyncio.create_task(_told_of(work, brought.put)) for work in works]
        try:
            while True:
                one = await brought.get()
                if isinstance(one, Exception):
                    raise one
                self._receipts.expect(len(one.step.events), one.receipts)
                yield one.step
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    # Messages.

    async def _take_messages(self, bring: _Bring) -> None:
        while True:
            try:
                async with self._aws.client("sqs") as client:
                    await self._receive(client, bring)
            except self._aws.raised as error:
                await bring(_Brought(Step(link=Link(connected=False, why=why(error)))))
            await asyncio.sleep(RETRY_SECONDS)

    async def _receive(self, client: Any, bring: _Bring) -> None:
        wait_seconds = 0  # the first answer says that the queue is there
        link: Link | None = Link(connected=True)
        while True:
            answer = await client.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=MESSAGES_AT_ONCE, WaitTimeSeconds=wait_seconds
            )
            messages = answer.get("Messages", ())
            events, left_out = self._judged(contact_of_event(message.get("Body", "")) for message in messages)
            if messages or link is not None:
                step = Step(events=events, left_out=left_out, link=link)
                await bring(_Brought(step, [message["ReceiptHandle"] for message in messages]))
            wait_seconds, link = self._wait_seconds, None

    async def _delete(self, _: _Bring) -> None:
        """Give back what is done with; a message that could not be comes again, and is given back then."""
        while True:
            receipts = [await self._done.get()]
            try:
                async with self._aws.client("sqs") as client:
                    while True:
                        while len(receipts) < MESSAGES_AT_ONCE and not self._done.empty():
                            receipts.append(self._done.get_nowait())
                        entries = [{"Id": str(n), "ReceiptHandle": receipt} for n, receipt in enumerate(receipts)]
                        await client.delete_message_batch(QueueUrl=self._queue_url, Entries=entries)
                        receipts = [await self._done.get()]
            except self._aws.raised as error:
                log.warning("messages that were read cannot be deleted, and come again: %s", why(error))
                await asyncio.sleep(RETRY_SECONDS)

    # Contact records.

    async def _read_records(self, place: Place, reading: Reading, bring: _Bring) -> None:
        while True:
            try:
                for file in sorted(await place.files(), key=lambda file: file.changed_ms):
                    if reading.is_new(file):
                        await self._read_file(place, file, bring)
                        await bring(_Brought(Step(position=reading.note(file))))
            except self._aws.raised as error:
                log.warning("contact records in %s cannot be looked for: %s", place.name, why(error))
                await bring(_Brought(Step(left_out={NOT_LISTED: 1})))
            await asyncio.sleep(self._look_seconds)

    async def _read_file(self, place: Place, file: File, bring: _Bring) -> None:
        """All that a file tells. One that cannot be unpacked is counted, and not tried again as it is."""
        try:
            if file.size > FILE_BYTES_MAX:
                raise FileError(f"it has {file.size:,} bytes, expected at most {FILE_BYTES_MAX:,}")
            with unpacked(io.BytesIO(await place.read(file))) as (_, stream):
                for lines in _slices(stream):
                    told = (contact for line in lines for contact in contacts_of_record(line))
                    events, left_out = self._judged(told)
                    await bring(_Brought(Step(events=events, left_out=left_out, missed_before=True)))
        except FileError as error:
            log.warning("contact records in %s: a file cannot be read: %s", place.name, error)
            await bring(_Brought(Step(left_out={NOT_READ: 1})))

    # Both.

    def _judged(self, contacts: Iterable[Contact | Unread]) -> tuple[list[CallEvent], Counter[str]]:
        """The facts that were not told yet, and what became none: once for each contact and reason."""
        events: list[CallEvent] = []
        left_out: Counter[str] = Counter()
        for contact in contacts:
            if isinstance(contact, Unread):
                left_out[contact.value] += 1
                continue
            told = self._facts(contact)
            events += [event for event in told.events if self._once.is_new(event)]
            if told.reason is not None and self._once.is_new((contact.contact, told.reason)):
                left_out[told.reason.value] += 1
        return events, left_out


def _slices(stream: BinaryIO) -> Iterator[list[bytes]]:
    lines: list[bytes] = []
    while line := stream.readline(LINE_BYTES_MAX):
        if line.strip():
            lines.append(line)
        if len(lines) == LINES_AT_ONCE:
            yield lines
            lines = []
    if lines:
        yield lines


async def _told_of(work: _Work, bring: _Bring) -> None:
    """Bring what goes wrong to who waits for steps."""
    try:
        await work(bring)
    except Exception as error:  # noqa: BLE001 - raised there
        await bring(error)

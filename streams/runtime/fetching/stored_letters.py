"""The dead letters on their topic, each once: within bounds on memory, whatever others have written there."""

from collections.abc import AsyncGenerator, Iterable, Iterator

import msgspec

from streams.contracts.decode import VALUE_BYTES_MAX
from streams.contracts.topics import DEAD_LETTER_MESSAGE_BYTES, UNPACKED_BYTES_MAX
from streams.records.dead_letters import DeadLetter, DeadLetterError, read_dead_letter
from streams.runtime.fetching.fetch import Packed
from streams.runtime.fetching.tail import UNPACKED_BYTES, every, unpacked
from streams.settings import KafkaSettings


async def every_letter(kafka: KafkaSettings, partitions: int, patience_seconds: float) -> AsyncGenerator[DeadLetter]:
    """All letters that the topic holds now: one that a worker wrote again after a restart comes once.

    A topic that is made anew begins at the same offsets, so the time of the record tells its letters apart.

    Raises `TimeoutError` when nothing comes for `patience_seconds`, and the client's errors.
    """
    seen: set[tuple[str, int, int, int]] = set()
    async for batch in every(kafka, kafka.dead_letters_topic, partitions, patience_seconds):
        for letter in letters_in([batch], UNPACKED_BYTES_MAX):
            place = letter.topic, letter.partition, letter.offset, letter.timestamp_ms
            if place not in seen:
                seen.add(place)
                yield letter


def letters_in(batches: Iterable[Packed], in_all_bytes: int = UNPACKED_BYTES) -> Iterator[DeadLetter]:
    """The letters of some batches, each with as much of its value as tells whether it would be accepted."""
    fetched = unpacked(batches, DEAD_LETTER_MESSAGE_BYTES, in_all_bytes)
    for record in (record for part in fetched for record in part.records):
        headers = getattr(record, "headers", ())  # what a batch of another program is cut into has none
        try:
            letter = read_dead_letter(record.value, headers)
        except DeadLetterError:
            continue  # of another program
        yield msgspec.structs.replace(letter, value=letter.value and letter.value[: VALUE_BYTES_MAX + 1])

"""Dead letters: records that were no valid event, kept as they came, with where and why beside them.

The bytes are what the source sent, a telephone number perhaps among them: they go to this topic alone, never into a
log or a message. Must not know Kafka clients, nor why a record is refused.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

VALUE_BYTES_KEPT: Final = 1024 * 1024 + 64 * 1024
"""Largest part of a value that is kept. Records of the usual size limit fit; a compressed batch may unpack to more
than the topic of dead letters takes, and must not stop the worker at every start."""

KEY_BYTES_KEPT: Final = 64 * 1024
"""Largest part of a key that is kept, for the same reason."""

Headers = tuple[tuple[str, bytes], ...]
"""Record headers, as Kafka clients take and give them."""


class DeadLetterError(ValueError):
    """A record on the topic is no dead letter."""


class DeadLetter(msgspec.Struct, frozen=True):
    """A refused record: the source topic, partition and offset, its own time, and why it was refused.

    `value_bytes` is how long its value was: a longer one than `VALUE_BYTES_KEPT` is cut. Records that were refused
    together, unread, have one letter: it says how many they are from `offset` on, and how long they were when packed.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    key: bytes | None
    value: bytes | None
    value_bytes: int
    timestamp_ms: int
    records: int | None = None
    """How many were refused together; None for a single one."""
    detail: str | None = None
    """What was expected and what came, in words and without anything personal; None in letters of before there were
    details."""


class DeadLetterRecord(NamedTuple):
    """A record of the topic of dead letters."""

    key: bytes
    value: bytes | None
    headers: Headers


class _Headers(msgspec.Struct, frozen=True):
    """The headers that every letter has, as text: names and types. `key` is read apart, for it may be no text."""

    topic: str
    partition: int
    offset: int
    reason: str
    value_bytes: int
    timestamp_ms: int


_RECORDS: Final = "records"
"""The header that only letters of records that were refused together have."""

_DETAIL: Final = "detail"
"""The header that letters of before there were details lack."""


def refused(
    topic: str,
    partition: int,
    offset: int,
    *,
    reason: str,
    key: bytes | None,
    value: bytes | None,
    timestamp_ms: int,
    value_bytes: int | None = None,
    detail: str | None = None,
) -> DeadLetter:
    """The letter of a refused record, what is too large in it cut; `value_bytes` where its value was cut before."""
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        reason=reason,
        key=key and key[:KEY_BYTES_KEPT],
        value=value and value[:VALUE_BYTES_KEPT],
        value_bytes=len(value or b"") if value_bytes is None else value_bytes,
        timestamp_ms=timestamp_ms,
        detail=detail,
    )


def refused_together(
    topic: str,
    partition: int,
    offset: int,
    *,
    records: int,
    reason: str,
    packed_bytes: int,
    timestamp_ms: int,
    detail: str | None = None,
) -> DeadLetter:
    """The letter of records that nobody has read. Their bytes stay on their topic, longer than letters do."""
    return DeadLetter(
        topic=topic,
        partition=partition,
        offset=offset,
        reason=reason,
        key=None,
        value=None,
        value_bytes=packed_bytes,
        timestamp_ms=timestamp_ms,
        records=records,
        detail=detail,
    )


def dead_letter_record(letter: DeadLetter) -> DeadLetterRecord:
    """The record to write.

    Its key is the place of the refused record: a worker that restarts may write a letter again, and by the key a
    reader sees that it is the same one. The header `key` is absent when the refused record had none.
    """
    texts = {name: str(getattr(letter, name)).encode() for name in _Headers.__struct_fields__}
    if letter.records is not None:
        texts[_RECORDS] = str(letter.records).encode()
    if letter.detail is not None:
        texts[_DETAIL] = letter.detail.encode()
    headers = (*texts.items(), *(() if letter.key is None else (("key", letter.key),)))
    return DeadLetterRecord(f"{letter.topic}/{letter.partition}/{letter.offset}".encode(), letter.value, headers)


def read_dead_letter(value: bytes | None, headers: Iterable[tuple[str, bytes]]) -> DeadLetter:
    """The letter that a record holds.

    Raises `DeadLetterError` when some other program wrote the record.
    """
    found = dict(headers)
    try:
        texts = {name: found[name].decode() for name in _Headers.__struct_fields__}
        read = msgspec.convert(texts, _Headers, strict=False)
        records = int(found[_RECORDS]) if _RECORDS in found else None
        detail = found[_DETAIL].decode() if _DETAIL in found else None
    except (KeyError, ValueError, msgspec.ValidationError) as error:
        raise DeadLetterError(
            f"expected a dead letter with the headers {', '.join(_Headers.__struct_fields__)}, but got one with "
            f"{', '.join(sorted(found)) or 'no headers'} ({type(error).__name__}): "
            "does another program write to this topic?"
        ) from error
    fields = msgspec.structs.asdict(read)
    return DeadLetter(**fields, key=found.get("key"), value=value, records=records, detail=detail)

"""The five bytes that serializers of a schema registry put before a value: a zero, then the number of its schema.

JSON is what it was behind them. Avro and Protobuf cannot be read without the registry. No JSON begins with a zero.
"""

from typing import Final

MARK: Final = 0
"""The first of them."""

BYTES: Final = 5

_BEGINS_OBJECT: Final = b"{"


def is_framed(value: bytes | None) -> bool:
    """Whether a value has such bytes before it."""
    return value is not None and len(value) > BYTES and value[0] == MARK


def plain(value: bytes | None) -> bytes | None:
    """The JSON object behind such bytes; a value without them, or with anything else behind them, as it is.

    >>> plain(b"\\x00\\x00\\x00\\x00\\x07{}")
    b'{}'
    """
    if value is None or not is_framed(value):
        return value
    behind = value[BYTES:]
    return behind if behind.lstrip()[:1] == _BEGINS_OBJECT else value

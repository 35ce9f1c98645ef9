"""A record of a source, as what reads it hands it on. Must not know how records are packed, nor what records hold."""

from typing import Protocol

import msgspec


class Record(Protocol):
    """What of a record matters here; aiokafka's records have it too."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Its own time, in ms."""

    @property
    def timestamp_type(self) -> int:
        """Who set its time: 1 for the broker."""

    @property
    def key(self) -> bytes | None:
        """As sent."""

    @property
    def value(self) -> bytes | None:
        """As sent."""


class CutRecord(msgspec.Struct, frozen=True):
    """A record of which no more is held than a dead letter keeps; a larger one is no event anyway."""

    offset: int
    timestamp: int
    timestamp_type: int
    key: bytes | None
    value: bytes | None
    value_bytes: int
    """How long the value was."""

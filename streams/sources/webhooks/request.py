"""A request as far as sources read it, and why one is refused. Must not know HTTP or Kafka."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

import msgspec

BODY_BYTES_MAX: Final = 256 * 1024
"""Largest body: those of tickets and calls have some kilobytes, and a batch some hundreds of them."""


class Request(msgspec.Struct, frozen=True):
    """A request that was read to its end."""

    address: str
    """The whole address by which the sender knows us, with its query: signatures are made over it."""
    headers: Mapping[str, str]
    """By their names in small letters; one that came more than once has its values joined with commas."""
    body: bytes

    @property
    def media_type(self) -> str:
        """What the body is said to be, in small letters and without parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class Refusal(StrEnum):
    """Why a request is refused, besides the reasons for which a document is no fact."""

    SIGNATURE = "wrong_signature"
    """Nobody who knows the secret has sent it: 401."""
    BODY = "unreadable_body"
    """It is no text, or not of the form that such requests have: 400."""
    NO_CLOUDEVENT = "no_cloudevent"
    """It lacks what makes a CloudEvent, or is of a version or encoding that is not read: 400."""
    UNSIGNED = "unsigned_attributes"
    """Its attributes stand in headers, which a signature over the body does not cover: 400."""


class UnreadableError(Exception):
    """A request is not as such requests are."""

    def __init__(self, refusal: Refusal, expected: str) -> None:
        """`expected` says so in words, without anything of the request."""
        super().__init__(f"{refusal}, expected {expected}")
        self.refusal = refusal

"""Cuts what the event socket sends into frames: lines up to an empty one, then as many bytes as they say.

Takes bytes in whatever pieces they come. Keeps no more than one frame, and one whose body is too large is passed over
and counted, so that nothing that is sent can make it grow.
"""

from typing import Final

import msgspec

HEAD_BYTES_MAX: Final = 16 * 1024
BODY_BYTES_MAX: Final = 16 * 1024 * 1024
"""Largest body that is read: a list of ten thousand channels. That of an event has some 10 KiB."""

_END: Final = b"\n\n"
_LENGTH_DIGITS_MAX: Final = 15


class FrameError(Exception):
    """What comes is no frame; the text says what was expected and nothing of what came."""


class Frame(msgspec.Struct, frozen=True):
    """One thing that the exchange says."""

    kind: bytes
    """Its `Content-Type`."""
    reply: bytes
    """Its `Reply-Text`: what became of a command."""
    body: bytes


class FrameReader:
    """The frames of one connection."""

    def __init__(self) -> None:
        self.too_large = 0
        """Frames whose body was passed over."""
        self._rest = bytearray()
        self._skip = 0
        """Bytes of a body that are still to be passed over."""
        self._head: dict[bytes, bytes] | None = None
        """Of the frame whose body is being read."""
        self._length = 0

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now. Raises `FrameError`, after which nothing more can be read."""
        if self._skip:
            passed = min(self._skip, len(data))
            self._skip -= passed
            data = data[passed:]
        self._rest += data
        frames = []
        while (frame := self._next()) is not None:
            frames.append(frame)
        return frames

    def _next(self) -> Frame | None:
        while self._head is None:
            if not self._begin():
                return None
        if len(self._rest) < self._length:
            return None
        head, self._head = self._head, None
        body = bytes(self._rest[: self._length])
        del self._rest[: self._length]
        return Frame(head.get(b"content-type", b""), head.get(b"reply-text", b""), body)

    def _begin(self) -> bool:
        """Read the head of the next frame; whether there was one."""
        while self._rest.startswith(b"\n"):
            del self._rest[:1]
        end = self._rest.find(_END, 0, HEAD_BYTES_MAX)
        if end < 0:
            if len(self._rest) >= HEAD_BYTES_MAX:
                raise FrameError("expected lines up to an empty one, got none that is empty")
            return False
        head: dict[bytes, bytes] = {}
        for line in bytes(self._rest[:end]).split(b"\n"):
            key, colon, value = line.partition(b":")
            if colon:
                head.setdefault(key.strip().lower(), value.strip())
        del self._rest[: end + len(_END)]
        length = head.get(b"content-length", b"0")
        if not length.isdigit() or len(length) > _LENGTH_DIGITS_MAX:
            raise FrameError("expected a number as Content-Length, got something else")
        self._length = int(length)
        if self._length > BODY_BYTES_MAX:
            self.too_large += 1
            self._skip = max(0, self._length - len(self._rest))
            del self._rest[: self._length]
        else:
            self._head = head
        return True
